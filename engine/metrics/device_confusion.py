"""The confusion matrix of pixels, counted where the predictions are."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.metrics.segmentation import IGNORE


def confusion_on_device(predicted: Tensor, target: Tensor, num_classes: int, ignore: int = IGNORE) -> Tensor:
    """Count pixels into a (C, C) int64 tensor on their device: rows are the true classes, columns the predicted ones.

    Equals `segmentation.pixel_confusion` for class indices in range; nothing is checked, since that would wait for
    the device. On a GPU nothing waits: sums of batches can be added there, and copied once at the end.

    Args:
        predicted: class indices of any integer type and shape.
        target: the same shape, on the same device; pixels of `ignore` do not count.
        num_classes: C.
        ignore: see target.
    """
    cells = num_classes * num_classes
    places = target.long() * num_classes + predicted.long()
    places = torch.where(target == ignore, cells, places).flatten()
    if places.device.type == "cpu":
        counts = torch.bincount(places, minlength=cells + 1)
    else:
        counts = counts_without_waiting(places, cells + 1)
    return counts[:cells].reshape(num_classes, num_classes)


def counts_without_waiting(places: Tensor, length: int) -> Tensor:
    """Count how often each of 0 .. length - 1 occurs: bincount, which on a GPU waits to learn the largest value."""
    counts = torch.zeros(length, dtype=torch.int64, device=places.device)
    return counts.scatter_add_(0, places, torch.ones_like(places))
