"""Python's garbage collection in the window's thread alone.

A widget in a cycle of references is freed by whichever thread happens to collect. In a worker's, its timers cannot be
stopped: Qt delivers their events to freed memory, and the window crashes.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 1_000


class GarbageInThisThread(QObject):
    """Takes collection over from Python for as long as it lives, in the thread that made it.

    Args:
        parent: owns it: the application.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        gc.freeze()  # what was made until now stays for good: later collections need not look at it
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the oldest generation that is due, as Python would have done."""
        due = [
            generation
            for generation, (count, limit) in enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True))
            if count > limit
        ]
        if due:
            gc.collect(due[-1])

    def give_back(self) -> None:
        """Leave collection to Python again."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
