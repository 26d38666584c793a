"""The loader: threads fill whole batches of uint8 images ahead of the consumer, in an order that only the seed decides.

What a batch holds is a function of (dataset, settings, epoch, batch); workers, prefetch and cache change only speed.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.augmentation import Augmenter
from engine.data.batch import Batch
from engine.data.cache import CacheMode, CachePlace, ImageCache, open_cache, stored_bytes
from engine.data.preprocessing import centre_square
from engine.data.samples import SampleSource, open_split
from engine.data.streams import epoch_order, sample_generator
from engine.protocol.results import Problem

if TYPE_CHECKING:
    from engine.config.augmentation import AugmentationConfig
    from engine.datasets.manifest import Manifest

Augment = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]
"""Makes an (S, S, 3) sample of a stored image; the generator alone decides, and several threads call it at once."""
_SMALLEST_SHARE = 4
"""Images of a batch that are worth a task of their own."""


@dataclass(frozen=True, slots=True)
class LoaderSettings:
    """How one split is loaded."""

    image_size: int
    batch_size: int
    seed: int = 0
    train: bool = False
    """Shuffle, augment, and put the next readable image in the place of an unreadable one."""
    workers: int = 2
    """Threads; 0 loads in the consumer's own thread."""
    prefetch: int = 3
    """Batches that are made ahead."""
    cache: CacheMode = "auto"
    cache_folder: Path | None = None
    """The home's cache folder; without one there is no disk cache."""
    augmentation: AugmentationConfig | None = None
    resize_method: str = "bilinear"
    drop_last: bool = False
    """Leave out an incomplete last batch, unless it is the only one."""
    pin_memory: bool = False


class Loader:
    """Batches of one split. One epoch is read at a time."""

    def __init__(self, source: SampleSource, cache: ImageCache, settings: LoaderSettings) -> None:
        self._source = source
        self._cache = cache
        self.settings = settings
        augmented = settings.train and settings.augmentation is not None
        self._augmenter: Augment | None = (
            Augmenter(settings.augmentation, settings.image_size, settings.resize_method)
            if augmented and settings.augmentation is not None
            else None
        )
        self._pool = (
            ThreadPoolExecutor(settings.workers, thread_name_prefix="load") if settings.workers > 0 else None
        )

    def __len__(self) -> int:
        """Batches in an epoch."""
        images, size = len(self._source), self.settings.batch_size
        return max(1, images // size) if self.settings.drop_last else math.ceil(images / size)

    @property
    def images(self) -> int:
        """Images in the split."""
        return len(self._source)

    @property
    def source(self) -> SampleSource:
        return self._source

    @property
    def skipped(self) -> list[Problem]:
        """Files that could not be read so far."""
        return self._source.problems

    def new_problems(self) -> list[Problem]:
        """Unreadable files found since the last call: each is given once."""
        return self._source.untold_problems()

    def start(self, epoch: int, batch: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from number `batch` on, exactly as an uninterrupted epoch would."""
        order = self._order(epoch)
        numbers = iter(range(batch, len(self)))
        waiting: deque[_Filling] = deque()
        try:
            for number in numbers:
                waiting.append(self._begin(order, epoch, number))
                if len(waiting) > self._depth:
                    yield from waiting.popleft().finish()
            while waiting:
                yield from waiting.popleft().finish()
        finally:
            for filling in waiting:
                filling.cancel()

    def augment_with(self, augment: Augment) -> None:
        """Vary training images in a way of the plugin's own, in the place of the configured one."""
        if self.settings.train:
            self._augmenter = augment

    def close(self) -> None:
        """End the threads. The loader cannot be used afterwards."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def _depth(self) -> int:
        return max(1, self.settings.prefetch) if self._pool is not None else 0

    def _order(self, epoch: int) -> NDArray[np.int64]:
        count = len(self._source)
        return epoch_order(self.settings.seed, epoch, count) if self.settings.train else np.arange(count)

    def _begin(self, order: NDArray[np.int64], epoch: int, number: int) -> _Filling:
        size = self.settings.batch_size
        positions = order[number * size : (number + 1) * size]
        filling = _Filling(self, positions, epoch)
        filling.submit(self._pool, max(1, self.settings.workers))
        return filling

    def load(self, position: int, epoch: int) -> tuple[int, NDArray[np.uint8]] | None:
        """The finished (S, S, 3) sample at a position of the split, and the position it really came from."""
        settings = self.settings
        if not settings.train:
            stored = self._source.stored(position, self._cache)
            if stored is None:
                return None
            return position, centre_square(stored, settings.image_size, settings.resize_method)
        actual, stored = self._source.readable(position, self._cache)
        if self._augmenter is None:
            return actual, centre_square(stored, settings.image_size, settings.resize_method)
        index = int(self._source.item_indices[position])
        return actual, self._augmenter(stored, sample_generator(settings.seed, epoch, index))


class _Filling:
    """One batch in the making: its memory, and the tasks that write into it."""

    def __init__(self, loader: Loader, positions: NDArray[np.int64], epoch: int) -> None:
        size = loader.settings.image_size
        self._loader = loader
        self._epoch = epoch
        self._positions = positions
        # Fresh memory each time: a batch may outlive its turn (an asynchronous copy to the device); torch reuses
        # pinned blocks by itself once their copies are done.
        self._images = torch.empty(
            (len(positions), size, size, 3), dtype=torch.uint8, pin_memory=loader.settings.pin_memory
        )
        self._pixels: NDArray[np.uint8] = self._images.numpy()
        self._actual = np.full(len(positions), -1, dtype=np.int64)
        self._futures: list[Future[None]] = []

    def submit(self, pool: ThreadPoolExecutor | None, workers: int) -> None:
        count = len(self._positions)
        if pool is None:
            self._fill(0, count)
            return
        share = max(_SMALLEST_SHARE, math.ceil(count / workers))
        self._futures = [
            pool.submit(self._fill, start, min(start + share, count)) for start in range(0, count, share)
        ]

    def cancel(self) -> None:
        for future in self._futures:
            future.cancel()

    def finish(self) -> Iterator[Batch]:
        """Wait, then yield the batch; nothing when none of its images can be read."""
        for future in self._futures:
            future.result()
        there = self._actual >= 0
        images, actual = self._images, self._actual
        if not there.all():
            images, actual = images[torch.from_numpy(there)], actual[there]
        if len(actual) == 0:
            return
        source = self._loader.source
        targets = _tensor(source.targets[actual])
        if self._loader.settings.pin_memory:
            # From ordinary memory even a few bytes are copied in turn: the step would wait for all before it.
            images, targets = images.pin_memory(), targets.pin_memory()
        yield Batch(images, targets, _tensor(source.item_indices[actual]))

    def _fill(self, start: int, stop: int) -> None:
        for slot in range(start, stop):
            loaded = self._loader.load(int(self._positions[slot]), self._epoch)
            if loaded is not None:
                self._actual[slot], self._pixels[slot] = loaded


def build_loader(manifest: Manifest, root: Path, split: str, settings: LoaderSettings) -> Loader:
    """Open a split for loading.

    Raises:
        UserError: `split_empty` when it holds no labelled image.
    """
    source = open_split(manifest, root, split, settings.image_size, settings.resize_method)
    place = CachePlace(
        settings.cache_folder, settings.resize_method, stored_bytes(manifest.items, settings.image_size)
    )
    cache = open_cache(settings.cache, source.items, settings.image_size, place)
    return Loader(source, cache, settings)


def _tensor(values: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))
