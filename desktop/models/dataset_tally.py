"""What is counted of a dataset's labels: images, objects or pixels by class and split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.datasets.annotations import Annotations
from engine.datasets.mask_counts import MaskCounts

SIDE_EDGES = (0, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Edges of the bins of box sides, pixels; the last bin is open."""
SMALL, LARGE = 32, 96
"""COCO's bounds between small, medium and large objects: sides of a square, pixels."""
_MOST_BINS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Counts by split and class.

    Attributes:
        unit: what is counted: image, object or pixel.
        counts: (splits, classes).
        images_with: (splits, classes) images that show the class; empty while nobody knows.
    """

    unit: str
    counts: NDArray[np.int64]
    images_with: NDArray[np.int64]

    def totals(self) -> NDArray[np.int64]:
        """Over all splits: (classes,)."""
        return self.counts.sum(axis=0)


@dataclass(frozen=True, slots=True)
class Bins:
    """A histogram in words.

    Attributes:
        labels: of the bins, from the smallest.
        counts: the same length.
    """

    labels: tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True, eq=False)
class ObjectFacts:
    """What is counted of objects.

    Attributes:
        per_image: (images,) how many objects each image of the dataset has.
        image_of: (objects,) the image of each.
        per_image_bins: images by how many objects they hold.
        side_bins: objects by the side of a square as large as their box, pixels.
        by_size: small, medium and large objects, by COCO's bounds.
        has_masks: objects have masks, not only boxes.
        crowds: regions of many objects; they count in no class.
        median_per_image: of images with objects.
    """

    per_image: NDArray[np.int64]
    image_of: NDArray[np.int64]
    per_image_bins: Bins
    side_bins: Bins
    by_size: tuple[int, int, int]
    has_masks: bool
    crowds: int
    median_per_image: float

    @property
    def empty_images(self) -> int:
        """Images without any object: negatives."""
        return int((self.per_image == 0).sum())


def tally_labels(labels: NDArray[np.int64], splits: NDArray[np.int64], shape: tuple[int, int]) -> Tally:
    """Count images by the class that each has."""
    counts = np.zeros(shape, np.int64)
    known = (labels >= 0) & (splits >= 0)
    np.add.at(counts, (splits[known], labels[known]), 1)
    return Tally("image", counts, counts)


def tally_objects(
    annotations: Annotations, facts: ObjectFacts, splits: NDArray[np.int64], shape: tuple[int, int]
) -> Tally:
    """Count objects by class; crowds, being no single object, are left out."""
    single = ~annotations.crowd
    labels, images = annotations.labels[single], facts.image_of[single]
    counts, images_with = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    np.add.at(counts, (splits[images], labels), 1)
    pairs = np.sort(images * shape[1] + labels)  # `np.unique` takes fifty times as long for a million
    pairs = pairs[np.flatnonzero(np.diff(pairs, prepend=-1))]
    np.add.at(images_with, (splits[pairs // shape[1]], pairs % shape[1]), 1)
    return Tally("object", counts, images_with)


def tally_pixels(counts: MaskCounts, splits: NDArray[np.int64], splits_named: int) -> Tally:
    """Count pixels by class, of the masks that were read."""
    by_split = [counts.pixels[splits == number] for number in range(splits_named)]
    return Tally(
        "pixel",
        np.array([rows.sum(axis=0) for rows in by_split], np.int64).reshape(splits_named, -1),
        np.array([(rows > 0).sum(axis=0) for rows in by_split], np.int64).reshape(splits_named, -1),
    )


def object_facts(annotations: Annotations) -> ObjectFacts:
    """Count what there is to say of objects."""
    per_image = np.diff(annotations.object_starts)
    sides = np.sqrt(np.prod(annotations.boxes[:, 2:] - annotations.boxes[:, :2], axis=1, dtype=np.float64))
    small, medium = int((sides < SMALL).sum()), int(((sides >= SMALL) & (sides < LARGE)).sum())
    held = per_image[per_image > 0]
    return ObjectFacts(
        per_image=per_image,
        image_of=np.repeat(np.arange(len(per_image)), per_image),
        per_image_bins=count_bins(per_image),
        side_bins=side_bins(sides),
        by_size=(small, medium, len(sides) - small - medium),
        has_masks=annotations.has_masks,
        crowds=int(annotations.crowd.sum()),
        median_per_image=float(np.median(held)) if len(held) else 0.0,
    )


def count_bins(values: NDArray[np.int64]) -> Bins:
    """Make a histogram of whole numbers: one bin for 0, then equally wide ones."""
    if not len(values):
        return Bins((), ())
    largest = int(values.max())
    width = _round_up(max(1, -(-largest // (_MOST_BINS - 1))))
    places = np.where(values == 0, 0, (values - 1) // width + 1)
    counts = np.bincount(places)
    labels = ["0"] + [
        str(first) if width == 1 else f"{first}-{first + width - 1}"
        for first in range(1, (len(counts) - 1) * width + 1, width)
    ]
    return Bins(tuple(labels), tuple(int(count) for count in counts))


def side_bins(sides: NDArray[np.float64]) -> Bins:
    """Make a histogram of lengths in pixels; empty bins at both ends are left out."""
    if not len(sides):
        return Bins((), ())
    edges = SIDE_EDGES
    counts = np.bincount(np.searchsorted(edges, sides, side="right") - 1, minlength=len(edges))
    labels = [*(f"{low}-{high}" for low, high in pairwise(edges)), f"{edges[-1]}+"]
    filled = np.flatnonzero(counts)
    span = range(int(filled[0]), int(filled[-1]) + 1)
    return Bins(tuple(labels[place] for place in span), tuple(int(counts[place]) for place in span))


def missing_classes(tally: Tally, classes: Sequence[str], splits: Sequence[str]) -> list[str]:
    """Say which classes a split lacks, in sentences; the training split first."""
    lines: list[str] = []
    images = tally.images_with
    if not images.size:
        return lines
    for number, split in enumerate(splits):
        absent = [classes[int(label)] for label in np.flatnonzero(images[number] == 0)]
        if absent:
            named = ", ".join(absent[:3]) + (f" and {len(absent) - 3:,} more" if len(absent) > 3 else "")
            lines.append(f"No {split} image shows {named}.")
    return lines


def _round_up(width: int) -> int:
    """Give the next width that people count in: 1, 2, 5, 10, 20, 50 …"""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if factor * step >= width:
                return factor * step
        step *= 10
