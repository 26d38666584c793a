"""Plays a script in a running application: a generator that says what it waits for, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

TICK_MS = 30


@dataclass(frozen=True, slots=True)
class Until:
    """Go on when `condition` holds.

    Attributes:
        condition: looked at every few milliseconds.
        what: names it when it did not come about in time.
        timeout_s: then `TimeoutError` is raised in the script.
    """

    condition: Callable[[], object]
    what: str
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Pause:
    """Go on after some time, for what has no sign of its end: an animation, the painting of a frame."""

    ms: int = 300


Script = Generator[Until | Pause, None, None]


class Player(QObject):
    """Advances a script by a timer, so that the application goes on as it would for a user."""

    ended = Signal()

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script = script
        self._wanted: Until | Pause = Pause(0)
        self._since = time.monotonic()
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        self._timer.start()

    def _tick(self) -> None:
        waited_s = time.monotonic() - self._since
        try:
            if isinstance(self._wanted, Pause):
                if waited_s * 1000 < self._wanted.ms:
                    return
                self._wanted = next(self._script)
            elif self._wanted.condition():
                self._wanted = next(self._script)
            elif waited_s > self._wanted.timeout_s:
                what = self._wanted.what
                self._wanted = self._script.throw(TimeoutError(f"{what} did not come about"))
            else:
                return
        except StopIteration:
            self._timer.stop()
            self.ended.emit()
        self._since = time.monotonic()


def later(action: Callable[[], object]) -> None:
    """Do something from the event loop: a dialog that it opens then does not keep the script from going on."""
    QTimer.singleShot(0, action)
