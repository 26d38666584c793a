"""Masks of objects on the small pictures of a report: what was found is filled, what is there is outlined."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.datasets.annotations import Annotations
from engine.datasets.manifest import Item
from engine.datasets.polygons import runs_mask, runs_of_text
from engine.errors import UserError
from engine.reports.colours import class_colour

Mask = NDArray[np.bool_]
Labelled = tuple[int, Mask]
"""The number of a class, and pixels (h, w) of any size."""
_BLEND = 0.5


def unpacked_mask(packed: bytes, height: int, width: int) -> Mask:
    """Read the mask of a box as results keep it.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        return runs_mask(runs_of_text(packed.decode("ascii")), height, width)
    except UserError as error:
        raise ValueError(error.message) from error


def true_masks(table: Annotations | None, number: int, item: Item, labels: Sequence[int]) -> list[Labelled]:
    """Give the masks of an image's objects; none where the dataset tells of other objects than were judged."""
    if table is None or table.of(number).labels.tolist() != list(labels):
        return []
    first = int(table.object_starts[number])
    drawn = [place for place in range(len(labels)) if _has_mask(table, first + place)]
    return [(labels[place], table.object_mask(first + place, item.height, item.width)) for place in drawn]


def with_masks(pixels: Image.Image, found: Sequence[Labelled], there: Sequence[Labelled]) -> Image.Image:
    """Lay masks on a picture, small ones on top."""
    mixed = np.asarray(pixels, dtype=np.float64).copy()
    for label, mask in _large_first(found, pixels.size):
        mixed[mask] = mixed[mask] * (1 - _BLEND) + np.array(class_colour(label)) * _BLEND
    for label, mask in _large_first(there, pixels.size):
        mixed[_outline(mask)] = class_colour(label)
    return Image.fromarray(mixed.round().astype(np.uint8))


def _has_mask(table: Annotations, row: int) -> bool:
    return bool(table.rings(row)) or table.object_runs(row) is not None


def _large_first(masks: Sequence[Labelled], size: tuple[int, int]) -> list[Labelled]:
    small = [
        (label, np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST)))
        for label, mask in masks
    ]
    return sorted(small, key=lambda entry: -int(entry[1].sum()))


def _outline(mask: Mask) -> Mask:
    """Pixels of a mask beside one that is none of it, two thick: one alone would be lost in a JPEG."""
    inner = mask
    for _ in range(2):
        padded = np.pad(inner, 1, constant_values=False)
        inner = inner & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inner
