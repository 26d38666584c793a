"""The one clock of all charts: what has changed is drawn at most ten times a second, and only while it can be seen."""

from __future__ import annotations

import time
import weakref
from typing import Protocol

import shiboken6
from PySide6.QtCore import QCoreApplication, QObject, QTimer

PERIOD_MS = 100
_NAME = "chart_refresh"


class Drawn(Protocol):
    """A widget that can bring its picture up to date."""

    def isVisible(self) -> bool:
        """Whether it can be seen (Qt's name)."""
        ...

    def redraw(self) -> None:
        """Draw what has changed."""
        ...


class Refresh(QObject):
    """Collects widgets whose data have changed and redraws them together.

    A hidden widget is forgotten: it asks again when it is shown.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: weakref.WeakSet[Drawn] = weakref.WeakSet()
        self._last_s = -1e9
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.redraw_all)

    def ask(self, drawn: Drawn) -> None:
        """Redraw this soon: at once after a rest, else when a tenth of a second has passed since the last time."""
        self._waiting.add(drawn)
        if not self._timer.isActive():
            passed_ms = int((time.monotonic() - self._last_s) * 1000)
            self._timer.start(max(0, PERIOD_MS - passed_ms))

    def redraw_all(self) -> None:
        """Redraw now what is waiting and can be seen."""
        waiting = list(self._waiting)
        self._waiting.clear()
        for drawn in waiting:
            # Its page may have gone meanwhile, and the garbage not yet been collected.
            if shiboken6.isValid(drawn) and drawn.isVisible():
                drawn.redraw()
        self._last_s = time.monotonic()


def shared_refresh() -> Refresh:
    """Give the application's one clock; it lives as long as the application."""
    application = QCoreApplication.instance()
    assert application is not None, "Charts need an application."
    found = application.findChild(Refresh, _NAME)
    if found is None:
        found = Refresh(application)
        found.setObjectName(_NAME)
    return found
