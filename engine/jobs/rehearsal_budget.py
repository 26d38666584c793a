"""The clock that ends a rehearsal in time. Loaded before torch, whose loading counts too."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

Tell = Callable[[int, int, str], None]
"""Takes seconds gone, seconds in all, and what is done now."""
BUDGET_S: Final = 45.0
"""How long things are tried, Python and torch included. What is under way then is finished: a minute is not passed."""


class Budget:
    """The time that a rehearsal may take; what would go beyond it is left out."""

    def __init__(
        self, seconds: float, tell: Tell = lambda *_: None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._tell = tell
        self._clock = clock
        self._began = clock()

    @property
    def gone(self) -> float:
        return self._clock() - self._began

    @property
    def left(self) -> float:
        return self._seconds - self.gone

    def share(self, part: float) -> float:
        """Give a part of the whole time, in seconds."""
        return part * self._seconds

    def phase(self, name: str) -> None:
        """Say what is done now."""
        self._tell(min(round(self.gone), round(self._seconds)), round(self._seconds), name)
