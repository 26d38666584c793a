"""Quality of semantic segmentation from one confusion matrix over all pixels of all images. Update, then compute."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.metrics.boundary import BoundaryCounts, boundary_counts, no_boundaries
from engine.metrics.confusion import accuracy, empty_confusion

IGNORE = 255

Counts = NDArray[np.int64]
PerClass = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SegmentationMetrics:
    """C classes. All are 0 to 1, of pixels that the target does not ignore; images are pooled, not averaged.

    A class that is neither in targets nor predictions is absent: NaN here, and not part of any mean. Without pixels
    the means are 0.
    """

    miou: float
    """Mean of `iou` over the classes that are there or predicted."""
    dice: float
    """Mean of `dice_per_class` over the same classes."""
    pixel_accuracy: float
    """Share of pixels with the right class."""
    mean_accuracy: float
    """Mean of `accuracy_per_class` over the classes that are there."""
    boundary_f1: float | None
    """Mean of `boundary_f1_per_class` over the classes with a boundary; None where boundaries are not compared."""
    iou: PerClass
    """(C,): intersection over union: right / (right + wrongly so called + missed). (Jaccard 1912.)"""
    dice_per_class: PerClass
    """(C,): 2 right / (pixels of the class + pixels so called), the F1 of pixels. (Dice 1945.)"""
    accuracy_per_class: PerClass
    """(C,): share of the class's pixels that are right; NaN where there are none."""
    boundary_f1_per_class: PerClass
    """(C,): harmonic mean of the share of predicted boundary pixels near a true one and the reverse, within 0.75 % of
    the diagonal. (Csurka et al. 2013; pooled over images here.)"""
    support: Counts
    """(C,): pixels of the class."""
    confusion: Counts
    """(C, C): rows are the true classes, columns the predicted ones, in pixels."""


@dataclass(slots=True)
class SegmentationMeter:
    """Gathers images one by one; `compute` may be called any number of times."""

    num_classes: int
    ignore: int = IGNORE
    """Value of target pixels that do not count."""
    boundaries: bool = True
    """Compare boundaries too: the most costly part."""
    _confusion: Counts = field(init=False)
    _boundary: BoundaryCounts = field(init=False)

    def __post_init__(self) -> None:
        self._confusion = empty_confusion(self.num_classes)
        self._boundary = no_boundaries(self.num_classes)

    def add(self, predicted: NDArray[np.integer], target: NDArray[np.integer]) -> Counts:
        """Take one image, (H, W) class indices each, and give its own (C, C) confusion.

        Raises:
            ValueError: sizes that differ, a predicted value out of range at a pixel that counts, or a target value
                that is neither a class nor `ignore`.
        """
        confusion = pixel_confusion(predicted, target, self.num_classes, self.ignore)
        self._confusion = self._confusion + confusion
        if self.boundaries:
            self._boundary += boundary_counts(predicted, target, self.num_classes, self.ignore)
        return confusion

    def add_confusion(self, confusion: Counts) -> None:
        """Take what was counted elsewhere, such as on the device, (C, C). Boundaries learn nothing from it."""
        self._confusion = self._confusion + confusion

    def compute(self) -> SegmentationMetrics:
        """Compute all from what was added."""
        return segmentation_metrics(self._confusion, self._boundary.f1 if self.boundaries else None)


def pixel_confusion(
    predicted: NDArray[np.integer], target: NDArray[np.integer], num_classes: int, ignore: int = IGNORE
) -> Counts:
    """(C, C) of one image's pixels, without those that the target ignores.

    Raises:
        ValueError: sizes that differ, or a value that is no class.
    """
    if predicted.shape != target.shape:
        raise ValueError(f"The prediction is {predicted.shape}, the target {target.shape}.")
    counted = target != ignore
    rows, columns = target[counted].astype(np.int64), predicted[counted].astype(np.int64)
    for values, what in ((rows, "target"), (columns, "prediction")):
        if len(values) and not (values.min() >= 0 and values.max() < num_classes):
            raise ValueError(
                f"The {what} has pixels of {values.min()} to {values.max()}; classes are 0 to {num_classes - 1}."
            )
    return np.bincount(rows * num_classes + columns, minlength=num_classes * num_classes).reshape(
        num_classes, num_classes
    )


def segmentation_metrics(confusion: Counts, boundary_f1: PerClass | None = None) -> SegmentationMetrics:
    """Compute all from a (C, C) confusion of pixels, and the (C,) boundary F1 where it was taken."""
    right = np.diag(confusion).astype(np.float64)
    support, called = confusion.sum(axis=1), confusion.sum(axis=0)
    iou = _over(right, support + called - right)
    dice = _over(2 * right, support + called)
    accuracies = _over(right, support)
    outlines = np.full(len(confusion), np.nan) if boundary_f1 is None else boundary_f1
    return SegmentationMetrics(
        miou=_mean(iou),
        dice=_mean(dice),
        pixel_accuracy=accuracy(confusion),
        mean_accuracy=_mean(accuracies),
        boundary_f1=None if boundary_f1 is None else _mean(outlines),
        iou=iou,
        dice_per_class=dice,
        accuracy_per_class=accuracies,
        boundary_f1_per_class=outlines,
        support=support,
        confusion=confusion,
    )


def _over(part: PerClass, whole: Counts | PerClass) -> PerClass:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def _mean(values: PerClass) -> float:
    """Mean of what is there; 0 where nothing is."""
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else 0.0
