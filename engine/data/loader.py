"""The loader: threads fill whole batches of uint8 images ahead of the consumer, in an order that only the seed decides.

What a batch holds is a function of (dataset, settings, epoch, batch); workers, prefetch and cache change only speed.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.augmentation import Augmenter
from engine.data.batch import Batch, pin_targets
from engine.data.cache import (
    CacheMode,
    CachePlace,
    ImageCache,
    choose_cache,
    kept_share,
    open_cache,
    stored_bytes,
    stored_folder,
)
from engine.data.freed_memory import keep_freed_memory
from engine.data.geometry import whole_frame
from engine.data.preprocessing import Framing, Image, square_of
from engine.data.samples import SampleSource, StoredSample, open_split
from engine.data.streams import epoch_order, sample_generator
from engine.data.targets import LabelTargeting, SplitFiles, Target, Targeting
from engine.errors import PluginError
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
    framing: Framing = "centre"
    annotations: Path | None = None
    """File of the annotation table, where the dataset has one."""
    drop_last: bool = False
    """Leave out an incomplete last batch, unless it is the only one."""
    pin_memory: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A finished (S, S, 3) sample with its target, and the position in the split that it really came from."""

    position: int
    image: Image
    target: Target


class Loader:
    """Batches of one split. One epoch is read at a time."""

    def __init__(
        self, source: SampleSource, cache: ImageCache, settings: LoaderSettings, cache_note: str = ""
    ) -> None:
        keep_freed_memory()
        self._source = source
        self._cache = cache
        self.settings = settings
        self._own_augment: Augment | None = None
        self._augmenter: Augmenter | None = (
            Augmenter(settings.augmentation, settings.image_size, settings.resize_method, settings.framing)
            if settings.train and settings.augmentation is not None
            else None
        )
        self.cache_note = cache_note
        """A sentence: where decoded images are kept."""
        self._pool = _threads(settings.workers)

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
        """Vary training images in a way of the plugin's own, in the place of the configured one.

        Raises:
            PluginError: `augmentation_wrong` where targets have a place in the image, which it would not move.
        """
        if self.settings.framing == "whole":
            raise PluginError(
                "augmentation_wrong",
                "The plugin's build_augmentation changes images only; boxes and masks would stay where they were.",
                "Leave it out: for this task the settings of the augmentation vary images and targets together.",
            )
        if self.settings.train:
            self._own_augment = augment

    @property
    def batch_size(self) -> int:
        return self.settings.batch_size

    def use_workers(self, workers: int) -> None:
        """Load with another number of threads from the next `start` on."""
        self.close()
        self.settings = replace(self.settings, workers=workers)
        self._pool = _threads(workers)

    def images_per_second(self, batches: int) -> float:
        """Read the first batches of the first epoch, and say how fast that was."""
        began = time.perf_counter()
        images = sum(len(batch) for batch in islice(self.start(0), batches))
        return images / max(1e-9, time.perf_counter() - began)

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

    def load(self, position: int, epoch: int) -> Sample | None:
        """The finished sample at a position of the split; None when it cannot be read."""
        settings = self.settings
        if not settings.train:
            stored = self._source.sample(position, self._cache)
            return None if stored is None else self._plain(stored)
        stored = self._source.readable(position, self._cache)
        if self._own_augment is None and self._augmenter is None:
            return self._plain(stored)
        rng = sample_generator(settings.seed, epoch, int(self._source.item_indices[position]))
        if self._own_augment is not None:
            return Sample(stored.position, self._own_augment(stored.image, rng), stored.target)
        assert self._augmenter is not None  # one of the two is there
        image, cut = self._augmenter.sample(stored.image, rng)
        return Sample(
            stored.position, image, self._source.targets.cut(stored.target, cut, settings.image_size)
        )

    def _plain(self, stored: StoredSample) -> Sample:
        settings = self.settings
        image = square_of(stored.image, settings.image_size, settings.resize_method, settings.framing)
        target = stored.target
        if settings.framing == "whole":
            height, width = stored.image.shape[:2]
            target = self._source.targets.cut(target, whole_frame(width, height), settings.image_size)
        return Sample(stored.position, image, target)


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
        self._targets: list[Target] = [None] * len(positions)
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
        kept = [target for target, is_there in zip(self._targets, there, strict=True) if is_there]
        targets = source.targets.collate(kept)
        if self._loader.settings.pin_memory:
            # From ordinary memory even a few bytes are copied in turn: the step would wait for all before it.
            images, targets = images.pin_memory(), pin_targets(targets)
        yield Batch(images, targets, _tensor(source.item_indices[actual]), self._sizes(actual))

    def _sizes(self, actual: NDArray[np.int64]) -> Tensor | None:
        if self._loader.settings.framing == "centre":
            return None
        return torch.tensor([self._loader.source.size(int(position)) for position in actual])

    def _fill(self, start: int, stop: int) -> None:
        for slot in range(start, stop):
            sample = self._loader.load(int(self._positions[slot]), self._epoch)
            if sample is not None:
                self._actual[slot], self._pixels[slot] = sample.position, sample.image
                self._targets[slot] = sample.target


def build_loader(
    manifest: Manifest,
    root: Path,
    split: str,
    settings: LoaderSettings,
    targeting: Targeting | None = None,
) -> Loader:
    """Open a split for loading; without a `targeting` its images are learnt from by their labels.

    Raises:
        UserError: `split_empty` when it holds no usable image.
    """
    files = SplitFiles(manifest, root, range(len(manifest.items)), settings.annotations)
    source = open_split(
        files, split, targeting or LabelTargeting(), settings.image_size, settings.resize_method
    )
    place = _cache_place(manifest, settings)
    choice = choose_cache(settings.cache, place)
    cache = open_cache(choice.mode, source.items, settings.image_size, place)
    return Loader(source, cache, settings, choice.sentence)


def _cache_place(manifest: Manifest, settings: LoaderSettings) -> CachePlace:
    folder, method = settings.cache_folder, settings.resize_method
    kept = (
        kept_share(stored_folder(folder, settings.image_size, method), manifest.items)
        if folder is not None
        else 0.0
    )
    return CachePlace(folder, method, stored_bytes(manifest.items, settings.image_size), kept)


def _threads(workers: int) -> ThreadPoolExecutor | None:
    return ThreadPoolExecutor(workers, thread_name_prefix="load") if workers > 0 else None


def _tensor(values: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))
