"""How many threads load fastest here: each count reads the same first images, once they are decoded and kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

WORTH_IT = 0.9
"""The fewest threads are taken that load this part of what the best count loads."""
_IMAGES = 256
_FEWEST_BATCHES = 2
_BUDGET_S = 20.0
"""A run waits no longer than about this for its number of threads."""
_QUICK_S = 1.0
"""What takes longer is read once a count, not twice."""


@runtime_checkable
class AdjustableLoader(Protocol):
    """A loader whose threads may be changed between two epochs; what it loads stays the same."""

    def use_workers(self, workers: int) -> None: ...

    def images_per_second(self, batches: int) -> float:
        """Read the first batches of the first epoch again."""
        ...

    @property
    def batch_size(self) -> int: ...


def counts_to_try(most: int) -> list[int]:
    """Give 1, 2, 4 … up to `most`, which is tried too."""
    counts = [1]
    while 2 * counts[-1] <= most:
        counts.append(2 * counts[-1])
    return counts if counts[-1] == most else [*counts, most]


def measure_workers(
    loader: AdjustableLoader, counts: Sequence[int], clock: Callable[[], float] = time.monotonic
) -> dict[int, float]:
    """Give images per second by number of threads; the loader is left with the last one tried.

    More threads are no longer tried once two counts in a row were no faster than a smaller one. Where reading takes so
    long that the time is used up, the count of most threads stands with what it did while it decoded the files.
    """
    start = clock()
    batches = max(_FEWEST_BATCHES, _IMAGES // loader.batch_size)
    loader.use_workers(counts[-1])
    # Reads and decodes the files, which is work that the run has to do anyway.
    decoding = loader.images_per_second(batches)
    measured: dict[int, float] = {}
    best = 0.0
    idle = 0
    for count in counts:
        begun = clock()
        expected_s = batches * loader.batch_size / best if best else 0.0
        if begun - start + expected_s > _BUDGET_S:
            measured.setdefault(counts[-1], decoding)
            break
        loader.use_workers(count)
        measured[count] = loader.images_per_second(batches)
        if clock() - begun < _QUICK_S:
            measured[count] = max(measured[count], loader.images_per_second(batches))
        idle = idle + 1 if measured[count] <= best else 0
        best = max(best, measured[count])
        if idle > 1:
            break
    return measured


def fewest_that_pay(measured: dict[int, float]) -> int:
    """Give the smallest count that loads nearly as fast as the fastest."""
    best = max(measured.values())
    return min(count for count, speed in measured.items() if speed >= WORTH_IT * best)
