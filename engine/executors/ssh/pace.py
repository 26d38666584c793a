"""How fast a transfer goes, smoothed, and what that means for the rest of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from engine.protocol.events import Transfer

SMOOTHED_OVER_S = 3.0
TOLD_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a transfer is."""

    done_bytes: int
    """Arrived at the other side and verified, what was there before included."""
    total_bytes: int
    bytes_per_s: float | None = None
    """None until enough has been seen."""
    eta_s: float | None = None

    def as_event(self, host: str, direction: Literal["there", "home"], what: str) -> Transfer:
        """What the run's runner says of it."""
        return Transfer(
            host=host,
            direction=direction,
            what=what,
            done_bytes=self.done_bytes,
            total_bytes=self.total_bytes,
            bytes_per_s=self.bytes_per_s,
            eta_s=self.eta_s,
        )


class Rate:
    """Bytes per second of the last seconds.

    Args:
        now: monotonic seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.bytes_per_s: float | None = None
        """None until something has been seen."""
        self._now = now
        self._seen = now()
        self._weight = 0.0

    def add(self, size: int) -> None:
        """Count bytes that have arrived just now."""
        now = self._now()
        elapsed = max(now - self._seen, 1e-6)
        share = 1.0 - math.exp(-elapsed / SMOOTHED_OVER_S)
        # Divided by the weight so far, so that the first figures are means and do not climb from zero.
        total = (self.bytes_per_s or 0.0) * self._weight * (1.0 - share) + size / elapsed * share
        self._weight = self._weight * (1.0 - share) + share
        self.bytes_per_s = total / self._weight
        self._seen = now


class Pace:
    """Counts what arrives and tells of it a few times a second.

    Args:
        done_bytes: what was there before.
        total_bytes: of everything.
        tell: is told.
        now: monotonic seconds.
    """

    def __init__(
        self,
        done_bytes: int,
        total_bytes: int,
        tell: Callable[[Sent], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._done = done_bytes
        self._total = total_bytes
        self._tell = tell
        self._now = now
        self._told = -math.inf
        self._files = Rate(now)
        self.line = Rate(now)
        """Of what goes over the line: less than of the files, where they are compressed."""

    def count_as_here(self, size: int) -> None:
        """Count bytes that were there before; they say nothing of the speed."""
        self._done = min(self._done + size, self._total)

    def add(self, size: int, line_size: int | None = None) -> None:
        """Count bytes that have arrived just now, and how many they were on the line."""
        self._files.add(size)
        self.line.add(size if line_size is None else line_size)
        self._done = min(self._done + size, self._total)
        self.look()

    def look(self, *, at_once: bool = False) -> None:
        """Tell when it is time to."""
        now = self._now()
        if at_once or now - self._told >= TOLD_EVERY_S:
            self._told = now
            left = self._total - self._done
            speed = self._files.bytes_per_s
            eta = left / speed if speed else (0.0 if left == 0 else None)
            self._tell(Sent(self._done, self._total, speed, eta))
