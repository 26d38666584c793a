"""What a classifier's scores show of each class when any threshold were taken: rates by threshold, and back again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from desktop.models.result import Result
from desktop.tasks.same_array import SameArray

Rates = NDArray[np.float64]
STEPS = 1_000
"""Thresholds are told in thousandths."""
MOST_SCORES = 5_000_000
"""Of more the curves would take longer than a page may: N images times C classes."""
_HAIR = 1e-6
_KEPT = 2


@dataclass(frozen=True, slots=True, eq=False)
class ClassCurves:
    """Each class against all others, at the thresholds 0, 0.001 … 1: (C, 1001) each; NaN where nothing is counted."""

    thresholds: Rates
    """(1001,)."""
    precision: Rates
    """NaN above the largest score of a class."""
    recall: Rates
    """NaN of a class without images."""
    f1: Rates
    false_positive_rate: Rates

    def threshold_of_recall(self, label: int, recall: float) -> float:
        """Give the highest threshold at which a class is found this often."""
        return self._highest(self.recall[label] >= recall - _HAIR)

    def threshold_of_alarms(self, label: int, rate: float) -> float:
        """Give the lowest threshold at which no more of the others are taken for a class."""
        enough = self.false_positive_rate[label] <= rate + _HAIR
        return float(self.thresholds[int(np.argmax(enough))]) if enough.any() else 1.0

    def _highest(self, enough: NDArray[np.bool_]) -> float:
        return float(self.thresholds[np.flatnonzero(enough)[-1]]) if enough.any() else 0.0


def class_curves(result: Result) -> ClassCurves | None:
    """Count at every threshold; None without scores, or where there are too many."""
    scores, targets = result.columns.get("scores"), result.columns.get("target")
    if scores is None or targets is None or scores.ndim != 2 or not 0 < scores.size <= MOST_SCORES:
        return None
    return _counted(SameArray(scores), SameArray(targets))


@lru_cache(maxsize=_KEPT)
def _counted(of_scores: SameArray, of_targets: SameArray) -> ClassCurves:
    scores, targets = of_scores.array, of_targets.array
    images, classes = scores.shape
    step = np.clip(np.floor(scores.astype(np.float64) * STEPS + _HAIR).astype(np.int64), 0, STEPS)
    flat = step + (STEPS + 1) * np.arange(classes)
    own = flat[np.arange(images), targets.astype(np.int64)]
    size = classes * (STEPS + 1)
    right = _at_least(np.bincount(own, minlength=size).reshape(classes, -1))
    called = _at_least(np.bincount(flat.ravel(), minlength=size).reshape(classes, -1))
    there = np.bincount(targets.astype(np.int64), minlength=classes)[:, None].astype(np.float64)
    return ClassCurves(
        thresholds=np.arange(STEPS + 1) / STEPS,
        precision=_share(right, called),
        recall=_share(right, np.broadcast_to(there, right.shape)),
        f1=np.where(there > 0, _share(2 * right, called + there), np.nan),
        false_positive_rate=_share(called - right, np.broadcast_to(images - there, right.shape)),
    )


def _at_least(counts: NDArray[np.int64]) -> Rates:
    """How many stand at a threshold or above it."""
    return np.cumsum(counts[:, ::-1], axis=1)[:, ::-1].astype(np.float64)


def _share(part: Rates, whole: Rates) -> Rates:
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
