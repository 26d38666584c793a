"""Measures that look at scores rather than at the winning class: top-k, log loss, ROC AUC, calibration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]
Targets = NDArray[np.int64]

SMALLEST_PROBABILITY = 1e-12


def top_k_hits(scores: Scores, targets: Targets, k: int) -> NDArray[np.bool_]:
    """(N,): whether the true class is among the k best of (N, C) scores.

    Equal scores count in favour of the lower class index. With k >= C all are hits.
    """
    own = np.take_along_axis(scores, targets[:, None], axis=1)
    lower = np.arange(scores.shape[1])[None, :] < targets[:, None]
    better = (scores > own).sum(axis=1) + ((scores == own) & lower).sum(axis=1)
    return better < k


def top_k_accuracy(scores: Scores, targets: Targets, k: int) -> float:
    """Share of images whose true class is among the k best, 0 to 1. 0 without images."""
    return float(top_k_hits(scores, targets, k).mean()) if len(targets) else 0.0


def log_losses(probs: Scores, targets: Targets) -> NDArray[np.float64]:
    """(N,): cross-entropy of each image, nats. A probability of 0 counts as 1e-12."""
    own = np.take_along_axis(probs, targets[:, None], axis=1)[:, 0].astype(np.float64)
    return -np.log(np.clip(own, SMALLEST_PROBABILITY, 1.0))


def roc_auc(scores: Scores, is_positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve of (N,) scores: the chance that a positive scores above a negative; ties count half.

    0.5 is chance. NaN when positives or negatives are missing. (Mann and Whitney 1947.)
    """
    positives = int(is_positive.sum())
    negatives = len(is_positive) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle_rank = last - (counts - 1) / 2
    rank_sum = float(middle_rank[inverse][is_positive].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def roc_auc_per_class(scores: Scores, targets: Targets) -> NDArray[np.float64]:
    """(C,): each class against the rest; NaN where a class has no image or all of them."""
    return np.array([roc_auc(scores[:, c], targets == c) for c in range(scores.shape[1])], dtype=np.float64)


def mean_over_present(values: NDArray[np.float64], weights: NDArray[np.integer] | None = None) -> float:
    """Mean of (C,) values over the classes that have one; NaN where none has.

    Args:
        values: NaN for a class without images.
        weights: (C,) images of each class, for scikit-learn's `weighted`; None for its `macro`.
    """
    there = ~np.isnan(values)
    if weights is not None:
        there &= weights > 0
    if not there.any():
        return float("nan")
    return float(np.average(values[there], weights=None if weights is None else weights[there]))


def calibration_error(confidence: Scores, correct: NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error: mean |accuracy - confidence| over equal bins, weighted by images. 0 without images.

    0 is a model that is as sure as it is right. (Guo et al. 2017.)
    """
    if len(confidence) == 0:
        return 0.0
    which = confidence_bins(confidence, bins)
    gap = np.bincount(which, weights=correct.astype(np.float64) - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(confidence))


def confidence_bins(confidence: Scores, bins: int) -> NDArray[np.int64]:
    """(N,): which of equal bins, open to the left, each confidence is in; 0 is in the first, 1 in the last."""
    return np.clip(np.ceil(confidence.astype(np.float64) * bins).astype(np.int64) - 1, 0, bins - 1)
