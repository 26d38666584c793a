"""The loader: threads fill whole batches of uint8 images ahead of the consumer, in an order that only the seed decides.

What a batch holds is a function of (dataset, settings, epoch, batch); workers, processes, prefetch and cache change
only speed.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.data.augmentation import Augmenter
from engine.data.batch import Batch
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
from engine.data.filling import BatchForm, Filling, Rows, Sample, ThreadMaking
from engine.data.freed_memory import keep_freed_memory
from engine.data.geometry import whole_frame
from engine.data.loader_processes import SLOTS_EACH, Crew, CrewRefused, affordable_processes
from engine.data.preprocessing import Framing, square_of
from engine.data.samples import SampleSource, StoredSample, open_split
from engine.data.shared_cache import share_cache
from engine.data.streams import epoch_order, sample_generator
from engine.data.targets import LabelTargeting, SplitFiles, Targeting
from engine.errors import PluginError
from engine.protocol.results import Problem

if TYPE_CHECKING:
    from engine.config.augmentation import AugmentationConfig
    from engine.datasets.manifest import Manifest

Augment = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]
"""Makes an (S, S, 3) sample of a stored image; the generator alone decides, and several threads call it at once."""
_MOST_THREADS_INSTEAD = 4
"""Where processes cannot be had; more threads than that wait for each other's turn to run Python."""


@dataclass(frozen=True, slots=True)
class LoaderSettings:
    """How one split is loaded."""

    image_size: int
    batch_size: int
    seed: int = 0
    train: bool = False
    """Shuffle, augment, and put the next readable image in the place of an unreadable one."""
    workers: int = 2
    """Threads, in each process; 0 loads in the consumer's own thread."""
    processes: int = 0
    """Processes that load; 0 loads in this one."""
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
        self._crew: Crew | None = None

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
        waiting: deque[Filling] = deque()
        self._start_processes()
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
            self._dismiss_processes()
            self._own_augment = augment

    @property
    def batch_size(self) -> int:
        return self.settings.batch_size

    def use_workers(self, workers: int, processes: int = 0) -> None:
        """Load with another number of threads from the next `start` on; in so many processes, or in this one."""
        self.close()
        self.settings = replace(self.settings, workers=workers, processes=processes)
        self._pool = _threads(workers)

    def images_per_second(self, batches: int) -> float:
        """Read the first batches of the first epoch, and say how fast that was."""
        began = time.perf_counter()
        images = sum(len(batch) for batch in islice(self.start(0), batches))
        return images / max(1e-9, time.perf_counter() - began)

    def close(self) -> None:
        """End the threads and processes. The loader cannot be used afterwards."""
        self._dismiss_processes()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def process_ids(self) -> list[int]:
        """Of the processes that load, once they have started."""
        return [] if self._crew is None else self._crew.pids

    @property
    def most_processes(self) -> int:
        """For so many there is memory."""
        return affordable_processes(len(self._source))

    @property
    def _depth(self) -> int:
        ahead = max(1, self.settings.prefetch)
        if self._crew is not None:
            return max(ahead, SLOTS_EACH * self.settings.processes)
        return ahead if self._pool is not None else 0

    def _start_processes(self) -> None:
        """Start them where they are wanted and not there yet; where they cannot be had, threads do their work."""
        settings = self.settings
        if settings.processes == 0 or self._crew is not None:
            return
        try:
            self._cache = share_cache(self._cache, self._source.items, settings.image_size)
            self._crew = Crew(self._source, self._cache, settings, self._own_augment)
        except (CrewRefused, OSError) as refusal:
            threads = min(_MOST_THREADS_INSTEAD, settings.processes * max(1, settings.workers))
            self.use_workers(threads)
            self._source.warn(_threads_instead(threads, str(refusal)))

    def _dismiss_processes(self) -> None:
        if self._crew is not None:
            self._crew.close()
            self._crew = None

    def _order(self, epoch: int) -> NDArray[np.int64]:
        count = len(self._source)
        return epoch_order(self.settings.seed, epoch, count) if self.settings.train else np.arange(count)

    def _begin(self, order: NDArray[np.int64], epoch: int, number: int) -> Filling:
        settings = self.settings
        positions = order[number * settings.batch_size : (number + 1) * settings.batch_size]
        form = BatchForm(settings.image_size, settings.framing, settings.pin_memory)
        filling = Filling(self._source, form, positions)
        if self._crew is not None:
            return filling.made_by(self._crew.begin(epoch, filling.rows))
        return filling.made_by(self.make(filling.rows, epoch))

    def make(self, rows: Rows, epoch: int) -> ThreadMaking:
        """Have this process's threads write the rows of a batch."""
        return ThreadMaking(rows, partial(self.load, epoch=epoch)).begin(self._pool, self.settings.workers)

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


def _threads_instead(threads: int, why: str) -> Problem:
    return Problem(
        code="loader_threads_only",
        message=f"Images are loaded by {threads} threads of one process: other processes cannot load them. {why}",
        remedy="Nothing to do unless the GPU waits for images; a plugin's own build_augmentation is a usual reason.",
    )
