"""From a prediction to its JSON record, by what kind of prediction it is. Masks go into files, never through JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from engine.errors import UserError
from engine.protocol.disk import write_error
from engine.protocol.results import PredictionRecord, ScoredLabel
from engine.tasks.predictions import ClassScores, Detections, SegmentationMap

TOP = 5
_MOST_OF_NAME = 50
"""Letters of a picture's name in that of its mask: some take four of the 255 bytes that a disk gives a name."""


@dataclass(frozen=True, slots=True)
class Telling:
    """How predictions are told."""

    threshold: float = 0.0
    """Least confidence, 0 to 1: of a label, and of a box."""
    masks: Path | None = None
    """Folder for files with masks; without one they are left out."""


PLAINLY = Telling()


def to_record(
    path: Path, prediction: object, class_names: Sequence[str], telling: Telling = PLAINLY
) -> PredictionRecord:
    """Turn a prediction into its JSON record.

    A class below the threshold gives label None; boxes below it are left out, as are those without a place.

    Raises:
        UserError: `prediction_unknown`, or `disk_full` and its like for a mask.
    """
    if isinstance(prediction, ClassScores):
        return _of_scores(path, prediction, class_names, telling.threshold)
    if isinstance(prediction, Detections):
        return _of_boxes(path, prediction, class_names, telling)
    if isinstance(prediction, SegmentationMap):
        return _of_map(path, prediction, class_names, telling)
    raise UserError(
        "prediction_unknown",
        f"The model answered {path} with {type(prediction).__name__}.",
        "`infer` returns one ClassScores, Detections or SegmentationMap per image.",
    )


def _of_scores(
    path: Path, prediction: ClassScores, class_names: Sequence[str], threshold: float
) -> PredictionRecord:
    probabilities = np.asarray(prediction.probs, dtype=np.float64)
    order = np.argsort(-probabilities, kind="stable")[:TOP]
    top = tuple(ScoredLabel(label=class_names[int(i)], confidence=float(probabilities[i])) for i in order)
    sure = top[0].confidence >= threshold
    return PredictionRecord(
        file=str(path), label=top[0].label if sure else None, confidence=top[0].confidence, top=top
    )


def _of_boxes(
    path: Path, prediction: Detections, class_names: Sequence[str], telling: Telling
) -> PredictionRecord:
    order = np.argsort(-prediction.scores, kind="stable")
    is_kept = (prediction.scores >= telling.threshold) & np.isfinite(prediction.boxes).all(axis=1)
    kept = [int(index) for index in order if is_kept[index]]
    boxes: tuple[dict[str, object], ...] = tuple(
        {
            "box": [round(float(value), 2) for value in prediction.boxes[index]],
            "label": class_names[int(prediction.labels[index])],
            "confidence": float(prediction.scores[index]),
        }
        for index in kept
    )
    mask: str | None = None
    if prediction.masks is not None and len(prediction.masks):
        # 0 where there is nothing, else the number of the box, counted from 1 as they are told; surer ones on top.
        numbered = np.zeros(prediction.masks.shape[1:], dtype=np.uint16)
        for number, index in reversed(list(enumerate(kept, start=1))):
            numbered[prediction.masks[index]] = number
        mask = _saved(path, numbered, telling.masks)
    return PredictionRecord(file=str(path), boxes=boxes, mask=mask)


def _of_map(
    path: Path, prediction: SegmentationMap, class_names: Sequence[str], telling: Telling
) -> PredictionRecord:
    pixels = np.bincount(prediction.labels.ravel(), minlength=len(class_names))[: len(class_names)]
    order = [int(index) for index in np.argsort(-pixels, kind="stable") if pixels[index]]
    shares = {class_names[index]: float(pixels[index] / prediction.labels.size) for index in order}
    mask = _saved(path, prediction.labels, telling.masks)
    return PredictionRecord(file=str(path), shares=shares, mask=mask)


def _saved(path: Path, numbers: np.ndarray, folder: Path | None) -> str | None:
    """Write a gray PNG with a number a pixel, 8 bits where they are enough; gives its path."""
    if folder is None:
        return None
    wide = numbers.dtype == np.uint16 or (numbers.size > 0 and int(numbers.max()) > np.iinfo(np.uint8).max)
    encoded = cv2.imencode(".png", numbers.astype(np.uint16 if wide else np.uint8))[1]
    # Pictures of one name may lie in many folders.
    sign = hashlib.sha256(str(path).encode(errors="replace")).hexdigest()[:8]
    file = folder / f"{path.stem[:_MOST_OF_NAME]}-{sign}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded.tobytes())
    except OSError as error:
        raise write_error(error, folder) from error
    return str(file)
