"""Measures what a Qt application does between two frames: its slots apart from its painting."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

_PAINTING = frozenset({QEvent.Type.Paint, QEvent.Type.UpdateRequest, QEvent.Type.UpdateLater})


class TimedApplication(QApplication):
    """Knows the time of every event that it delivers.

    Attributes:
        frames_ms: milliseconds of work outside painting from each frame to the next.
        slots_ms: milliseconds of each event outside painting, with all that it caused at once.
        is_timing: False, nothing is collected.
    """

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self.frames_ms: list[float] = []
        self.slots_ms: list[float] = []
        self.is_timing = False
        self._depth = 0
        self._painting_depth = 0
        self._painted_s = 0.0
        self._work_s = 0.0

    def start_timing(self) -> None:
        """Collect from now on."""
        self.is_timing = True

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        """Deliver an event; painting inside others' work is taken out of theirs."""
        if not self.is_timing:
            return super().notify(receiver, event)
        is_painting = event.type() in _PAINTING
        if (is_painting and self._painting_depth) or (not is_painting and self._depth):
            return super().notify(receiver, event)
        began, painted_before = time.perf_counter(), self._painted_s
        self._depth += 1
        self._painting_depth += is_painting
        try:
            return super().notify(receiver, event)
        finally:
            self._depth -= 1
            self._painting_depth -= is_painting
            self._note(time.perf_counter() - began, self._painted_s - painted_before, is_painting)

    def _note(self, seconds: float, painted_s: float, is_painting: bool) -> None:
        if is_painting:
            self._painted_s += seconds
            if self._depth == 0:  # a frame that the event loop asked for
                self.frames_ms.append(self._work_s * 1000)
                self._work_s = 0.0
        elif self._depth == 0:
            own = seconds - painted_s
            self._work_s += own
            self.slots_ms.append(own * 1000)
