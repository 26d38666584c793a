"""Which predictions meet which true objects: overlaps of all images at once, and COCO's greedy matching."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.metrics.objects import Boxes, Flags, Indices, ObjectTable, box_areas
from engine.metrics.run_length import mask_overlaps

PAIRS_AT_ONCE = 1_000_000
"""Bounds memory: some 100 bytes a pair."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """K pairs of a prediction and a true object of the same image that overlap."""

    predicted: Indices
    """(K,), rows of the table's predictions."""
    true: Indices
    """(K,), rows of the table's true objects."""
    overlap: NDArray[np.float64]
    """(K,), above 0 to 1: intersection over union, for a crowd over the prediction's own area."""

    def where(self, keep: Flags) -> Pairs:
        return Pairs(self.predicted[keep], self.true[keep], self.overlap[keep])


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """What became of P predictions and T true objects at one least overlap."""

    partner: Indices
    """(P,): row of the true object that the prediction found, -1 for none."""
    overlap: NDArray[np.float64]
    """(P,): overlap with it, 0 for none."""
    ignored: Flags
    """(P,): it found a crowd or a difficult object and counts neither way."""
    found: Flags
    """(T,): whether a prediction found the object."""

    @property
    def is_right(self) -> Flags:
        """(P,): a true positive."""
        return (self.partner >= 0) & ~self.ignored

    @property
    def is_wrong(self) -> Flags:
        """(P,): a false positive."""
        return self.partner < 0


def overlapping_pairs(table: ObjectTable, masks: bool = False) -> Pairs:
    """Give all pairs of a prediction and a true object of one image that overlap, of any two classes.

    Sides of boxes are x2 - x1 and y2 - y1, without the 1 that some older tools add.
    """
    parts = list(_mask_pairs(table) if masks else _box_pairs(table))
    if not parts:
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    return Pairs(
        np.concatenate([part.predicted for part in parts]),
        np.concatenate([part.true for part in parts]),
        np.concatenate([part.overlap for part in parts]),
    )


def of_same_class(table: ObjectTable, pairs: Pairs) -> Pairs:
    return pairs.where(table.predicted.labels[pairs.predicted] == table.true.labels[pairs.true])


def match(table: ObjectTable, pairs: Pairs, least_overlap: float) -> Matches:
    """Match as COCO does: the surest prediction first takes the object it overlaps most and that is free.

    An object that counts is preferred to an ignored one; a crowd may be taken any number of times. Give pairs of the
    same class only for average precision, pairs of all classes for a confusion matrix. Of equal scores the earlier
    prediction goes first, of equal overlaps the later object is taken (pycocotools, `evaluateImg`).
    """
    near = pairs.where(pairs.overlap >= min(least_overlap, 1 - 1e-10))
    ignored, crowd = table.true.ignored, table.true.crowd
    turn = np.empty(len(table.predicted.scores), dtype=np.int64)
    turn[np.argsort(-table.predicted.scores, kind="stable")] = np.arange(len(turn))
    order = np.lexsort((-near.true, -near.overlap, ignored[near.true], turn[near.predicted]))
    partner = np.full(len(turn), -1, dtype=np.int64)
    overlap = np.zeros(len(turn), dtype=np.float64)
    found = np.zeros(len(table.true.image), dtype=np.bool_)
    for row in order.tolist():
        one, other = near.predicted[row], near.true[row]
        if partner[one] >= 0 or (found[other] and not crowd[other]):
            continue
        partner[one], overlap[one], found[other] = other, near.overlap[row], True
    is_ignored = np.zeros(len(turn), dtype=np.bool_)
    is_ignored[partner >= 0] = ignored[partner[partner >= 0]]
    return Matches(partner, overlap, is_ignored, found)


def best_overlaps(pairs: Pairs, predictions: int) -> NDArray[np.float64]:
    """(P,): the largest overlap of each prediction in these pairs, 0 without any."""
    best = np.zeros(predictions, dtype=np.float64)
    np.maximum.at(best, pairs.predicted, pairs.overlap)
    return best


def _box_pairs(table: ObjectTable) -> Iterator[Pairs]:
    per_image = _counts(table.predicted.image, table.images), _counts(table.true.image, table.images)
    sizes = per_image[0] * per_image[1]
    starts = np.cumsum(per_image[0]) - per_image[0], np.cumsum(per_image[1]) - per_image[1]
    chunk = (np.cumsum(sizes) - sizes) // PAIRS_AT_ONCE
    ours, theirs = _Sides.of(table.predicted.boxes), _Sides.of(table.true.boxes)
    for number in np.unique(chunk[sizes > 0]):
        images = np.flatnonzero((chunk == number) & (sizes > 0))
        image = np.repeat(images, sizes[images])
        inside = np.arange(len(image)) - np.repeat(np.cumsum(sizes[images]) - sizes[images], sizes[images])
        one = starts[0][image] + inside // per_image[1][image]
        other = starts[1][image] + inside % per_image[1][image]
        shared = _shared(ours, theirs, one, other)
        one, other, shared = one[shared > 0], other[shared > 0], shared[shared > 0]
        own = ours.area[one]
        whole = np.where(table.true.crowd[other], own, own + theirs.area[other] - shared)
        yield Pairs(one, other, shared / whole)


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """Boxes as columns: half the time of rows."""

    columns: NDArray[np.float64]
    """(4, n): left, top, right, bottom."""
    area: NDArray[np.float64]

    @classmethod
    def of(cls, boxes: Boxes) -> _Sides:
        return cls(np.ascontiguousarray(boxes.T), box_areas(boxes))


def _shared(ours: _Sides, theirs: _Sides, one: Indices, other: Indices) -> NDArray[np.float64]:
    left, top, right, bottom = ours.columns
    their_left, their_top, their_right, their_bottom = theirs.columns
    width = np.minimum(right[one], their_right[other]) - np.maximum(left[one], their_left[other])
    height = np.minimum(bottom[one], their_bottom[other]) - np.maximum(top[one], their_top[other])
    return np.maximum(width, 0) * np.maximum(height, 0)


def _mask_pairs(table: ObjectTable) -> Iterator[Pairs]:
    ours, theirs = table.predicted.masks or [], table.true.masks or []
    ends = (
        np.cumsum(_counts(table.predicted.image, table.images)),
        np.cumsum(_counts(table.true.image, table.images)),
    )
    start = (0, 0)
    for stop in zip(ends[0].tolist(), ends[1].tolist(), strict=True):
        crowd = table.true.crowd[start[1] : stop[1]]
        overlap = mask_overlaps(ours[start[0] : stop[0]], theirs[start[1] : stop[1]], crowd)
        one, other = np.nonzero(overlap > 0)  # masks of different sizes have -1
        yield Pairs(one + start[0], other + start[1], overlap[one, other])
        start = stop


def _counts(image: Indices, images: int) -> Indices:
    return np.bincount(image, minlength=images)
