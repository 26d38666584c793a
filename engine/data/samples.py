"""The images of one split at stored size: read through the cache, unreadable files remembered and told of once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.data.cache import ImageCache
from engine.data.decoding import read_image
from engine.data.preprocessing import Image, to_stored
from engine.data.targets import LearningTargets, SplitFiles, Target, Targeting, TargetSource
from engine.datasets.split import ALL
from engine.errors import UserError
from engine.protocol.results import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.datasets.manifest import Item

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, eq=False)
class StoredSample:
    """An image at stored size, with its target at the same size."""

    position: int
    """In the split."""
    image: Image
    target: Target


@dataclass(frozen=True, slots=True)
class Findings:
    """What reading has taught one process, for the source of the same split in another."""

    unreadable: dict[int, Problem]
    """By position in the split."""
    sizes: dict[int, tuple[int, int]]
    """Height and width by position, where the manifest does not tell."""
    targets: object | None
    """Of `LearningTargets`."""


class SampleSource:
    """One split: `len(source)` usable items, each by its position in the split. Safe to read from many threads."""

    def __init__(self, files: SplitFiles, targets: TargetSource, image_size: int, method: str) -> None:
        self._files = files
        self._root = files.root
        self._items = files.items
        self.item_indices = np.array(files.indices, dtype=np.int64)
        """(N,), positions in manifest.items."""
        self.targets = targets
        self._sizes: dict[int, tuple[int, int]] = {}
        self._image_size = image_size
        self._method = method
        self._lock = threading.Lock()
        self._unreadable: dict[int, Problem] = {}
        self._untold: list[Problem] = []
        self._newly_unreadable: dict[int, Problem] = {}
        self._newly_sized: dict[int, tuple[int, int]] = {}
        self._is_absence_told = not self._items or self._items[0].split != "train"

    def __reduce__(self) -> tuple[type[SampleSource], tuple[SplitFiles, TargetSource, int, str]]:
        """In another process the split is opened anew, with nothing known of its files."""
        return SampleSource, (self._files, self.targets, self._image_size, self._method)

    def __len__(self) -> int:
        return len(self._items)

    @property
    def items(self) -> Sequence[Item]:
        return self._items

    @property
    def problems(self) -> list[Problem]:
        """Every file that could not be read so far, in the order of the split."""
        with self._lock:
            return [self._unreadable[position] for position in sorted(self._unreadable)]

    def untold_problems(self) -> list[Problem]:
        """Those that no earlier call gave, and of training images once which classes they lack."""
        with self._lock:
            untold, self._untold = self._untold, []
        if self._is_absence_told or (absent := self.targets.absent_classes()) is None:
            return untold
        self._is_absence_told = True
        return [*untold, _absence(absent)] if absent else untold

    def warn(self, problem: Problem) -> None:
        """Have the next `untold_problems` tell of something that concerns no one file."""
        with self._lock:
            self._untold.append(problem)

    def findings(self) -> Findings:
        """Give what has been found out since the last call."""
        targets = self.targets.findings() if isinstance(self.targets, LearningTargets) else None
        with self._lock:
            unreadable, self._newly_unreadable = self._newly_unreadable, {}
            sizes, self._newly_sized = self._newly_sized, {}
        return Findings(unreadable, sizes, targets)

    def learn(self, findings: Findings) -> None:
        """Take what another process has found out; what is new in it will be told of."""
        with self._lock:
            for position, problem in findings.unreadable.items():
                self._remember(position, problem)
            self._sizes |= findings.sizes
        if findings.targets is not None and isinstance(self.targets, LearningTargets):
            self.targets.learn(findings.targets)

    def stored(self, position: int, cache: ImageCache) -> Image | None:
        """The image at stored size, or None when its file cannot be read.

        Raises:
            UserError: `dataset_unreachable` when the dataset's folder itself is gone.
        """
        if position in self._unreadable:
            return None
        image = cache.get(position)
        if image is not None:
            return image
        decoded = self.original(position)
        if decoded is None:
            return None
        image = to_stored(decoded, self._image_size, self._method)
        cache.put(position, image)
        return image

    def original(self, position: int) -> Image | None:
        """The decoded image at its own size, or None when its file cannot be read."""
        item = self._items[position]
        try:
            return read_image(self._root / item.path)
        except UserError as error:
            self._note(position, error)
            return None

    def size(self, position: int) -> tuple[int, int]:
        """Height and width of the upright original; 0 and 0 when its file cannot be read."""
        item = self._items[position]
        if item.width and item.height:
            return item.height, item.width
        if position not in self._sizes:
            image = self.original(position)
            size = (0, 0) if image is None else (image.shape[0], image.shape[1])
            with self._lock:
                self._sizes[position] = self._newly_sized[position] = size
        return self._sizes[position]

    def sample(self, position: int, cache: ImageCache) -> StoredSample | None:
        """The image at stored size with its target, or None when a file of it cannot be read."""
        image = self.stored(position, cache)
        if image is None:
            return None
        height, width = image.shape[:2]
        try:
            target = self.targets.stored(position, width, height)
        except UserError as error:
            self._note(position, error)
            return None
        return StoredSample(position, image, target)

    def original_target(self, position: int) -> Target | None:
        """The target at the original's own size, or None when its file cannot be read."""
        try:
            return self.targets.original(position)
        except UserError as error:
            self._note(position, error)
            return None

    def readable(self, position: int, cache: ImageCache) -> StoredSample:
        """The sample at `position`, or the next one of the split that can be read.

        Raises:
            UserError: `no_readable_image` when there is none.
        """
        count = len(self._items)
        for step in range(count):
            sample = self.sample((position + step) % count, cache)
            if sample is not None:
                return sample
        raise UserError(
            "no_readable_image",
            f"None of the {count} images in {self._root} can be read.",
            "Check the dataset with `lensmith data check`.",
        )

    def _note(self, position: int, error: UserError) -> None:
        if not self._root.is_dir():
            raise UserError(
                "dataset_unreachable",
                f"The dataset's folder {self._root} is not there any more.",
                "Connect the drive or share again, then resume the run.",
            ) from error
        problem = Problem(
            code=error.code,
            file=self._items[position].path,
            message=error.message,
            remedy=error.hint or "Repair or remove the file, then import the dataset again.",
            severity="warning",
        )
        with self._lock:
            self._remember(position, problem)
            self._newly_unreadable[position] = problem

    def _remember(self, position: int, problem: Problem) -> None:
        if position not in self._unreadable:
            self._unreadable[position] = problem
            self._untold.append(problem)


def _absence(names: Sequence[str]) -> Problem:
    listed = ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")
    return Problem(
        code="class_absent",
        message=f"The training images show nothing of {len(names)} of the classes: {listed}. "
        "The model cannot learn to recognise what it never sees.",
        remedy="Add images of them, or divide the dataset again with `lensmith data split`.",
        severity="warning",
    )


def open_split(
    files: SplitFiles, split: str, targeting: Targeting, image_size: int, method: str
) -> SampleSource:
    """Open the usable images of one split.

    Args:
        files: the whole dataset; its `indices` are narrowed to the split.
        split: train, val, test, or all.
        targeting: which images can be used, and what belongs to them.
        image_size: of the samples, pixels.
        method: of resizing.

    Raises:
        UserError: `split_empty` when there is none.
    """
    manifest = files.manifest
    indices = [
        index
        for index in files.indices
        if split in (ALL, manifest.items[index].split) and targeting.is_usable(manifest.items[index])
    ]
    if not indices:
        there = ", ".join(sorted({item.split for item in manifest.items if item.split})) or "none"
        raise UserError(
            "split_empty",
            f"The dataset {manifest.name} has no labelled image in the split {split!r}.",
            f"Splits with images: {there}. Divide it again with `lensmith data split`.",
        )
    chosen = SplitFiles(manifest, files.root, indices, files.annotations)
    return SampleSource(chosen, targeting.targets(chosen), image_size, method)
