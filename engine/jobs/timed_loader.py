"""A loader that notes how long each batch was waited for, and a desk that opens such loaders: for measuring."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

import numpy as np
import torch

from engine.data.batch import Batch
from engine.data.cache import MemoryCache, NoCache, stored_bytes
from engine.data.loader import Loader, Sample
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.jobs.desk import Desk


@dataclass(frozen=True, slots=True)
class Turn:
    """One batch: when the consumer asked for it and when it had it, in seconds of `time.perf_counter`."""

    asked: float
    given: float
    images: int


class TimedLoader(Loader):
    """Loads as the loader that it takes the place of, which it closes."""

    def __init__(self, loader: Loader) -> None:
        loader.close()
        super().__init__(loader.source, loader._cache, loader.settings, loader.cache_note)
        self.turns: list[Turn] = []
        self.on_turn: Callable[[], None] | None = None
        """Called when a batch is ready, before the consumer has it."""
        self._samples: list[Sample] = []

    def start(self, epoch: int, batch: int = 0) -> Iterator[Batch]:
        """Yield an epoch's batches, and note their times."""
        batches = super().start(epoch, batch)
        while True:
            asked = time.perf_counter()
            found = next(batches, None)
            if found is None:
                return
            self.turns.append(Turn(asked, time.perf_counter(), len(found)))
            if self.on_turn is not None:
                self.on_turn()
            yield found

    def endless(self) -> Generator[Batch]:
        """Yield the batches of one epoch after another."""
        for epoch in count():
            yield from self.start(epoch)

    @property
    def keeps_images(self) -> bool:
        """Whether each image is decoded once only."""
        return not isinstance(self._cache, NoCache)

    @property
    def cache_bytes(self) -> int:
        """What the split's images take in memory once all are there; 0 when they are kept elsewhere or not at all."""
        is_memory = isinstance(self._cache, MemoryCache)
        return stored_bytes(self.source.items, self.settings.image_size) if is_memory else 0

    def batch_of(self, size: int) -> Batch:
        """Make one batch of any size of the first epoch's images, over and over where there are fewer.

        Raises:
            UserError: `no_readable_image`.
        """
        order = self._order(0)
        while len(self._samples) < min(size, len(order)):
            sample = self.load(int(order[len(self._samples)]), 0)
            if sample is None:
                raise UserError(
                    "no_readable_image",
                    "An image that is needed for measuring cannot be read.",
                    "Check the dataset with `lensmith data check`.",
                )
            self._samples.append(sample)
        chosen = [self._samples[number % len(self._samples)] for number in range(size)]
        positions = [sample.position for sample in chosen]
        sizes = None
        if self.settings.framing == "whole":
            sizes = torch.tensor([self.source.size(position) for position in positions])
        return Batch(
            torch.from_numpy(np.stack([sample.image for sample in chosen])),
            self.source.targets.collate([sample.target for sample in chosen]),
            torch.from_numpy(np.ascontiguousarray(self.source.item_indices[positions])),
            sizes,
        )


@dataclass(frozen=True)
class TrialDesk(Desk):
    """A desk whose training images come from a timed loader.

    Attributes:
        changes: settings that are laid over the configuration.
        most_val: so many validation images at most; None takes all.
    """

    changes: Mapping[str, object] = field(default_factory=dict[str, object])
    most_val: int | None = None

    @cached_property
    def config(self) -> dict[str, object]:
        return {**self.folder.effective_config(self.attempt.number), **self.changes}

    @cached_property
    def manifest(self) -> Manifest:
        whole = super().manifest
        if self.most_val is None:
            return whole
        left, items = self.most_val, list(whole.items)
        for index, item in enumerate(items):
            if item.split == "val" and self.task.is_usable(item):
                if left == 0:
                    items[index] = item.model_copy(update={"split": ""})
                left = max(0, left - 1)
        return whole.model_copy(update={"items": tuple(items)})

    def loader(self, split: str, *, train: bool, pin_memory: bool = False) -> TimedLoader:
        return TimedLoader(super().loader(split, train=train, pin_memory=pin_memory))

    def with_changes(self, changes: Mapping[str, object], most_val: int | None = None) -> TrialDesk:
        """Give another one for the same attempt."""
        return TrialDesk(
            self.folder, self.attempt, self.reporter, self.control, {**self.changes, **changes}, most_val
        )
