"""Images with objects: which boxes found one at an IoU of 0.5, and average precision of any draw of the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.comparison.counts import Drawn, Values, Weights, mean_there, share, sums_by_class
from engine.comparison.matching import class_map
from engine.comparison.measured import Measured

_RECALLS = np.linspace(0, 1, 101)
_AT_ONCE = 2_000_000
"""Boxes times draws that are held in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class _ClassBoxes:
    """Boxes of one class, the surest first, down to the last that found an object: those after it change nothing."""

    image: NDArray[np.int64]
    is_right: NDArray[np.bool_]


class ObjectCounts:
    """See `Counts`.

    AP 50 is COCO's with its 101 recalls. Precision, recall and F1 hold at the confidence with the model's best mean
    F1 over all of its images, which stays the same in every draw. Boxes that found an ignored object (a crowd, a
    difficult one) count neither way.
    """

    metrics: Sequence[str] = ("map50", "precision", "recall", "f1")
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
        self._by_class = [self._boxes_of(number) for number in range(self._classes)]

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

    def draw(self, weights: Weights) -> Drawn:
        step = max(1, _AT_ONCE // max(1, len(self._image) + len(self._object_image)))
        parts = [self._draw(weights[start : start + step]) for start in range(0, len(weights), step)]
        return Drawn(
            np.concatenate([part.metrics for part in parts]), np.concatenate([part.classes for part in parts])
        )

    def _draw(self, weights: Weights) -> Drawn:
        objects = sums_by_class(weights[:, self._object_image], self._object_labels, self._classes)
        shown = self._scores >= self._confidence
        drawn, labels = weights[:, self._image[shown]], self._labels[shown]
        is_right = self._right_boxes[shown]
        hits = sums_by_class(drawn, np.where(is_right, labels, -1), self._classes)
        wrong = sums_by_class(drawn, np.where(is_right, -1, labels), self._classes)
        there = objects > 0
        # Without any box precision is 1, as in `engine.metrics.detection_curves`.
        precision = np.where(hits + wrong > 0, hits / np.maximum(hits + wrong, 1), 1.0)
        rates = (precision, share(hits, objects), share(2 * hits, hits + wrong + objects))
        average = np.stack(
            [_average_precision(boxes, weights, objects[:, c]) for c, boxes in enumerate(self._by_class)],
            axis=1,
        )
        metrics = [mean_there(average), *(mean_there(np.where(there, rate, np.nan)) for rate in rates)]
        return Drawn(np.stack(metrics, axis=1), average)

    def _boxes_of(self, number: int) -> _ClassBoxes:
        own = np.flatnonzero(self._labels == number)
        right = np.flatnonzero(self._right_boxes[own])
        own = own[: int(right[-1]) + 1 if len(right) else 0]
        return _ClassBoxes(self._image[own], self._right_boxes[own])

    def _by_image(self) -> tuple[Values, Values, Values]:
        """(M,) each: objects found, boxes that found none, objects missed."""
        shown = self._scores >= self._confidence
        hits, wrong = (
            np.bincount(self._image[shown & chosen], minlength=self._images).astype(np.float64)
            for chosen in (self._right_boxes, ~self._right_boxes)
        )
        return hits, wrong, np.bincount(self._object_image, minlength=self._images) - hits


def _average_precision(boxes: _ClassBoxes, weights: Weights, objects: Values) -> Values:
    """(R,): COCO's average precision of one class, where `objects` (R,) are there; NaN where none is."""
    found = np.where(objects > 0, 0.0, np.nan)
    if not len(boxes.image):
        return found
    drawn = weights[:, boxes.image]
    right = np.cumsum(np.where(boxes.is_right, drawn, 0.0), axis=1)
    precision = right / np.maximum(np.cumsum(drawn, axis=1), 1)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    for row, there in enumerate(objects.tolist()):
        if there > 0:
            places = np.searchsorted(right[row] / there, _RECALLS, side="left")
            found[row] = best[row, places[places < len(boxes.image)]].sum() / len(_RECALLS)
    return found


def _owners(offsets: NDArray[np.generic]) -> NDArray[np.int64]:
    """The image of each row, where those of image i are from offset i to offset i + 1."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets.astype(np.int64)))


def _best_confidence(result: Measured) -> float:
    """The lowest of the hundredths at which the mean F1 over the classes that are there is largest."""
    curves = result.array("curve_f1").astype(np.float64)
    there = curves[~np.isnan(curves).any(axis=1)]
    return float(np.argmax(there.mean(axis=0))) / (curves.shape[1] - 1) if len(there) else 0.0
