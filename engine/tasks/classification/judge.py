"""From scores and true classes to metrics, confusion matrix and a verdict on each image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import PluginError
from engine.metrics.confusion import (
    accuracy,
    balanced_accuracy,
    class_rates,
    empty_confusion,
    macro,
    update_confusion,
)
from engine.metrics.ranking import log_losses, mean_over_present, roc_auc_per_class, top_k_hits
from engine.metrics.reliability import (
    FALSE_POSITIVE_RATES,
    ReliabilityBins,
    reliability_bins,
    roc_curves_on_grid,
)
from engine.tasks.predictions import ClassScores
from engine.tasks.task import Direction, Judgement, Prediction

TOP_K = 5
MAX_CLASSES_FOR_AUC = 200
"""With more classes the ROC AUC is left out: it sorts all images once a class."""
MOST_CLASSES_KEPT_WHOLE = 100
"""With more, only scores from `LEAST_SCORE` on are kept of each image: a thousand classes are nearly all near 0."""
LEAST_SCORE = 1e-3

DIRECTIONS: Mapping[str, Direction] = {
    "loss": "min",
    "accuracy": "max",
    "balanced_accuracy": "max",
    "top5_accuracy": "max",
    "precision_macro": "max",
    "recall_macro": "max",
    "f1_macro": "max",
    "precision_micro": "max",
    "recall_micro": "max",
    "f1_micro": "max",
    "roc_auc_macro": "max",
    "roc_auc_weighted": "max",
    "calibration_error": "min",
}


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """N images with their probabilities, true classes and losses."""

    probs: NDArray[np.float32]
    """(N, C)."""
    targets: NDArray[np.int64]
    """(N,)."""
    losses: NDArray[np.float32]
    """(N,), cross-entropy, nats."""
    items: NDArray[np.int64]
    """(N,), positions in manifest.items."""
    mean_loss: float | None = None
    """The model's own loss where it is not the mean of `losses`."""


def score_table(
    predictions: Sequence[Prediction], targets: NDArray[np.int64], num_classes: int
) -> ScoreTable:
    """Put predictions in a table.

    Raises:
        PluginError: `infer_answer` when one is no ClassScores of `num_classes` classes.
    """
    probs = stack_scores(predictions, num_classes)
    losses = log_losses(probs, targets).astype(np.float32)
    return ScoreTable(probs, targets, losses, np.arange(len(targets), dtype=np.int64))


def stack_scores(predictions: Sequence[Prediction], num_classes: int) -> NDArray[np.float32]:
    """(N, C) probabilities of N predictions."""
    probs = np.zeros((len(predictions), num_classes), dtype=np.float32)
    for row, prediction in enumerate(predictions):
        if not isinstance(prediction, ClassScores) or np.shape(prediction.probs) != (num_classes,):
            shape = np.shape(prediction.probs) if isinstance(prediction, ClassScores) else "no scores"
            raise PluginError(
                "infer_answer",
                f"The model answered with {type(prediction).__name__} ({shape}) for a data set of "
                f"{num_classes} classes.",
                "Give one ClassScores an image, with a probability for each class.",
            )
        probs[row] = prediction.probs
    return probs


def judge_scores(table: ScoreTable, class_names: Sequence[str]) -> Judgement:
    """Compute metrics, per-class rates, confusion matrix and per-image columns. Without images all metrics are 0."""
    columns = _columns(table)
    predicted = columns["predicted"].astype(np.int64)
    confusion = update_confusion(empty_confusion(len(class_names)), table.targets, predicted)
    rates = class_rates(confusion)
    areas = roc_auc_per_class(table.probs, table.targets) if len(class_names) <= MAX_CLASSES_FOR_AUC else None
    hit_rate = accuracy(confusion)
    reliability = reliability_bins(table.probs.max(axis=1, initial=0), columns["correct"].astype(np.bool_))
    metrics = {
        "loss": _mean(table.losses) if table.mean_loss is None else table.mean_loss,
        "accuracy": hit_rate,
        "balanced_accuracy": balanced_accuracy(confusion),
        "top5_accuracy": _mean(top_k_hits(table.probs, table.targets, TOP_K)),
        "precision_macro": macro(rates.precision, rates),
        "recall_macro": macro(rates.recall, rates),
        "f1_macro": macro(rates.f1, rates),
        # One label an image: every miss is one false positive and one false negative.
        "precision_micro": hit_rate,
        "recall_micro": hit_rate,
        "f1_micro": hit_rate,
        "calibration_error": reliability.error,
    }
    per_class = {"precision": rates.precision, "recall": rates.recall, "f1": rates.f1}
    per_class["support"] = rates.support.astype(np.float64)
    arrays = _reliability(reliability)
    if areas is not None and not np.isnan(areas).all():
        metrics["roc_auc_macro"] = mean_over_present(areas)
        metrics["roc_auc_weighted"] = mean_over_present(areas, rates.support)
        per_class["roc_auc"] = areas
        arrays["roc_false_positive_rates"] = FALSE_POSITIVE_RATES
        arrays["roc_true_positive_rates"] = roc_curves_on_grid(table.probs, table.targets)
    curves = tuple(arrays)
    if len(class_names) > MOST_CLASSES_KEPT_WHOLE:
        arrays |= _large_scores(table.probs)
    return Judgement(metrics, _by_name(per_class, class_names), confusion, columns, arrays, curves=curves)


def _reliability(bins: ReliabilityBins) -> dict[str, NDArray[np.generic]]:
    """How often images are right that are so sure, (15,) each."""
    return {
        "reliability_images": bins.images,
        "reliability_confidence": bins.confidence,
        "reliability_accuracy": bins.accuracy,
    }


def _columns(table: ScoreTable) -> dict[str, NDArray[np.generic]]:
    probs, targets = table.probs, table.targets
    count, num_classes = probs.shape
    order = _likeliest(probs, min(TOP_K, num_classes))
    best = np.take_along_axis(probs, order, axis=1)
    predicted = order[:, 0] if count else np.zeros(0, dtype=np.int64)
    others = probs.copy()
    rows = np.arange(count)
    own = others[rows, targets].copy()
    others[rows, targets] = -np.inf
    rival = others.max(axis=1, initial=-np.inf) if num_classes > 1 else np.zeros(count, dtype=np.float32)
    columns: dict[str, NDArray[np.generic]] = {
        "item": table.items,
        "target": targets.astype(np.int32),
        "predicted": predicted.astype(np.int32),
        "confidence": best[:, 0].astype(np.float32) if count else np.zeros(0, dtype=np.float32),
        "loss": table.losses.astype(np.float32),
        "correct": predicted == targets,
        "margin": (own - rival).astype(np.float32),
        "top": order.astype(np.int32),
        "top_scores": best.astype(np.float32),
    }
    if num_classes <= MOST_CLASSES_KEPT_WHOLE:
        columns["scores"] = probs
    return columns


def _likeliest(probs: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """(N, count) classes by probability, of equals the lower index first; NaN last.

    Taking the best one away, time and again, is many times as fast as sorting a thousand classes.
    """
    rest = probs.copy()
    rest[np.isnan(rest)] = -1
    rows, order = np.arange(len(probs)), np.zeros((len(probs), count), dtype=np.int64)
    for place in range(count):
        order[:, place] = rest.argmax(axis=1)
        rest[rows, order[:, place]] = -np.inf
    return order


def _large_scores(probs: NDArray[np.float32]) -> dict[str, NDArray[np.generic]]:
    """The scores from `LEAST_SCORE` on, with offsets: those of image i are from offset i to offset i + 1."""
    is_large = probs >= LEAST_SCORE
    places = np.flatnonzero(is_large)
    return {
        "score_offsets": np.concatenate([[0], np.cumsum(is_large.sum(axis=1))]).astype(np.int64),
        "score_classes": (places % probs.shape[1]).astype(np.int32),
        "score_values": probs.reshape(-1)[places],
    }


def _by_name(
    values: Mapping[str, NDArray[np.float64]], class_names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Leave out NaN: a class without images has no ROC AUC."""
    return {
        metric: {
            name: float(value) for name, value in zip(class_names, column, strict=True) if not np.isnan(value)
        }
        for metric, column in values.items()
    }


def _mean(values: NDArray[np.generic]) -> float:
    return float(values.astype(np.float64).mean()) if len(values) else 0.0
