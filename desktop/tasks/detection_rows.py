"""The table of a detector's images: what is there, what was found, and the counts at the confidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from desktop.grids.table_columns import TableColumn
from desktop.models.result import Result
from desktop.tasks.found_objects import FoundObjects, found_objects, verdicts
from desktop.tasks.image_rows import (
    counted_classes,
    file_column,
    number_column,
    verdict_column,
    word_column,
)


def detection_columns(result: Result) -> Sequence[TableColumn]:
    """Give the columns; those of objects where the run kept them."""
    if not result.images:
        return ()
    right, made_up, missed = (
        result.column(name).astype(np.int64)
        for name in ("true_positives", "false_positives", "false_negatives")
    )
    overlap = result.columns.get("mean_iou", result.columns["best_iou"]).astype(np.float64)
    confidence = result.column("confidence").astype(np.float64)
    columns = [
        file_column(result),
        verdict_column((made_up == 0) & (missed == 0), "Right", "Wrong"),
        number_column("found", "Found", right, "{}", "Objects that were found"),
        number_column("missed", "Missed", missed, "{}", "Objects that were not found"),
        number_column("made_up", "False", made_up, "{}", "Boxes where no such object is"),
        number_column("f1", "F1", result.column("f1")),
        number_column(
            "confidence", "Confidence", np.where(confidence > 0, confidence, np.nan), tip="Of the surest box"
        ),
        number_column("iou", "IoU", np.where(right > 0, overlap, np.nan), tip="Mean of the objects found"),
    ]
    found = found_objects(result)
    if found is not None:
        columns[1:1] = _words(result, found)
    return columns


def _words(result: Result, found: FoundObjects) -> list[TableColumn]:
    """Truth and prediction, counted by class."""
    shown = verdicts(found, result.bound or 0.0).shown

    def truth(image: int) -> str:
        part = found.objects_of(image)
        return counted_classes(result.classes, found.object_labels[part][~found.ignored[part]])

    def prediction(image: int) -> str:
        part = found.boxes_of(image)
        return counted_classes(result.classes, found.labels[part][shown[part]])

    return [
        word_column("truth", "Truth", truth, lambda: np.bincount(found.object_image, minlength=found.images)),
        word_column(
            "prediction",
            "Prediction",
            prediction,
            lambda: np.bincount(found.box_image[shown], minlength=found.images),
        ),
    ]
