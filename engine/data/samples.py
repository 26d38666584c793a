"""The images of one split at stored size: read through the cache, unreadable files remembered and told of once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.data.cache import ImageCache
from engine.data.decoding import read_image
from engine.data.preprocessing import Image, to_stored
from engine.errors import UserError
from engine.protocol.results import Problem

if TYPE_CHECKING:
    from engine.datasets.manifest import Item, Manifest


class SampleSource:
    """One split: `len(source)` labelled items, each by its position in the split. Safe to read from many threads."""

    def __init__(self, root: Path, items: Sequence[tuple[int, Item]], image_size: int, method: str) -> None:
        self._root = root
        self._items = [item for _, item in items]
        self.item_indices = np.array([index for index, _ in items], dtype=np.int64)
        """(N,), positions in manifest.items."""
        self.targets = np.array([item.label for _, item in items], dtype=np.int64)
        """(N,), class indices."""
        self._image_size = image_size
        self._method = method
        self._lock = threading.Lock()
        self._unreadable: dict[int, Problem] = {}
        self._untold: list[Problem] = []

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
        """Those that no earlier call gave."""
        with self._lock:
            untold, self._untold = self._untold, []
            return untold

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

    def readable(self, position: int, cache: ImageCache) -> tuple[int, Image]:
        """The image at `position`, or the next one of the split that can be read, with its position.

        Raises:
            UserError: `no_readable_image` when there is none.
        """
        count = len(self._items)
        for step in range(count):
            candidate = (position + step) % count
            image = self.stored(candidate, cache)
            if image is not None:
                return candidate, image
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
            if position not in self._unreadable:
                self._unreadable[position] = problem
                self._untold.append(problem)


def open_split(manifest: Manifest, root: Path, split: str, image_size: int, method: str) -> SampleSource:
    """Open the labelled images of one split.

    Raises:
        UserError: `split_empty` when there is none.
    """
    items = [
        (index, item)
        for index, item in enumerate(manifest.items)
        if item.split == split and item.label is not None
    ]
    if not items:
        there = ", ".join(sorted({item.split for item in manifest.items if item.split})) or "none"
        raise UserError(
            "split_empty",
            f"The dataset {manifest.name} has no labelled image in the split {split!r}.",
            f"Splits with images: {there}. Divide it again with `lensmith data split`.",
        )
    return SampleSource(root, items, image_size, method)
