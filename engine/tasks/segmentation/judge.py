"""From counted pixels to metrics, confusion matrix and a verdict on each image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.metrics.segmentation import segmentation_metrics
from engine.tasks.task import Direction, Judgement

DIRECTIONS: Mapping[str, Direction] = {
    "loss": "min",
    "miou": "max",
    "dice": "max",
    "pixel_accuracy": "max",
    "mean_accuracy": "max",
    "boundary_f1": "max",
}


@dataclass(frozen=True, slots=True, eq=False)
class PixelTable:
    """N images, counted."""

    confusion: NDArray[np.int64]
    """(C, C) of all images, in pixels: rows are the true classes."""
    counts: NDArray[np.int64]
    """(N, 3, C): of each image and class the pixels that are right, that are of the class, and that are called so."""
    items: NDArray[np.int64]
    """(N,), positions in manifest.items."""
    boundary_f1: NDArray[np.float64] | None = None
    """(C,), where boundaries were compared."""
    mean_loss: float | None = None
    maps: Mapping[str, NDArray[np.generic]] = field(default_factory=dict[str, "NDArray[np.generic]"])
    """What was predicted for each pixel, as `KeptMaps` gives it."""
    confusions: NDArray[np.integer] | None = None
    """(N, C, C) of each image, where the classes are few enough to keep it."""


def judge_pixels(table: PixelTable, class_names: Sequence[str]) -> Judgement:
    """Compute metrics, per-class values and per-image columns. Without images all metrics are 0."""
    found = segmentation_metrics(table.confusion, table.boundary_f1)
    metrics = {
        "miou": found.miou,
        "dice": found.dice,
        "pixel_accuracy": found.pixel_accuracy,
        "mean_accuracy": found.mean_accuracy,
    }
    per_class = {"iou": found.iou, "dice": found.dice_per_class, "accuracy": found.accuracy_per_class}
    if found.boundary_f1 is not None:
        metrics["boundary_f1"] = found.boundary_f1
        per_class["boundary_f1"] = found.boundary_f1_per_class
    if table.mean_loss is not None:
        metrics = {"loss": table.mean_loss, **metrics}
    per_class["support"] = found.support.astype(np.float64)
    return Judgement(
        metrics=metrics,
        per_class=_by_name(per_class, class_names),
        confusion=table.confusion,
        columns=_columns(table),
        arrays=dict(table.maps),
    )


def _columns(table: PixelTable) -> dict[str, NDArray[np.generic]]:
    right, true, called = (table.counts[:, row].astype(np.float64) for row in range(3))
    union = true + called - right
    iou = np.divide(right, union, out=np.full(union.shape, np.nan), where=union > 0)
    there = ~np.isnan(iou)
    images = np.divide(
        np.where(there, iou, 0).sum(axis=1),
        there.sum(axis=1),
        out=np.zeros(len(iou)),
        where=there.any(axis=1),
    )
    known = true.sum(axis=1)
    accuracy = np.divide(right.sum(axis=1), known, out=np.zeros(len(known)), where=known > 0)
    columns: dict[str, NDArray[np.generic]] = {
        "item": table.items,
        "iou": images.astype(np.float32),
        "pixel_accuracy": accuracy.astype(np.float32),
        "class_iou": iou.astype(np.float32),
        "class_true": table.counts[:, 1].astype(np.int32),
        "class_called": table.counts[:, 2].astype(np.int32),
    }
    if table.confusions is not None:
        columns["confusion"] = table.confusions.astype(np.int32)
    return columns


def _by_name(
    values: Mapping[str, NDArray[np.float64]], class_names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Leave out NaN: a class that is neither there nor predicted has no value."""
    return {
        metric: {
            name: float(value) for name, value in zip(class_names, column, strict=True) if not np.isnan(value)
        }
        for metric, column in values.items()
    }
