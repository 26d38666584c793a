"""How many threads and processes load fastest here: each reads the same images, once they are decoded and kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

FEWEST_STEPS_FOR_WORKERS = 200
"""A run of fewer optimizer steps is over before it would pay to try numbers of loader threads."""
WORTH_IT = 0.9
"""The fewest threads are taken that load this part of what the best count loads."""
KEEPS_UP = 1.1
"""How many times as fast as the network a loader is to be, so that the network hardly ever waits."""
_IMAGES = 256
_FEWEST_BATCHES = 2
_BUDGET_S = 20.0
"""A run waits no longer than about this for its number of threads, and for that of its processes."""
_QUICK_S = 1.0
"""What takes longer is read once a count, not twice."""
_BATCHES_A_PROCESS = 4
"""Some are under way in each of them; what is measured has to go beyond these."""
_FEWEST_PROCESSES = 2


@runtime_checkable
class AdjustableLoader(Protocol):
    """A loader whose threads may be changed between two epochs; what it loads stays the same."""

    def use_workers(self, workers: int) -> None: ...

    def images_per_second(self, batches: int) -> float:
        """Read the first batches of the first epoch again."""
        ...

    @property
    def batch_size(self) -> int: ...


@runtime_checkable
class SpreadableLoader(AdjustableLoader, Protocol):
    """A loader that can use processes, each with some threads."""

    def use_workers(self, workers: int, processes: int = 0) -> None: ...

    @property
    def process_ids(self) -> list[int]:
        """Of the processes that load; none where they could not be had."""
        ...

    @property
    def most_processes(self) -> int:
        """For so many there is memory."""
        ...


@dataclass(frozen=True, slots=True)
class CrewSize:
    """Processes, and the threads of each."""

    processes: int
    threads: int

    def __str__(self) -> str:
        return f"{self.processes} × {self.threads}"


def crews_to_try(cores: int, most: int) -> list[CrewSize]:
    """Give crews from a half to all of the cores, of at most so many processes; two threads share one well."""
    sizes = [CrewSize(cores // 4, 2), CrewSize(cores // 2, 2), CrewSize(cores, 1)]
    fitting = [CrewSize(min(size.processes, most), size.threads) for size in sizes]
    return list(dict.fromkeys(size for size in fitting if size.processes >= _FEWEST_PROCESSES))


def measure_crews(
    loader: SpreadableLoader,
    sizes: Sequence[CrewSize],
    wanted: float | None,
    clock: Callable[[], float] = time.monotonic,
) -> dict[CrewSize, float]:
    """Give images per second by crew, until one loads as many as are `wanted`; the loader is left with the last one.

    Nothing where processes cannot be had. No further crew is begun with once the time is used up.
    """
    start = clock()
    measured: dict[CrewSize, float] = {}
    for size in sizes:
        if clock() - start > _BUDGET_S:
            break
        loader.use_workers(size.threads, size.processes)
        batches = max(_FEWEST_BATCHES, _IMAGES // loader.batch_size, _BATCHES_A_PROCESS * size.processes)
        # Starts the processes, and decodes files, which is work that the run has to do anyway.
        loader.images_per_second(batches)
        if not loader.process_ids:
            break
        begun = clock()
        measured[size] = loader.images_per_second(batches)
        if clock() - begun < _QUICK_S:
            measured[size] = max(measured[size], loader.images_per_second(batches))
        if wanted is not None and measured[size] >= wanted:
            break
    return measured


def smallest_that_pays(measured: dict[CrewSize, float], wanted: float | None) -> CrewSize:
    """Give the first crew that loads as many as are wanted, else one that loads nearly as fast as the fastest."""
    best = max(measured.values())
    enough = WORTH_IT * best if wanted is None else min(wanted, WORTH_IT * best)
    return next(size for size, speed in measured.items() if speed >= enough)


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
