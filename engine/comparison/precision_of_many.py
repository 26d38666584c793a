"""Average precision of classes of which many objects are found: a draw of the images in few steps over all classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.comparison.counts import Values

RECALLS = np.linspace(0, 1, 101)
"""At which COCO looks at precision."""
Places = NDArray[np.int64]
Often = NDArray[np.int32]
"""(M,): how often each image is drawn."""


class ClassSums:
    """Sums over the rows of each class, whatever the images weigh.

    Args:
        image: of each row.
        labels: of each row; -1 belongs to none.
        classes: how many there are.
    """

    def __init__(self, image: Places, labels: Places, classes: int) -> None:
        order = np.argsort(labels, kind="stable")
        order = order[np.searchsorted(labels[order], 0) :]
        self._image = image[order].astype(np.int32)
        self._classes = classes
        self._there, self._starts = np.unique(labels[order], return_index=True)

    def of(self, often: Often) -> Values:
        """(C,)."""
        sums = np.zeros(self._classes)
        if len(self._image):
            sums[self._there] = np.add.reduceat(often[self._image], self._starts)
        return sums


class PrecisionOfMany:
    """Gives what `average_precision` gives, where sums over hundreds of objects would cost most of the time.

    Precision is not looked at for each object that is found, but between the 101 recalls: at the objects with which
    one is reached, and as the best of those between two.

    Args:
        image: of each box, those of a class together with the surest first.
        starts: (C + 1,), where the boxes of each class begin, and their end.
        right: for each least overlap, the places of boxes that find an object.
    """

    def __init__(self, image: Places, starts: Places, right: Sequence[Places]) -> None:
        self._image = image.astype(np.int32)
        self._starts = starts
        self._ends = [places + 1 for places in right]
        self._right_image = [self._image[places] for places in right]
        self._firsts = [np.searchsorted(places, starts) for places in right]

    def average(self, often: Often, objects: Values) -> Values:
        """(overlaps, C): average precision of one draw, in which `objects` (C,) are there; NaN where none is."""
        every = np.concatenate([[0], np.cumsum(often[self._image], dtype=np.int64)])
        enough = _enough(np.maximum(objects, 1))
        averages = [self._at(place, often, every, enough) for place in range(len(self._ends))]
        return np.where(objects > 0, np.array(averages), np.nan)

    def _at(self, overlap: int, often: Often, every: Places, enough: Places) -> Values:
        firsts = self._firsts[overlap]
        counts = np.diff(firsts)
        right = np.concatenate([[0], np.cumsum(often[self._right_image[overlap]], dtype=np.int64)])
        before = right[firsts[:-1]]
        hits = right[1:] - np.repeat(before, counts)
        told = every[self._ends[overlap]] - np.repeat(every[self._starts[:-1]], counts)
        precision = np.append(hits / np.maximum(told, 1), 0.0)
        reached_by = np.searchsorted(right[1:], before[:, None] + enough)
        reached_by = np.clip(reached_by, firsts[:-1, None], firsts[1:, None])
        between = np.maximum.reduceat(precision, reached_by.ravel()).reshape(reached_by.shape)
        between[reached_by == firsts[1:, None]] = 0.0
        best = np.maximum.accumulate(between[:, ::-1], axis=1)
        return best.sum(axis=1) / len(RECALLS)


def _enough(objects: Values) -> Places:
    """(C, 101): how many objects must be found for each recall, as a division would tell it."""
    wanted = RECALLS * objects[:, None]
    count = np.ceil(wanted).astype(np.int64)
    count -= (count > 0) & ((count - 1) / objects[:, None] >= RECALLS)
    count += count / objects[:, None] < RECALLS
    return count
