"""Which boxes find an object at each of COCO's ten least overlaps: the surest box of a class chooses first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

OVERLAPS = np.linspace(0.5, 0.95, 10)
MOST_BOXES = 100
"""Of each class and image, the surest; those beyond do not count."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Boxes or objects of many images."""

    group: Numbers
    """(P,): a number for each image and class together."""
    corners: NDArray[np.float32]
    """(P, 4): left, top, right, bottom."""


def ranks(group: Numbers) -> Numbers:
    """(P,): which box of its group each is, from 0, where the boxes stand with the surest first."""
    order = np.argsort(group, kind="stable")
    is_first = np.diff(group[order], prepend=-1) != 0
    starts = np.flatnonzero(is_first)
    found = np.empty(len(group), dtype=np.int64)
    found[order] = np.arange(len(group)) - np.repeat(starts, np.diff(np.append(starts, len(group))))
    return found


def right_at_overlaps(boxes: Placed, objects: Placed) -> NDArray[np.bool_]:
    """(10, P): whether each box finds an object, where the boxes stand with the surest first and all objects count.

    As in COCO's rule a box takes the free object of its class with the largest overlap, of equals the last.
    """
    right = np.zeros((len(OVERLAPS), len(boxes.group)), dtype=np.bool_)
    box, thing = _pairs(boxes.group, objects.group)
    overlap = _overlaps(boxes.corners[box], objects.corners[thing])
    near = overlap >= OVERLAPS[0]
    box, thing, overlap = box[near], thing[near], overlap[near]
    rank = ranks(boxes.group)[box]
    order = np.lexsort((thing, overlap, box, rank))
    box, thing, overlap = box[order], thing[order], overlap[order]
    steps = np.append(np.flatnonzero(np.diff(rank[order], prepend=-1)), len(order))
    for row, least in enumerate(OVERLAPS):
        is_taken = np.zeros(len(objects.group), dtype=np.bool_)
        # Boxes of one rank are of different images or classes: they never want the same object.
        for start, end in zip(steps[:-1].tolist(), steps[1:].tolist(), strict=True):
            fits = start + np.flatnonzero((overlap[start:end] >= least) & ~is_taken[thing[start:end]])
            chosen = fits[np.diff(box[fits], append=-1) != 0]
            right[row, box[chosen]] = True
            is_taken[thing[chosen]] = True
    return right


def _pairs(boxes: Numbers, objects: Numbers) -> tuple[Numbers, Numbers]:
    """The rows of all boxes and objects that are of one image and class."""
    order = np.argsort(objects, kind="stable")
    first, end = (np.searchsorted(objects[order], boxes, side=side) for side in ("left", "right"))
    counts = end - first
    box = np.repeat(np.arange(len(boxes)), counts)
    within = np.arange(len(box)) - np.repeat(np.cumsum(counts) - counts, counts)
    return box, order[np.repeat(first, counts) + within]


def _overlaps(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """Intersection over union of pairs of boxes."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    common = np.prod(np.maximum(sides, 0), axis=1)
    whole = sum(np.prod(np.maximum(each[:, 2:] - each[:, :2], 0), axis=1) for each in (a, b)) - common
    return np.divide(common, whole, out=np.zeros_like(common), where=whole > 0)
