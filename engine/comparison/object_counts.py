"""Images with objects: which boxes found one, and average precision of any draw of the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.comparison.box_matching import MOST_BOXES, OVERLAPS, Placed, ranks, right_at_overlaps
from engine.comparison.counts import Drawn, Values, Weights, mean_there, share
from engine.comparison.matching import class_map
from engine.comparison.measured import Measured
from engine.comparison.precision_of_many import RECALLS, ClassSums, PrecisionOfMany

MANY = 200
"""From so many objects found on, a class is looked at between recalls, not at each of the objects."""
_AT_ONCE = 4_000_000
"""Boxes times draws that are held in memory."""
_AT_75 = 5


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Boxes of one class at one least overlap, the surest first."""

    image: NDArray[np.int64]
    """Of all boxes down to the last that found an object: those after it change nothing."""
    right: NDArray[np.int64]
    """Places of those that did."""


class ObjectCounts:
    """See `Counts`.

    Average precision is COCO's with its 101 recalls; beyond an overlap of 0.5 boxes are matched again here. Where
    objects are ignored (crowds, difficult ones) what is stored does not tell how, and mAP 50-95 and mAP 75 are NaN.
    Precision, recall and F1 hold at the confidence with the model's best mean F1 over all of its images, which stays
    the same in every draw. Boxes that found an ignored object count neither way.
    """

    metrics: Sequence[str] = ("map", "map50", "map75", "precision", "recall", "f1")
    stands_for: Sequence[str] = ()
    class_measure = "map50"

    def __init__(self, result: Measured, rows: NDArray[np.int64], classes: Sequence[str]) -> None:
        self._classes = len(classes)
        self._images = len(rows)
        places = class_map(result, classes)
        place = np.full(result.images, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        ignored = result.array("object_ignored").astype(np.bool_)
        partner = result.array("box_partners").astype(np.int64)
        image = place[_owners(result.array("box_offsets"))]
        is_right = partner >= 0
        counts = image >= 0
        counts[is_right] &= ~ignored[partner[is_right]]
        scores = result.array("box_scores").astype(np.float64)
        order = np.flatnonzero(counts)
        order = order[np.lexsort((image[order], -scores[order]))]
        self._image, self._scores, self._right_boxes = image[order], scores[order], is_right[order]
        self._labels = places[result.array("box_labels").astype(np.int64)[order]]
        objects = place[_owners(result.array("object_offsets"))]
        counted = (objects >= 0) & ~ignored
        self._object_image = objects[counted]
        self._object_labels = places[result.array("object_labels").astype(np.int64)[counted]]
        self._confidence = _best_confidence(result)
        right = self._right_boxes[None]
        if not ignored[objects >= 0].any():
            boxes, things = result.array("boxes")[order], result.array("objects")[counted]
            right = right_at_overlaps(
                Placed(self._image * self._classes + self._labels, boxes.astype(np.float32)),
                Placed(self._object_image * self._classes + self._object_labels, things.astype(np.float32)),
            )
            right[0] = self._right_boxes
        self._prepare(right)

    @property
    def right(self) -> NDArray[np.bool_]:
        _hits, wrong, missed = self._by_image()
        return np.asarray((wrong + missed) == 0)

    @property
    def goodness(self) -> Values:
        """F1 of each image; 1 where nothing is there and nothing was found."""
        hits, wrong, missed = self._by_image()
        told = 2 * hits + wrong + missed
        return np.divide(2 * hits, told, out=np.ones(self._images), where=told > 0)

    @property
    def class_images(self) -> NDArray[np.int64]:
        shown = self._scores >= self._confidence
        image = np.concatenate([self._object_image, self._image[shown]])
        labels = np.concatenate([self._object_labels, self._labels[shown]])
        return np.bincount(np.unique(image * self._classes + labels) % self._classes, minlength=self._classes)

    def draw(self, weights: Weights) -> Drawn:
        drawn = np.ascontiguousarray(weights.T, dtype=np.int32)
        objects, hits, wrong = (np.stack([sums.of(often) for often in drawn]) for sums in self._sums)
        there = objects > 0
        # Without any box precision is 1, as in `engine.metrics.detection_curves`.
        precision = np.where(hits + wrong > 0, hits / np.maximum(hits + wrong, 1), 1.0)
        rates = (precision, share(hits, objects), share(2 * hits, hits + wrong + objects))
        average = self._averages(weights, drawn, objects)
        metrics = [mean_there(average.mean(axis=0)), mean_there(average[0]), mean_there(average[_AT_75])]
        metrics += [mean_there(np.where(there, rate, np.nan)) for rate in rates]
        return Drawn(np.stack(metrics, axis=1), average[0])

    def _averages(self, weights: Weights, drawn: NDArray[np.int32], objects: Values) -> Values:
        """(overlaps, R, C)."""
        average = np.full((len(OVERLAPS), len(objects), self._classes), np.nan)
        for place, often in enumerate(drawn if len(self._large) else ()):
            average[:, place, self._large] = self._many.average(often, objects[place, self._large])
        largest = max((len(found.image) for row in self._found for found in row.values()), default=0)
        step = max(1, _AT_ONCE // max(1, largest))
        for start in range(0, len(objects), step):
            part = slice(start, start + step)
            for overlap, row in enumerate(self._found):
                for label, found in row.items():
                    average[overlap, part, label] = average_precision(
                        found, weights[:, part], objects[part, label]
                    )
        return average

    def _prepare(self, right: NDArray[np.bool_]) -> None:
        """Put together by class what every draw sums, where `right` is (overlaps, boxes)."""
        shown = self._scores >= self._confidence
        is_right = self._right_boxes[shown]
        image, labels = self._image[shown], self._labels[shown]
        self._sums = (
            ClassSums(self._object_image, self._object_labels, self._classes),
            ClassSums(image, np.where(is_right, labels, -1), self._classes),
            ClassSums(image, np.where(is_right, -1, labels), self._classes),
        )
        counts = np.flatnonzero(ranks(self._image * self._classes + self._labels) < MOST_BOXES)
        found = np.bincount(self._labels[counts[right[0, counts]]], minlength=self._classes)
        self._large = np.flatnonzero(found >= MANY)
        counts = counts[np.argsort(self._labels[counts], kind="stable")]
        own = np.split(counts, np.searchsorted(self._labels[counts], np.arange(1, self._classes)))
        self._found = self._by_class(right, own)
        self._many = _of_large(self._image, right, [own[label] for label in self._large])

    def _by_class(self, right: NDArray[np.bool_], own: Sequence[NDArray[np.int64]]) -> list[dict[int, Found]]:
        """By overlap and class, those with many objects found left out."""
        small = [label for label in range(self._classes) if label not in set(self._large.tolist())]
        found: list[dict[int, Found]] = []
        for row in right:
            places = {label: np.flatnonzero(row[own[label]]) for label in small}
            ends = {label: int(place[-1]) + 1 if len(place) else 0 for label, place in places.items()}
            found.append(
                {label: Found(self._image[own[label][: ends[label]]], places[label]) for label in small}
            )
        return found

    def _by_image(self) -> tuple[Values, Values, Values]:
        """(M,) each: objects found, boxes that found none, objects missed."""
        shown = self._scores >= self._confidence
        hits, wrong = (
            np.bincount(self._image[shown & chosen], minlength=self._images).astype(np.float64)
            for chosen in (self._right_boxes, ~self._right_boxes)
        )
        return hits, wrong, np.bincount(self._object_image, minlength=self._images) - hits


def average_precision(boxes: Found, weights: Weights, objects: Values) -> Values:
    """(R,): COCO's average precision of one class, where `objects` (R,) are there; NaN where none is.

    Precision is looked at where an object is found: in between it only falls.
    """
    if not len(boxes.right):
        return np.where(objects > 0, 0.0, np.nan)
    starts = np.append(0, boxes.right[:-1] + 1)
    every = np.cumsum(np.add.reduceat(weights[boxes.image], starts, axis=0), axis=0)
    right = np.cumsum(weights[boxes.image[boxes.right]], axis=0)
    precision = right / np.maximum(every, 1)
    best = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    recall = right / np.maximum(objects, 1)
    # How many of the recalls are reached by each box that finds an object, and by none before it.
    reached = np.searchsorted(RECALLS, recall, side="right")
    average = (best * np.diff(reached, axis=0, prepend=0)).sum(axis=0) / len(RECALLS)
    return np.where(objects > 0, average, np.nan)


def _of_large(
    image: NDArray[np.int64], right: NDArray[np.bool_], own: Sequence[NDArray[np.int64]]
) -> PrecisionOfMany:
    boxes = np.concatenate([np.zeros(0, dtype=np.int64), *own])
    starts = np.cumsum([0, *(len(each) for each in own)])
    return PrecisionOfMany(image[boxes], starts, [np.flatnonzero(row[boxes]) for row in right])


def _owners(offsets: NDArray[np.generic]) -> NDArray[np.int64]:
    """The image of each row, where those of image i are from offset i to offset i + 1."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets.astype(np.int64)))


def _best_confidence(result: Measured) -> float:
    """The lowest of the hundredths at which the mean F1 over the classes that are there is largest."""
    curves = result.array("curve_f1").astype(np.float64)
    there = curves[~np.isnan(curves).any(axis=1)]
    return float(np.argmax(there.mean(axis=0))) / (curves.shape[1] - 1) if len(there) else 0.0
