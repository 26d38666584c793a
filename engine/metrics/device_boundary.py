"""Boundary counts of a batch where the predictions are: the same numbers as `boundary.py`, all classes at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.metrics.boundary import BoundaryCounts, boundary_counts, no_boundaries, tolerance_px
from engine.metrics.device_confusion import counts_without_waiting
from engine.metrics.segmentation import IGNORE

BITS = 62
"""Classes that one integer can name, a bit each."""


@dataclass(frozen=True, slots=True, eq=False)
class _Outlines:
    """Boundary pixels of a batch."""

    labels: Tensor
    """(N, H, W), class indices."""
    edges: Tensor
    """(N, H, W), whether a pixel is one."""


def boundary_counts_on_device(
    predicted: Tensor, target: Tensor, num_classes: int, ignore: int = IGNORE, tolerance: int | None = None
) -> Tensor:
    """Count a batch into (4, C) int64 on its device: predicted, predicted near, true, true near.

    Nothing waits for a GPU: sums of batches can be added there, and `as_counts` reads them at the end. On a CPU, where
    looking at boundary pixels only is twenty times as fast as looking at all, the images are counted one by one.

    Args:
        predicted: (N, H, W), class indices of any integer type.
        target: (N, H, W), class indices or `ignore`, on the same device.
        num_classes: C.
        ignore: value of pixels that do not count.
        tolerance: pixels, straight distance; None for 0.75 % of the diagonal.
    """
    if target.device.type == "cpu":
        counts = no_boundaries(num_classes)
        for ours, theirs in zip(predicted.numpy(), target.numpy(), strict=True):
            counts += boundary_counts(ours, theirs, num_classes, ignore, tolerance)
        rows = np.stack([counts.predicted, counts.predicted_near, counts.true, counts.true_near])
        return torch.from_numpy(rows)
    return counts_of_all_pixels(predicted, target, num_classes, ignore, tolerance)


def counts_of_all_pixels(
    predicted: Tensor, target: Tensor, num_classes: int, ignore: int = IGNORE, tolerance: int | None = None
) -> Tensor:
    """Count as `boundary_counts_on_device` does on a GPU, wherever the tensors are."""
    reach = tolerance_px(*target.shape[-2:]) if tolerance is None else tolerance
    counted = target != ignore
    ours = _Outlines(predicted.long(), _edges(predicted, counted))
    theirs = _Outlines(torch.where(counted, target, 0).long(), _edges(target, counted))
    rows = [
        _per_class(one, near, num_classes)
        for one, other in ((ours, theirs), (theirs, ours))
        for near in (one.edges, _near(one, other, num_classes, reach))
    ]
    return torch.stack(rows)


def as_counts(rows: Tensor) -> BoundaryCounts:
    """Copy (4, C) sums from the device."""
    predicted, predicted_near, true, true_near = rows.cpu().numpy()
    return BoundaryCounts(predicted, predicted_near, true, true_near)


def _edges(labels: Tensor, counted: Tensor) -> Tensor:
    edges = torch.zeros_like(counted)
    below = (labels[:, 1:] != labels[:, :-1]) & counted[:, 1:] & counted[:, :-1]
    beside = (labels[:, :, 1:] != labels[:, :, :-1]) & counted[:, :, 1:] & counted[:, :, :-1]
    edges[:, 1:] |= below
    edges[:, :-1] |= below
    edges[:, :, 1:] |= beside
    edges[:, :, :-1] |= beside
    return edges


def _near(own: _Outlines, other: _Outlines, num_classes: int, reach: int) -> Tensor:
    """(N, H, W): which own boundary pixels have one of the same class within reach."""
    near = torch.zeros_like(own.edges)
    for first in range(0, num_classes, BITS):
        near |= (_bits(own, first) & _spread(_bits(other, first), reach)) != 0
    return near


def _bits(outlines: _Outlines, first: int) -> Tensor:
    """(N, H, W): the bit of each boundary pixel's class, of BITS classes from `first`; else 0."""
    places = outlines.labels - first
    inside = outlines.edges & (places >= 0) & (places < BITS)
    return torch.where(inside, torch.ones_like(places) << torch.where(inside, places, 0), 0)


def _spread(bits: Tensor, reach: int) -> Tensor:
    """Join the bits within a disc: rows of each half width first, then the rows of the disc."""
    rows = [bits]
    for step in range(1, reach + 1):
        wider = rows[-1].clone()
        wider[:, :, step:] |= bits[:, :, :-step]
        wider[:, :, :-step] |= bits[:, :, step:]
        rows.append(wider)
    joined = rows[reach].clone()
    for step in range(1, reach + 1):
        row = rows[math.isqrt(reach * reach - step * step)]
        joined[:, step:] |= row[:, :-step]
        joined[:, :-step] |= row[:, step:]
    return joined


def _per_class(outlines: _Outlines, chosen: Tensor, num_classes: int) -> Tensor:
    places = torch.where(chosen, outlines.labels, num_classes).flatten()
    return counts_without_waiting(places, num_classes + 1)[:num_classes]
