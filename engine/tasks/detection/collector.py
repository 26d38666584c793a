"""Gathers what a detector finds in the images of an evaluation, beside what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.data.batch import Batch
from engine.data.box_geometry import resize_boxes
from engine.errors import PluginError
from engine.metrics.detection import DetectionMeter, DetectionSettings
from engine.metrics.objects import PredictedObjects, TrueObjects
from engine.metrics.run_length import encode
from engine.tasks.detection.decode import found_in, to_detections
from engine.tasks.detection.judge import Measured, judge_objects
from engine.tasks.detection.outputs import Target
from engine.tasks.kept_masks import KeptRuns
from engine.tasks.predictions import Detections
from engine.tasks.task import Judgement, Prediction, Size


class ObjectCollector:
    """One evaluation. Implements `engine.tasks.task.Collector`.

    Boxes are compared in the pixels of the originals; masks where they come from, which for a network is its own frame.
    """

    def __init__(self, class_names: Sequence[str]) -> None:
        self._class_names = tuple(class_names)
        self._boxes = DetectionMeter(len(self._class_names))
        self._masks = DetectionMeter(len(self._class_names), DetectionSettings(masks=True))
        self._images_with_masks = 0
        self._kept = KeptRuns()
        self._items: list[int] = []
        self._loss_sum: Tensor | None = None

    def add_outputs(self, outputs: object, loss: Tensor | None, batch: Batch) -> None:
        """Take what `found_in` reads, in the pixels of the batch's images, and the batch's mean loss."""
        frame = _frame(batch)
        found = found_in(outputs)
        self.add_predictions([to_detections(one, frame, frame) for one in found], batch)
        if loss is not None:
            weighted = loss.detach().double().mean() * len(batch)
            self._loss_sum = weighted if self._loss_sum is None else self._loss_sum + weighted

    def add_predictions(self, predictions: Sequence[Prediction], batch: Batch) -> None:
        """Take one Detections an image, in the same pixels as the batch's targets.

        Raises:
            PluginError: `infer_answer` when one is none, or speaks of classes that there are not.
        """
        frame = _frame(batch)
        sizes: list[Size] = [frame] * len(batch) if batch.sizes is None else _sizes(batch.sizes)
        items = batch.indices.tolist()
        for prediction, target, size, item in zip(predictions, batch.targets, sizes, items, strict=True):
            has_frame = frame[0] > 0 and size[0] > 0
            self._add(prediction, _arrays(target), (frame, size) if has_frame else None)
            self._items.append(int(item))

    def judgement(self) -> Judgement:
        """Compute all metrics."""
        count = len(self._items)
        compares_masks = count > 0 and self._images_with_masks == count
        return judge_objects(
            Measured(
                boxes=self._boxes.compute(),
                items=np.array(self._items, dtype=np.int64),
                class_names=self._class_names,
                drawn=self._kept.arrays(),
                masks=self._masks.compute() if compares_masks else None,
                mean_loss=float(self._loss_sum) / count if self._loss_sum is not None and count else None,
            )
        )

    def judge_one(self, prediction: Prediction, target: Target) -> None:
        """Take an image whose prediction and target are in the same pixels."""
        self._add(prediction, _arrays(target), None)
        self._items.append(len(self._items))

    def _add(
        self, prediction: Prediction, target: dict[str, NDArray], frame_and_size: tuple[Size, Size] | None
    ) -> None:
        checked = _sound(_checked(prediction, len(self._class_names)))
        truth = _truth(target)
        runs = None if checked.masks is None else encode(checked.masks)
        self._kept.add(runs, len(checked.boxes))
        if checked.masks is not None and isinstance(truth.masks, np.ndarray):
            _require_size(checked.masks, truth.masks)
            self._masks.add(PredictedObjects(checked.boxes, checked.scores, checked.labels, runs), truth)
            self._images_with_masks += 1
        if frame_and_size is not None:
            (height, width), (own_height, own_width) = frame_and_size
            before, after = (width, height), (own_width, own_height)
            checked = replace(checked, boxes=resize_boxes(checked.boxes, before, after))
            truth = replace(truth, boxes=resize_boxes(truth.boxes.astype(np.float32), before, after))
        self._boxes.add(replace(checked, masks=None), replace(truth, masks=None))


def _sound(found: Detections) -> Detections:
    """Leave out what is not finite: it is not counted anywhere in an evaluation."""
    sound = np.isfinite(found.boxes).all(axis=1) & np.isfinite(found.scores)
    if sound.all():
        return found
    masks = None if found.masks is None else found.masks[sound]
    return Detections(found.boxes[sound], found.scores[sound], found.labels[sound], masks)


def _checked(prediction: Prediction, num_classes: int) -> Detections:
    if not isinstance(prediction, Detections):
        raise PluginError(
            "infer_answer",
            f"The model answered an image with {type(prediction).__name__}.",
            "A detector gives one Detections for each image.",
        )
    labels = prediction.labels
    if len(labels) and not (labels.min() >= 0 and labels.max() < num_classes):
        raise PluginError(
            "infer_answer",
            f"The model found classes {labels.min()} to {labels.max()} where there are {num_classes}.",
            "Class indices count from 0; a detector with a background class must take 1 off.",
        )
    return prediction


def _require_size(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> None:
    if len(found) and len(true) and found.shape[1:] != true.shape[1:]:
        raise PluginError(
            "infer_answer",
            f"The model gave masks of {found.shape[1:]} for an image of {true.shape[1:]} (height, width).",
            "Give the masks of an image in its own height and width.",
        )


def _truth(target: dict[str, NDArray]) -> TrueObjects:
    return TrueObjects(
        boxes=target["boxes"],
        labels=target["labels"],
        crowd=target.get("crowd"),
        difficult=target.get("difficult"),
        areas=target.get("areas"),
        masks=target.get("masks"),
    )


def _arrays(target: dict[str, Tensor] | dict[str, NDArray]) -> dict[str, NDArray]:
    return {
        name: value.cpu().numpy() if isinstance(value, Tensor) else value for name, value in target.items()
    }


def _frame(batch: Batch) -> Size:
    return int(batch.images.shape[1]), int(batch.images.shape[2])


def _sizes(sizes: Tensor) -> list[Size]:
    return [(int(height), int(width)) for height, width in sizes.tolist()]
