"""The named stretches before the first step, with their times; a watchdog names the one that hangs."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from engine.channel.reporter import Reporter
from engine.protocol.events import PhaseChanged
from engine.protocol.times import STALL_AFTER_S

_DEEPEST_FRAMES = 12


class Phases:
    """Tells when phases begin and end. `close` ends the watchdog's thread."""

    def __init__(self, reporter: Reporter, stall_after_s: float = STALL_AFTER_S) -> None:
        self._reporter = reporter
        self._stall_after_s = stall_after_s
        self._watched = threading.get_ident()
        self._name: str | None = None
        self._moved = time.monotonic()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="phases", daemon=True)
        self._thread.start()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Run the block as the phase `name`. A phase inside another suspends it."""
        outer = self._name
        began = time.monotonic()
        self._reporter.emit(PhaseChanged(name=name, edge="begin"))
        self._enter(name)
        try:
            yield
        finally:
            self._enter(outer)
            self._reporter.emit(PhaseChanged(name=name, edge="end", seconds=time.monotonic() - began))

    def show_progress(self) -> None:
        """Say that the phase is alive, however long it takes."""
        self._moved = time.monotonic()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def _enter(self, name: str | None) -> None:
        self._moved = time.monotonic()
        self._name = name

    def _watch(self) -> None:
        while not self._closing.wait(self._stall_after_s / 8):
            name = self._name
            waited = time.monotonic() - self._moved
            if name is None or waited < self._stall_after_s:
                continue
            self._moved = time.monotonic()
            self._reporter.emit(
                PhaseChanged(name=name, edge="stalled", seconds=waited, message=self._where_it_hangs())
            )

    def _where_it_hangs(self) -> str:
        frame = sys._current_frames().get(self._watched)
        if frame is None:
            return ""
        return "".join(traceback.format_stack(frame)[-_DEEPEST_FRAMES:])
