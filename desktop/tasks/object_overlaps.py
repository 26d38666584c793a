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
    rows, theirs = counted[order], theirs[order]
    ours = found.box_image * classes + found.labels
    first = np.searchsorted(theirs, ours, "left")
    number = np.searchsorted(theirs, ours, "right") - first
    for part in _parts(number):
        pairs = number[part]
        one = np.repeat(np.arange(part.start, part.stop), pairs)
        inside = np.arange(len(one)) - np.repeat(np.cumsum(pairs) - pairs, pairs)
        other = rows[np.repeat(first[part], pairs) + inside]
        np.maximum.at(best, one, _overlap(found.boxes[one], found.objects[other]))
    best[found_ignored(found)] = np.nan
    return best


def found_ignored(found: FoundObjects) -> Flags:
    """Say of each box whether it found an object that does not count: (P,)."""
    flags = found.partners >= 0
    flags[flags] = found.ignored[found.partners[flags]]
    return flags


def overlap_counts(found: FoundObjects, confidence: float) -> Numbers:
    """Count the boxes that are sure enough by their nearest overlap: (20,), from [0, 0.05) to [0.95, 1]."""
    overlaps = nearest_overlaps(found)[found.scores >= confidence]
    overlaps = overlaps[~np.isnan(overlaps)]
    which = np.clip(np.floor(overlaps * BINS + _HAIR).astype(np.int64), 0, BINS - 1)
    return np.bincount(which, minlength=BINS)


def _overlap(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> NDArray[np.float64]:
    """IoU of pairs of boxes, (K,)."""
    one, other = ours.astype(np.float64), theirs.astype(np.float64)
    sides = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    shared = np.maximum(sides, 0).prod(axis=1)
    whole = (one[:, 2:] - one[:, :2]).prod(axis=1) + (other[:, 2:] - other[:, :2]).prod(axis=1) - shared
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
