"""What people and the model say of the pixels of a result's images, read from files: masks of classes, of objects."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from desktop.models.dataset_drawing import drawn_objects
from desktop.models.drawn_labels import NOTHING, DrawnLabels
from desktop.models.result import Result
from engine.datasets.annotations import Annotations, load_annotations
from engine.datasets.decode import read_stored
from engine.datasets.manifest import Manifest
from engine.datasets.masks import IGNORE, read_mask
from engine.errors import UserError
from engine.protocol.run_folder import RunFolder

_KEPT = 2
MOST_MASK_PIXELS = 48_000_000
"""All masks of one image together; those of larger ones are read in fewer pixels."""

Numbered = NDArray[np.int64]


def true_classes(result: Result, image: int) -> NDArray[np.uint8] | None:
    """Read the true class of each pixel (H, W), `NOTHING` where none is known; None where there is no mask.

    Raises:
        UserError: the mask cannot be read.
    """
    if result.root is None or result.places is None:
        return None
    manifest = _manifest(result.places.run.manifest_path)
    item = manifest.items[int(result.column("item")[image])]
    if item.mask is None:
        return None
    classes = read_mask(result.root, item, manifest)
    return np.where(classes == IGNORE, np.uint8(NOTHING), classes)


def true_objects(result: Result, image: int) -> DrawnLabels | None:
    """Read the objects of an image with their masks, as the dataset tells them; None where it has none.

    Raises:
        UserError: `annotations_damaged`.
    """
    if result.places is None:
        return None
    run = result.places.run
    manifest, table = _manifest(run.manifest_path), _annotations(run)
    number = int(result.column("item")[image])
    return drawn_objects(table, number, manifest.items[number]) if table is not None else None


def true_object(result: Result, image: int, number: int, count: int) -> DrawnLabels | None:
    """Read one of the `count` objects of an image with its mask; None where the dataset has none of it.

    Raises:
        UserError: `annotations_damaged`.
    """
    if result.places is None:
        return None
    run = result.places.run
    manifest, table = _manifest(run.manifest_path), _annotations(run)
    item = int(result.column("item")[image])
    if table is None or len(table.of(item)) != count:
        return None
    size, row = manifest.items[item], int(table.object_starts[item]) + number
    rings, is_packed = table.rings(row), table.object_runs(row) is not None
    if not rings and not is_packed:
        return None
    return DrawnLabels(
        size.width,
        size.height,
        table.of(item).boxes[number : number + 1],
        table.of(item).labels[number : number + 1],
        rings=[rings] if rings else (),
        masks=table.object_mask(row, size.height, size.width)[None] if is_packed else None,
    )


def read_numbers(path: Path) -> Numbered:
    """Read a gray picture of numbers, (h, w).

    Raises:
        UserError: `image_unreadable`.
    """
    return np.asarray(read_stored(path)).astype(np.int64)


def masks_of(numbers: Numbered, count: int) -> NDArray[np.bool_]:
    """Give the masks (count, h, w) of objects that are numbered from 1; in fewer pixels where there are many."""
    step = mask_step(count, *numbers.shape)
    small = numbers[::step, ::step]
    return small[None] == np.arange(1, count + 1)[:, None, None]


def mask_step(count: int, height: int, width: int) -> int:
    """Say which pixels of so many masks of one image are read: each, every second, every third …"""
    step = 1
    while count * (height // step) * (width // step) > MOST_MASK_PIXELS:
        step += 1
    return step


@lru_cache(maxsize=_KEPT)
def _manifest(path: Path) -> Manifest:
    return Manifest.load(path)


@lru_cache(maxsize=_KEPT)
def _annotations(run: RunFolder) -> Annotations | None:
    """The objects of a run's dataset, which it took along."""
    try:
        return load_annotations(run.annotations_path) if run.annotations_path.is_file() else None
    except UserError:
        return None
