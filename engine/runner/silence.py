"""When a worker counts as silent: seconds since its heartbeat was last seen to change, never a clock's time."""

from __future__ import annotations

import time
from collections.abc import Callable


class Silence:
    """Counts how long nothing was heard.

    Args:
        lost_after_s: longer than this is too long.
        clock: monotonic seconds.
    """

    def __init__(self, lost_after_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._lost_after_s = lost_after_s
        self._clock = clock
        self._beat: str | None = None
        self._since = self._looked = clock()

    def is_too_long(self, beat: str | None) -> bool:
        """Look once.

        Args:
            beat: a text that changes with every heartbeat; the last one again when the place cannot be asked.
        """
        now = self._clock()
        # A long pause between two looks was ours (the machine slept): the worker could not beat either.
        we_slept = now - self._looked > self._lost_after_s / 2
        if beat != self._beat or we_slept:
            self._beat = beat
            self._since = now
        self._looked = now
        return now - self._since > self._lost_after_s
