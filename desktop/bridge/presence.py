"""When the window was last open, so that the next one can say what has ended meanwhile."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.bridge.run_directory import RunDirectory
from desktop.bridge.settings import Settings
from engine.store.runs import RunRow

LAST_SEEN = "last_seen_ended"
"""Setting: Unix seconds of the last moment at which the window was open."""
_EVERY_MS = 30_000
"""A window that is killed has noted its presence at most this long before."""


class Presence(QObject):
    """Notes that the window is open; tells once what has failed while it was not."""

    failed_meanwhile = Signal(list)
    """Rows of the runs that failed or went silent, newest first."""

    def __init__(self, settings: Settings, runs: RunDirectory) -> None:
        super().__init__()
        self._settings = settings
        self._runs = runs
        self._began = time.time()
        self.since: float = settings.get(LAST_SEEN, 0.0)
        """When the window before was last open; 0 for the first one ever."""
        self._has_told = False
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.note)
        runs.changed.connect(self._look)

    def start(self) -> None:
        self._timer.start()
        if not self.since:
            self.note()

    def close(self) -> None:
        """Note the last moment."""
        if self._timer.isActive():
            self._timer.stop()
            self.note()

    def note(self) -> None:
        """Write the present moment down."""
        self._settings.set(LAST_SEEN, time.time())

    def _look(self) -> None:
        if self._has_told or not self._runs.is_loaded:
            return
        self._has_told = True
        found = failed_between(self._runs.rows(), self.since, self._began)
        if found and self.since:
            self.failed_meanwhile.emit(found)


def failed_between(rows: list[RunRow], since: float, until: float) -> list[RunRow]:
    """Give the runs that failed or went silent between two moments (Unix seconds)."""
    return [
        row
        for row in rows
        if row.state in ("failed", "lost") and row.ended is not None and since < row.ended <= until
    ]
