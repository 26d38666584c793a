"""How well the outlines of segments agree: boundary precision and recall of each class within a tolerance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.0075
"""Of the image's diagonal, in the original measure (Csurka et al., BMVC 2013)."""

Labels = NDArray[np.integer]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BoundaryCounts:
    """Boundary pixels of each class, (C,), summed over images."""

    predicted: Counts
    predicted_near: Counts
    """Of those, the ones with a true boundary pixel of the class within the tolerance."""
    true: Counts
    true_near: Counts
    """Of the true ones, those with a predicted boundary pixel of the class within the tolerance."""

    def __add__(self, other: BoundaryCounts) -> BoundaryCounts:
        return BoundaryCounts(
            self.predicted + other.predicted,
            self.predicted_near + other.predicted_near,
            self.true + other.true,
            self.true_near + other.true_near,
        )

    @property
    def f1(self) -> NDArray[np.float64]:
        """(C,), 0 to 1: harmonic mean of the shares that are near; NaN for a class with no boundary in either."""
        precision = _share(self.predicted_near, self.predicted)
        recall = _share(self.true_near, self.true)
        both = precision + recall
        f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0)
        return np.where(self.predicted + self.true > 0, f1, np.nan)


def no_boundaries(num_classes: int) -> BoundaryCounts:
    none = np.zeros(num_classes, dtype=np.int64)
    return BoundaryCounts(none, none, none, none)


def tolerance_px(height: int, width: int, share: float = TOLERANCE) -> int:
    """Give the tolerance of an image in whole pixels, 1 at least."""
    return max(1, round(share * math.hypot(height, width)))


def boundary_counts(
    predicted: Labels, target: Labels, num_classes: int, ignore: int, tolerance: int | None = None
) -> BoundaryCounts:
    """Count one image, (H, W) each.

    A boundary pixel is one with a neighbour (left, right, above, below) of another class. Pixels that the target
    ignores are neither boundary nor make one, nor does the image's edge.

    Args:
        predicted: class indices.
        target: class indices or `ignore`.
        num_classes: C.
        ignore: value of pixels that do not count.
        tolerance: pixels, straight distance; None for 0.75 % of the diagonal.
    """
    reach = tolerance_px(*target.shape) if tolerance is None else tolerance
    counted = target != ignore
    ours = np.where(_edges(predicted, counted), predicted.astype(np.int64), -1)
    theirs = np.where(_edges(target, counted), target.astype(np.int64), -2)
    offsets = _disc(reach)
    return BoundaryCounts(
        *_near(ours, theirs, offsets, num_classes),
        *_near(theirs, ours, offsets, num_classes),
    )


def _edges(labels: Labels, counted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    edges = np.zeros(labels.shape, dtype=np.bool_)
    below = (labels[1:] != labels[:-1]) & counted[1:] & counted[:-1]
    beside = (labels[:, 1:] != labels[:, :-1]) & counted[:, 1:] & counted[:, :-1]
    edges[1:] |= below
    edges[:-1] |= below
    edges[:, 1:] |= beside
    edges[:, :-1] |= beside
    return edges


def _disc(reach: int) -> list[tuple[int, int]]:
    """All (dy, dx) within `reach`, the nearest first: most pixels find their like in the first few."""
    around = range(-reach, reach + 1)
    inside = [(dy, dx) for dy in around for dx in around if dy * dy + dx * dx <= reach * reach]
    return sorted(inside, key=lambda offset: offset[0] ** 2 + offset[1] ** 2)


def _near(
    own: NDArray[np.int64], other: NDArray[np.int64], offsets: list[tuple[int, int]], num_classes: int
) -> tuple[Counts, Counts]:
    """Count own boundary pixels of each class, and those with one of the same class in `other` within reach."""
    rows, columns = np.nonzero(own >= 0)
    classes = own[rows, columns]
    reach = max(dy for dy, _ in offsets)
    padded = np.pad(other, reach, constant_values=-3)
    width = padded.shape[1]
    flat, places = padded.ravel(), (rows + reach) * width + columns + reach
    alone, seeking = places, classes
    for dy, dx in offsets:
        if not len(alone):
            break
        still = flat[alone + (dy * width + dx)] != seeking
        alone, seeking = alone[still], seeking[still]
    total = np.bincount(classes, minlength=num_classes)
    return total, total - np.bincount(seeking, minlength=num_classes)


def _share(part: Counts, whole: Counts) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
