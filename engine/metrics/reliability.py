"""Curves of scores: the ROC curve, and how often a model is right when it is so sure (the reliability diagram)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.metrics.ranking import Scores, Targets, confidence_bins

FALSE_POSITIVE_RATES = np.linspace(0, 1, 101)
"""At which curves of several classes are drawn together."""


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """K points from (0, 0) to (1, 1), one a different score. (Fawcett 2006.)"""

    false_positive_rate: NDArray[np.float64]
    """(K,), rising: share of negatives that score at least `thresholds`."""
    true_positive_rate: NDArray[np.float64]
    """(K,), rising: share of positives that do."""
    thresholds: NDArray[np.float64]
    """(K,), falling from infinity, which no score reaches."""


@dataclass(frozen=True, slots=True, eq=False)
class ReliabilityBins:
    """B equal bins of confidence, each open to the left: (0, 1/B], ... (1 - 1/B, 1]. (Guo et al. 2017.)"""

    images: NDArray[np.int64]
    """(B,)."""
    confidence: NDArray[np.float64]
    """(B,): mean confidence of the bin's images; NaN for an empty bin."""
    accuracy: NDArray[np.float64]
    """(B,): share of them that are right; NaN for an empty bin."""

    @property
    def error(self) -> float:
        """Expected calibration error, 0 to 1: mean of the gaps, weighted by images. 0 without images."""
        there = self.images > 0
        if not there.any():
            return 0.0
        gaps = np.abs(self.accuracy[there] - self.confidence[there])
        return float(np.average(gaps, weights=self.images[there]))


def roc_curve(scores: Scores, is_positive: NDArray[np.bool_]) -> RocCurve:
    """Give the curve of (N,) scores. A rate with nothing to divide by (no positives, no negatives) is NaN."""
    order = np.argsort(-scores, kind="stable")
    falling, positive = scores[order].astype(np.float64), is_positive[order]
    ends = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1) if len(falling) else np.zeros(0, int)
    hits, alarms = np.cumsum(positive)[ends], np.cumsum(~positive)[ends]
    with np.errstate(invalid="ignore", divide="ignore"):
        return RocCurve(
            false_positive_rate=np.append(0, alarms) / np.count_nonzero(~is_positive),
            true_positive_rate=np.append(0, hits) / np.count_nonzero(is_positive),
            thresholds=np.append(np.inf, falling[ends]),
        )


def roc_curves_on_grid(scores: Scores, targets: Targets) -> NDArray[np.float64]:
    """(C, 101): of (N, C) scores, each class against the rest, the true positive rate at FALSE_POSITIVE_RATES.

    Straight between the points of the curve; where the curve is upright, its upper end. NaN where a class has no image
    or all of them.
    """
    rows = np.full((scores.shape[1], len(FALSE_POSITIVE_RATES)), np.nan)
    for label in range(scores.shape[1]):
        is_own = targets == label
        if is_own.any() and not is_own.all():
            curve = roc_curve(scores[:, label], is_own)
            # Of equal x the last, which is the upper end.
            last = np.append(np.diff(curve.false_positive_rate) > 0, True)
            rows[label] = np.interp(
                FALSE_POSITIVE_RATES, curve.false_positive_rate[last], curve.true_positive_rate[last]
            )
    return rows


def reliability_bins(confidence: Scores, correct: NDArray[np.bool_], bins: int = 15) -> ReliabilityBins:
    """Sort (N,) images by confidence, 0 to 1, into equal bins."""
    which = confidence_bins(confidence, bins)
    images = np.bincount(which, minlength=bins)
    with np.errstate(invalid="ignore"):
        return ReliabilityBins(
            images=images,
            confidence=np.bincount(which, weights=confidence, minlength=bins) / images,
            accuracy=np.bincount(which, weights=correct, minlength=bins) / images,
        )
