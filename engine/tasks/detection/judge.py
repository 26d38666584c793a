"""From what was found and what is there to metrics, confusion matrix and a verdict on each image."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.metrics.detection import DetectionMetrics
from engine.tasks.task import Direction, Judgement

DIRECTIONS: Mapping[str, Direction] = {
    "loss": "min",
    "map": "max",
    "map50": "max",
    "map75": "max",
    "map_small": "max",
    "map_medium": "max",
    "map_large": "max",
    "recall_max": "max",
    "precision": "max",
    "recall": "max",
    "f1": "max",
    "mask_map": "max",
    "mask_map50": "max",
    "mask_map75": "max",
}


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """All that was counted over N images."""

    boxes: DetectionMetrics
    items: NDArray[np.int64]
    """(N,), positions in manifest.items."""
    class_names: Sequence[str]
    masks: DetectionMetrics | None = None
    """The same comparing masks, where both sides have them."""
    mean_loss: float | None = None
    drawn: Mapping[str, NDArray[np.generic]] = field(default_factory=dict[str, "NDArray[np.generic]"])
    """The masks of the boxes, as `KeptRuns` gives them, where the model made any."""


def judge_objects(measured: Measured) -> Judgement:
    """Name the metrics; those that have no value, such as of a size that no object has, are left out."""
    metrics, per_class = _metrics(measured.boxes), _per_class(measured.boxes, measured.class_names)
    if measured.masks is not None:
        found = _metrics(measured.masks)
        metrics |= {f"mask_{name}": found[name] for name in ("map", "map50", "map75") if name in found}
        of_masks = _per_class(measured.masks, measured.class_names)
        per_class |= {f"mask_{name}": of_masks[name] for name in ("map", "map50", "map75")}
    if measured.mean_loss is not None:
        metrics["loss"] = measured.mean_loss
    curves = _curves(measured.boxes)
    return Judgement(
        metrics=metrics,
        per_class=per_class,
        confusion=measured.boxes.confusion,
        columns={"item": measured.items, **_columns(measured.boxes)},
        arrays=_objects(measured.boxes) | curves | dict(measured.drawn),
        curves=tuple(curves),
    )


def _metrics(found: DetectionMetrics) -> dict[str, float]:
    best = found.curves.best
    values = {
        "map": found.map,
        "map50": found.map50,
        "map75": found.map75,
        "map_small": found.map_small,
        "map_medium": found.map_medium,
        "map_large": found.map_large,
        "recall_max": found.mar,
        # At the confidence with the best F1.
        "precision": float(found.curves.mean_precision[best]),
        "recall": float(found.curves.mean_recall[best]),
        "f1": float(found.curves.mean_f1[best]),
    }
    return {name: float(value) for name, value in values.items() if not math.isnan(value)}


def _per_class(found: DetectionMetrics, class_names: Sequence[str]) -> dict[str, dict[str, float]]:
    """By metric and class; a class without objects, or without any of a size, has no value."""
    curves, best = found.curves, found.curves.best
    small, medium, large = found.ap_by_size
    tables = {
        "map": found.ap,
        "map50": found.ap50,
        "map75": found.ap75,
        "map_small": small,
        "map_medium": medium,
        "map_large": large,
        # At the confidence with the best mean F1.
        "precision": curves.precision[:, best],
        "recall": curves.recall[:, best],
        "f1": curves.f1[:, best],
        "support": found.support,
    }
    return {
        name: {
            label: float(value) for label, value in zip(class_names, values, strict=True) if value == value
        }
        for name, values in tables.items()
    }


def _columns(found: DetectionMetrics) -> dict[str, NDArray[np.generic]]:
    """A value an image, (N,)."""
    table, matches = found.table, found.matches
    right = matches.is_right
    surest, best = np.zeros(table.images), np.zeros(table.images)
    np.maximum.at(surest, table.predicted.image, table.predicted.scores)
    np.maximum.at(best, table.predicted.image[right], matches.overlap[right])
    counts = found.counts
    told = 2 * counts.right + counts.wrong + counts.missed
    # An empty image where nothing is found is as it should be.
    f1 = np.divide(2 * counts.right, told, out=np.ones(table.images), where=told > 0)
    return {
        "true_positives": counts.right.astype(np.int64),
        "false_positives": counts.wrong.astype(np.int64),
        "false_negatives": counts.missed.astype(np.int64),
        "f1": f1.astype(np.float32),
        "best_iou": best.astype(np.float32),
        "confidence": surest.astype(np.float32),
    }


def _objects(found: DetectionMetrics) -> dict[str, NDArray[np.generic]]:
    """All that was found and all that is there, with offsets: those of image i are from offset i to offset i + 1."""
    predicted, true = found.table.predicted, found.table.true
    bounds = np.arange(found.table.images + 1)
    return {
        "box_offsets": np.searchsorted(predicted.image, bounds),
        "boxes": predicted.boxes.astype(np.float32),
        "box_scores": predicted.scores.astype(np.float32),
        "box_labels": predicted.labels,
        "box_ious": found.matches.overlap.astype(np.float32),
        # At an overlap of 0.5: the row of the object of its class that a box found, and of the one of any class; or -1.
        # The surest box chooses first, so that boxes below any confidence can be dropped afterwards.
        "box_partners": found.matches.partner,
        "box_partners_any": found.across.partner,
        "object_offsets": np.searchsorted(true.image, bounds),
        "objects": true.boxes.astype(np.float32),
        "object_labels": true.labels,
        "object_ignored": true.ignored,
        "object_found": found.matches.found,
    }


def _curves(found: DetectionMetrics) -> dict[str, NDArray[np.generic]]:
    curves = found.curves
    return {
        "curve_confidences": curves.confidences,
        "curve_precision": curves.precision,
        "curve_recall": curves.recall,
        "curve_f1": curves.f1,
        "pr_recalls": found.recalls,
        "pr_precision": found.precision_at_recall,
        "iou_histogram": found.overlap_histogram,
        "confidence_histogram": found.confidence_histogram,
    }
