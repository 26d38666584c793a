"""How much each box overlaps the nearest object of its class, and the boxes that a range of numbers asks for."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from desktop.tasks.found_objects import Flags, FoundObjects, Numbers

BINS = 20
_HAIR = 1e-6
_KEPT = 4
_PAIRS_AT_ONCE = 2_000_000
_MOST_KEYS = 10_000_000
"""Images times classes; with more, a table of all would take more memory than time is won."""


@lru_cache(maxsize=_KEPT)
def nearest_overlaps(found: FoundObjects) -> NDArray[np.float64]:
    """Give (P,) the largest IoU of each box with an object of its class that counts; NaN for one that found a crowd.

    The engine keeps it of the boxes only that found something; what is near is counted here, class by class.
    """
    best = np.zeros(len(found.boxes))
    counted = np.flatnonzero(~found.ignored)
    classes = 1 + max(_largest(found.labels), _largest(found.object_labels))
    theirs = found.object_image[counted] * classes + found.object_labels[counted]
    order = np.argsort(theirs, kind="stable")
    rows = counted[order]
    first, number = _places(theirs[order], found.box_image * classes + found.labels, found.images * classes)
    boxes = np.flatnonzero(number)  # most have no object of their class in their image
    first, number = first[boxes], number[boxes]
    for part in _parts(number):
        pairs = number[part]
        starts = np.cumsum(pairs) - pairs
        one = np.repeat(boxes[part], pairs)
        other = rows[np.repeat(first[part] - starts, pairs) + np.arange(len(one))]
        best[boxes[part]] = np.maximum.reduceat(_overlap(found.boxes[one], found.objects[other]), starts)
    best[found_ignored(found)] = np.nan
    return best


def _places(theirs: Numbers, ours: Numbers, keys: int) -> tuple[Numbers, Numbers]:
    """Where each of our keys begins among theirs, which rise, and how often it stands there: (P,) each."""
    if keys > _MOST_KEYS:
        first = np.searchsorted(theirs, ours, "left")
        return first, np.searchsorted(theirs, ours, "right") - first
    counts = np.bincount(theirs, minlength=keys)
    return (np.cumsum(counts) - counts)[ours], counts[ours]


def found_ignored(found: FoundObjects) -> Flags:
    """Say of each box whether it found an object that does not count: (P,)."""
    flags = found.partners >= 0
    flags[flags] = found.ignored[found.partners[flags]]
    return flags


def overlap_counts(found: FoundObjects, confidence: float) -> Numbers:
    """Count the boxes that are sure enough by their nearest overlap: (20,), from [0, 0.05) to [0.95, 1]."""
    return np.bincount(_bars(found)[found.scores >= confidence], minlength=BINS + 1)[:BINS]


@lru_cache(maxsize=_KEPT)
def _bars(found: FoundObjects) -> NDArray[np.uint8]:
    """The bar of each box, (P,); one behind the last where it counts in none."""
    overlaps = nearest_overlaps(found)
    which = np.clip(np.floor(np.nan_to_num(overlaps) * BINS + _HAIR), 0, BINS - 1)
    return np.where(np.isnan(overlaps), BINS, which).astype(np.uint8)


def _overlap(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> NDArray[np.float64]:
    """IoU of pairs of boxes, (K,)."""
    one, other = ours.T.astype(np.float64), theirs.T.astype(np.float64)
    across = np.minimum(one[2], other[2]) - np.maximum(one[0], other[0])
    down = np.minimum(one[3], other[3]) - np.maximum(one[1], other[1])
    shared = np.maximum(across, 0) * np.maximum(down, 0)
    areas = [(side[2] - side[0]) * (side[3] - side[1]) for side in (one, other)]
    whole = areas[0] + areas[1] - shared
    return np.divide(shared, whole, out=np.zeros(len(shared)), where=whole > 0)


def _parts(pairs: Numbers) -> list[slice]:
    """Divide boxes so that few pairs are looked at at once."""
    ends = np.cumsum(pairs)
    if not len(ends):
        return []
    cuts = np.searchsorted(ends, np.arange(_PAIRS_AT_ONCE, int(ends[-1]), _PAIRS_AT_ONCE)).tolist()
    edges = [0, *(cut + 1 for cut in cuts), len(pairs)]
    return [slice(start, stop) for start, stop in pairwise(edges) if stop > start]


def _largest(values: Numbers) -> int:
    return int(values.max()) if len(values) else 0
