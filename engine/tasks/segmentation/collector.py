"""Counts the pixels of an evaluation where the outputs are; nothing is copied to the CPU before the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.batch import Batch
from engine.errors import PluginError
from engine.metrics.device_boundary import as_counts, boundary_counts_on_device
from engine.metrics.device_confusion import confusion_on_device
from engine.metrics.segmentation import pixel_confusion
from engine.tasks.kept_masks import KeptMaps
from engine.tasks.predictions import SegmentationMap
from engine.tasks.segmentation.judge import PixelTable, judge_pixels
from engine.tasks.segmentation.loss import at_size, likeliest, logits_of
from engine.tasks.task import Judgement, Outputs, Prediction

MOST_CONFUSED_CLASSES = 40
"""With more, what is taken for what is kept of all images together only: it grows with their square."""
MOST_CONFUSION_BYTES = 128 << 20
"""Of many images too it is kept of all of them together only."""


class PixelCollector:
    """One evaluation. Implements `engine.tasks.task.Collector`."""

    def __init__(self, class_names: Sequence[str]) -> None:
        self._class_names = class_names
        self._items: list[NDArray[np.int64]] = []
        self._counts: list[Tensor] = []
        """Of each image (3, C), on its device."""
        self._confusion: Tensor | None = None
        self._confusions: list[Tensor] = []
        """Of each image (C, C), on its device; none once they would be too many."""
        self._keeps_confusions = len(class_names) <= MOST_CONFUSED_CLASSES
        self._maps = KeptMaps()
        self._loss_sum: Tensor | None = None
        self._boundary: Tensor | None = None
        """(4, C), as `device_boundary` counts, on the device."""

    def add_outputs(self, outputs: Outputs, loss: Tensor | None, batch: Batch) -> None:
        """Take logits (n, C, h, w), compared at the size of the batch's masks, and the batch's mean loss."""
        logits, classes = logits_of(outputs).detach(), len(self._class_names)
        if logits.ndim != 4 or logits.shape[1] != classes:  # (n, C, h, w)
            raise PluginError(
                "outputs_shape",
                f"The network gave outputs of shape {tuple(logits.shape)} for {classes} classes.",
                "A segmenter's network gives logits of shape (batch, classes, height, width).",
            )
        height, width = batch.targets.shape[-2:]
        predicted = likeliest(at_size(logits.float(), height, width)).to(torch.uint8)
        targets = batch.targets.to(predicted.device, non_blocking=True)
        for image, target in zip(predicted, targets, strict=True):
            self._count(confusion_on_device(image, target, classes))
        self._maps.add(predicted)
        self._outline(predicted, targets)
        self._items.append(batch.indices.numpy())
        if loss is not None:
            weighted = loss.detach().double().mean() * len(batch)
            self._loss_sum = weighted if self._loss_sum is None else self._loss_sum + weighted

    def add_predictions(self, predictions: Sequence[Prediction], batch: Batch) -> None:
        """Take one map an image, in the pixels of its mask."""
        classes = len(self._class_names)
        for prediction, target in zip(predictions, batch.targets, strict=True):
            mask: NDArray[np.uint8] = target.numpy()
            labels = _labels_of(prediction, mask.shape, classes)
            self._count(torch.from_numpy(pixel_confusion(labels, mask, classes)))
            self._outline(torch.from_numpy(labels).unsqueeze(0), target.unsqueeze(0))
            self._maps.add(torch.from_numpy(labels.astype(np.uint8)).unsqueeze(0))
        self._items.append(batch.indices.numpy())

    def judgement(self) -> Judgement:
        """Copy what was counted from the device once, and judge."""
        classes = len(self._class_names)
        items = np.concatenate(self._items) if self._items else np.zeros(0, dtype=np.int64)
        none = np.zeros((0, 3, classes), dtype=np.int64)
        table = PixelTable(
            confusion=np.zeros((classes, classes), dtype=np.int64)
            if self._confusion is None
            else self._confusion.cpu().numpy(),
            counts=torch.stack(self._counts).cpu().numpy() if self._counts else none,
            items=items,
            boundary_f1=None if self._boundary is None else as_counts(self._boundary).f1,
            mean_loss=float(self._loss_sum) / len(items) if self._loss_sum is not None else None,
            maps=self._maps.arrays(),
            confusions=torch.stack(self._confusions).cpu().numpy() if self._confusions else None,
        )
        return judge_pixels(table, self._class_names)

    def _count(self, confusion: Tensor) -> None:
        self._confusion = confusion if self._confusion is None else self._confusion + confusion
        right, true, called = confusion.diagonal(), confusion.sum(dim=1), confusion.sum(dim=0)
        self._counts.append(torch.stack([right, true, called]))
        if not self._keeps_confusions:
            return
        self._confusions.append(confusion.to(torch.int32))
        if len(self._confusions) * self._confusions[0].nbytes > MOST_CONFUSION_BYTES:
            self._keeps_confusions = False
            self._confusions.clear()

    def _outline(self, predicted: Tensor, targets: Tensor) -> None:
        """Take the boundaries of a batch, (n, H, W) each."""
        counts = boundary_counts_on_device(predicted, targets, len(self._class_names))
        self._boundary = counts if self._boundary is None else self._boundary + counts


def _labels_of(prediction: Prediction, shape: tuple[int, ...], classes: int) -> NDArray[np.int64]:
    """The classes of a prediction.

    Raises:
        PluginError: `infer_answer` for one of another kind or size, or with a class that there is not.
    """
    labels = prediction.labels if isinstance(prediction, SegmentationMap) else None
    if labels is None or labels.shape != shape:
        given = type(prediction).__name__ if labels is None else f"a map of {labels.shape}"
        raise PluginError(
            "infer_answer",
            f"The model answered an image of {shape} with {given}.",
            "Give one SegmentationMap an image, of its height and width.",
        )
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise PluginError(
            "infer_answer",
            f"The model answered with classes {labels.min()} to {labels.max()}; there are 0 to {classes - 1}.",
            "Give the positions of the classes in config['class_names'].",
        )
    return labels
