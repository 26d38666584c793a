"""One batch in the making: its memory, the rows that threads or another process write, and the batch that results."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for_all
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.batch import Batch, pin_targets
from engine.data.preprocessing import Framing, Image
from engine.data.samples import SampleSource
from engine.data.targets import Target

_SMALLEST_SHARE = 4
"""Images of a batch that are worth a task of their own."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A finished (S, S, 3) sample with its target, and the position in the split that it really came from."""

    position: int
    image: Image
    target: Target


class Rows:
    """What is written of a batch, a row an image."""

    def __init__(self, positions: NDArray[np.int64], pixels: NDArray[np.uint8]) -> None:
        """Begin with nothing written.

        Args:
            positions: (N,) in the split, that are asked for.
            pixels: (N, S, S, 3), the memory to write into.
        """
        self.positions = positions
        self.pixels = pixels
        self.actual: NDArray[np.int64] = np.full(len(positions), -1, dtype=np.int64)
        """(N,), the position that each row really came from; -1 where nothing could be read."""
        self.targets: list[Target] = [None] * len(positions)
        self.is_dropped = False
        """Nobody wants them any more."""

    def __len__(self) -> int:
        return len(self.positions)

    def fill(self, load: Callable[[int], Sample | None], start: int, stop: int) -> None:
        """Write the rows from `start` up to `stop`."""
        for row in range(start, stop):
            if self.is_dropped:
                return
            sample = load(int(self.positions[row]))
            if sample is not None:
                self.actual[row], self.pixels[row] = sample.position, sample.image
                self.targets[row] = sample.target


class Making(Protocol):
    """Somebody at work on the rows of a batch."""

    def wait(self) -> None:
        """Return when all rows are written; raises what went wrong."""
        ...

    def cancel(self) -> None:
        """Leave the rest undone."""
        ...


class ThreadMaking:
    """Threads that write a share of the rows each; without a pool all is written at once. Implements `Making`."""

    def __init__(self, rows: Rows, load: Callable[[int], Sample | None]) -> None:
        self._rows = rows
        self._load = load
        self._futures: list[Future[None]] = []

    def begin(self, pool: ThreadPoolExecutor | None, workers: int) -> ThreadMaking:
        """Share the rows out among the threads of the pool."""
        count = len(self._rows)
        if pool is None:
            self._rows.fill(self._load, 0, count)
            return self
        share = max(_SMALLEST_SHARE, math.ceil(count / max(1, workers)))
        self._futures = [
            pool.submit(self._rows.fill, self._load, start, min(start + share, count))
            for start in range(0, count, share)
        ]
        return self

    def wait(self) -> None:
        for future in self._futures:
            future.result()

    def cancel(self) -> None:
        self._rows.is_dropped = True
        for future in self._futures:
            future.cancel()

    def settle(self) -> None:
        """Return when nobody writes into the rows any more."""
        wait_for_all(self._futures)


@dataclass(frozen=True, slots=True)
class BatchForm:
    """In what form batches are given."""

    image_size: int
    framing: Framing
    pin_memory: bool


class Filling:
    """One batch in the making."""

    def __init__(self, source: SampleSource, form: BatchForm, positions: NDArray[np.int64]) -> None:
        self._source = source
        self._form = form
        # Fresh memory each time: a batch may outlive its turn (an asynchronous copy to the device); torch reuses
        # pinned blocks by itself once their copies are done.
        shape = (len(positions), form.image_size, form.image_size, 3)
        self._images = torch.empty(shape, dtype=torch.uint8, pin_memory=form.pin_memory)
        self.rows = Rows(positions, self._images.numpy())
        self._making: Making | None = None

    def made_by(self, making: Making) -> Filling:
        """Say who writes the rows."""
        self._making = making
        return self

    def cancel(self) -> None:
        if self._making is not None:
            self._making.cancel()

    def finish(self) -> Iterator[Batch]:
        """Wait, then yield the batch; nothing when none of its images can be read."""
        if self._making is not None:
            self._making.wait()
        there = self.rows.actual >= 0
        images, actual = self._images, self.rows.actual
        if not there.all():
            images, actual = images[torch.from_numpy(there)], actual[there]
        if len(actual) == 0:
            return
        source = self._source
        kept = [target for target, is_there in zip(self.rows.targets, there, strict=True) if is_there]
        targets = source.targets.collate(kept)
        if self._form.pin_memory:
            # From ordinary memory even a few bytes are copied in turn: the step would wait for all before it.
            images, targets = images.pin_memory(), pin_targets(targets)
        yield Batch(images, targets, _tensor(source.item_indices[actual]), self._sizes(actual))

    def _sizes(self, actual: NDArray[np.int64]) -> Tensor | None:
        if self._form.framing == "centre":
            return None
        return torch.tensor([self._source.size(int(position)) for position in actual])


def _tensor(values: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))
