"""How many pixels of each class every image of a dataset shows, read from its masks once and kept."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.datasets.manifest import Item, Manifest
from engine.datasets.masks import IGNORE, read_mask
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.run_folder import write_atomic

MOST_READ = 3_000
"""Of a larger dataset so many masks are read, taken evenly: all would take minutes."""
_THREADS = 2
_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class MaskCounts:
    """Pixels by image. Images whose masks were not read, or cannot be, count nothing."""

    pixels: NDArray[np.int64]
    """(images, classes)."""
    ignored: NDArray[np.int64]
    """(images,) pixels that count neither in training nor in scores."""
    is_read: NDArray[np.bool_]
    """(images,)."""

    @property
    def read(self) -> int:
        """How many masks were read."""
        return int(self.is_read.sum())

    def shows(self, label: int) -> NDArray[np.bool_]:
        """Say of each image whether its mask shows a class: (images,)."""
        return self.pixels[:, label] > 0

    def ignored_share(self) -> float:
        """Give the share of all pixels that do not count, 0 to 1."""
        ignored = int(self.ignored.sum())
        return ignored / max(1, ignored + int(self.pixels.sum()))

    def save(self, path: Path) -> None:
        file = io.BytesIO()
        np.savez_compressed(file, pixels=self.pixels, ignored=self.ignored, is_read=self.is_read)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, file.getvalue())


def counts_path(home: Home, manifest: Manifest) -> Path:
    """Where the counts of a version are kept; they may be deleted at any time."""
    return home.cache / "mask-counts" / f"{manifest.version}.npz"


def load_counts(path: Path, manifest: Manifest) -> MaskCounts | None:
    """Read what was kept; None when nothing was, or it does not fit."""
    try:
        with np.load(path, allow_pickle=False) as file:
            counts = MaskCounts(file["pixels"], file["ignored"], file["is_read"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    images, classes = len(manifest.items), len(manifest.classes)
    fits = counts.pixels.shape == (images, classes) and counts.ignored.shape == counts.is_read.shape == (
        images,
    )
    return counts if fits else None


def count_masks(
    manifest: Manifest, root: Path, most: int = MOST_READ, is_wanted: Callable[[], bool] = lambda: True
) -> MaskCounts | None:
    """Open masks and count. Takes seconds to minutes.

    Args:
        manifest: of a dataset with masks.
        root: where they are.
        most: how many are read, taken evenly.
        is_wanted: asked now and then; once it says no, the work is left off and None is given.
    """
    masked = [place for place, item in enumerate(manifest.items) if item.mask is not None]
    places = masked[:: _step(len(masked), most)]
    pixels = np.zeros((len(manifest.items), len(manifest.classes)), np.int64)
    ignored = np.zeros(len(manifest.items), np.int64)
    is_read = np.zeros(len(manifest.items), np.bool_)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="mask-counts") as pool:
        for first in range(0, len(places), _BATCH):
            if not is_wanted():
                return None
            batch = places[first : first + _BATCH]
            items = [manifest.items[place] for place in batch]
            for place, found in zip(batch, pool.map(partial(_counted, manifest, root), items), strict=True):
                if found is not None:
                    pixels[place], ignored[place] = found[: len(manifest.classes)], found[IGNORE]
                    is_read[place] = True
    return MaskCounts(pixels, ignored, is_read)


def evenly(masked: int, most: int) -> int:
    """Say how many masks `count_masks` opens of so many."""
    return -(-masked // _step(masked, most))


def _step(masked: int, most: int) -> int:
    return max(1, -(-masked // most))


def _counted(manifest: Manifest, root: Path, item: Item) -> NDArray[np.int64] | None:
    try:
        return np.bincount(read_mask(root, item, manifest).reshape(-1), minlength=IGNORE + 1)
    except UserError:  # gone since, or damaged; a check tells
        return None
