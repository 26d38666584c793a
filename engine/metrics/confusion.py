"""The confusion matrix and what follows from it: accuracy, precision, recall, F1. Update, then compute; no state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
PerClass = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ClassRates:
    """Rates of each class, (C,), 0 to 1. A rate with nothing to divide by is 0, as in scikit-learn."""

    precision: PerClass
    """Of the images called this class, the share that are it. 0 when none was."""
    recall: PerClass
    """Of the images of this class, the share that were called it. 0 when there is none."""
    f1: PerClass
    """Harmonic mean of the two. 0 when the class was neither there nor predicted."""
    support: Counts
    """Images of this class."""
    seen: NDArray[np.bool_]
    """Whether the class occurs in targets or predictions: only these count in macro averages."""


def empty_confusion(num_classes: int) -> Counts:
    """Start: a (C, C) matrix of zeros."""
    return np.zeros((num_classes, num_classes), dtype=np.int64)


def update_confusion(confusion: Counts, targets: Counts, predicted: Counts) -> Counts:
    """Add images, (N,) class indices each. Rows are the true classes, columns the predicted ones."""
    num_classes = len(confusion)
    pairs = np.bincount(targets * num_classes + predicted, minlength=num_classes * num_classes)
    return confusion + pairs.reshape(num_classes, num_classes)


def accuracy(confusion: Counts) -> float:
    """Share of images on the diagonal, 0 to 1. 0 for an empty matrix."""
    total = int(confusion.sum())
    return float(np.trace(confusion) / total) if total else 0.0


def balanced_accuracy(confusion: Counts) -> float:
    """Mean recall over the classes that have images. 0 for an empty matrix."""
    rates = class_rates(confusion)
    there = rates.support > 0
    return float(rates.recall[there].mean()) if there.any() else 0.0


def class_rates(confusion: Counts) -> ClassRates:
    """Precision, recall and F1 of each class, one against the rest."""
    hits = np.diag(confusion).astype(np.float64)
    support, called = confusion.sum(axis=1), confusion.sum(axis=0)
    return ClassRates(
        precision=_divide(hits, called),
        recall=_divide(hits, support),
        f1=_divide(2 * hits, support + called),
        support=support,
        seen=(support + called) > 0,
    )


def macro(values: PerClass, rates: ClassRates) -> float:
    """Mean over the classes seen in targets or predictions. 0 when there is none."""
    return float(values[rates.seen].mean()) if rates.seen.any() else 0.0


def _divide(part: NDArray[np.float64], whole: Counts) -> PerClass:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
