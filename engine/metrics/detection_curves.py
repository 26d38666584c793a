"""What matched predictions show beside average precision: rates by confidence, histograms, confusion, counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.metrics.objects import Indices, ObjectTable
from engine.metrics.overlap import Matches, Pairs, best_overlaps

CONFIDENCES = np.linspace(0, 1, 101)
BINS = 20
"""Of histograms, from 0 to 1."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ConfidenceCurves:
    """Rates of each class when predictions below a confidence are dropped, at one least overlap, (C, 101).

    Rows of classes without an object that counts are NaN.
    """

    confidences: NDArray[np.float64]
    """(101,): 0, 0.01, ... 1."""
    precision: NDArray[np.float64]
    """Right predictions by right and wrong ones; 1 where none is that sure (as scikit-learn ends its curve)."""
    recall: NDArray[np.float64]
    """Objects found by all objects."""
    f1: NDArray[np.float64]
    """2 right / (2 right + wrong + missed)."""

    @property
    def mean_f1(self) -> NDArray[np.float64]:
        """(101,), over the classes that have objects; 0 where no class has."""
        return _mean_over_classes(self.f1)

    @property
    def mean_precision(self) -> NDArray[np.float64]:
        """(101,), over the classes that have objects; 0 where no class has."""
        return _mean_over_classes(self.precision)

    @property
    def mean_recall(self) -> NDArray[np.float64]:
        """(101,), over the classes that have objects; 0 where no class has."""
        return _mean_over_classes(self.recall)

    @property
    def best(self) -> int:
        """Position of the confidence with the largest mean F1, the lowest of equals."""
        return int(np.argmax(self.mean_f1))


@dataclass(frozen=True, slots=True, eq=False)
class ImageCounts:
    """Of each image, (N,): predictions that are right and wrong, and objects missed, at one score and overlap."""

    right: Counts
    wrong: Counts
    missed: Counts


def confidence_curves(table: ObjectTable, matches: Matches) -> ConfidenceCurves:
    """Count right and wrong predictions of each class from each confidence on. `matches` are within classes."""
    counted = ~table.true.ignored
    objects = np.bincount(table.true.labels[counted], minlength=table.num_classes).astype(np.float64)
    right = _at_least(table, matches.is_right)
    wrong = _at_least(table, matches.is_wrong)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(right + wrong > 0, right / (right + wrong), 1.0)
        recall = right / objects[:, None]
        f1 = 2 * right / (right + wrong + objects[:, None])
    absent = objects == 0
    for curve in (precision, recall, f1):
        curve[absent] = np.nan
    return ConfidenceCurves(CONFIDENCES, precision, recall, f1)


def overlap_histogram(table: ObjectTable, same_class: Pairs, matches: Matches, score: float) -> Counts:
    """(20,): predictions of at least this score by their largest overlap with an object of their class.

    Bins are [0, 0.05) to [0.95, 1]; one that overlaps none is in the first, one that found an ignored object in none.
    """
    counted = ~table.true.ignored
    best = best_overlaps(same_class.where(counted[same_class.true]), len(table.predicted.scores))
    return _histogram(best[(table.predicted.scores >= score) & ~matches.ignored])


def confidence_histogram(table: ObjectTable, matches: Matches) -> Counts:
    """(2, 20): right, then wrong predictions by score, in bins [0, 0.05) to [0.95, 1]."""
    scores = table.predicted.scores
    return np.stack([_histogram(scores[matches.is_right]), _histogram(scores[matches.is_wrong])])


def confusion_with_background(table: ObjectTable, matches: Matches, score: float) -> Counts:
    """(C + 1, C + 1): rows are the true classes, columns the predicted ones, the last of each the background.

    A prediction below the score is none. Give matches made across classes: each takes one object, whatever its class;
    the surest chooses first, so that those below the score change nothing above it. The last column holds objects
    missed, the last row predictions of what is not there; ignored objects and what found them are left out; the last
    corner is 0.
    """
    background = table.num_classes
    shown = (table.predicted.scores >= score) & ~matches.ignored
    partner = matches.partner[shown]
    rows = np.full(len(partner), background)
    rows[partner >= 0] = table.true.labels[partner[partner >= 0]]
    found = np.zeros(len(table.true.labels), dtype=np.bool_)
    found[partner[partner >= 0]] = True
    missed = table.true.labels[~table.true.ignored & ~found]
    rows = np.concatenate([rows, missed])
    columns = np.concatenate([table.predicted.labels[shown], np.full(len(missed), background)])
    side = background + 1
    return np.bincount(rows * side + columns, minlength=side * side).reshape(side, side)


def image_counts(table: ObjectTable, matches: Matches, score: float) -> ImageCounts:
    """Count in each image, with predictions below the score left out. `matches` are within classes."""
    shown = table.predicted.scores >= score
    right = _per_image(table, table.predicted.image[shown & matches.is_right])
    objects = _per_image(table, table.true.image[~table.true.ignored])
    return ImageCounts(
        right, _per_image(table, table.predicted.image[shown & matches.is_wrong]), objects - right
    )


def _at_least(table: ObjectTable, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(C, 101): chosen predictions of each class from each confidence on."""
    scores, labels = table.predicted.scores[chosen], table.predicted.labels[chosen]
    last = np.searchsorted(CONFIDENCES, scores, side="right") - 1
    inside = last >= 0
    places = labels[inside] * len(CONFIDENCES) + last[inside]
    counts = np.bincount(places, minlength=table.num_classes * len(CONFIDENCES))
    by_class = counts.reshape(table.num_classes, len(CONFIDENCES)).astype(np.float64)
    return by_class[:, ::-1].cumsum(axis=1)[:, ::-1]


def _histogram(values: NDArray[np.float64]) -> Counts:
    # A hair up: float32's 0.7 is 0.69999999 and belongs to the bin from 0.7 on.
    which = np.clip(np.floor(values * BINS + 1e-6).astype(np.int64), 0, BINS - 1)
    return np.bincount(which, minlength=BINS)


def _per_image(table: ObjectTable, image: Indices) -> Counts:
    return np.bincount(image, minlength=table.images)


def _mean_over_classes(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    there = ~np.isnan(curves[:, 0]) if len(curves) else np.zeros(0, dtype=np.bool_)
    return curves[there].mean(axis=0) if there.any() else np.zeros(len(CONFIDENCES))
