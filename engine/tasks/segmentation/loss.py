"""The loss of segmentation: cross-entropy of pixels and Dice of classes, without the pixels that nobody knows."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from engine.metrics.segmentation import IGNORE

DICE_WEIGHT = 0.5
AUXILIARY_WEIGHT = 0.4
"""Of a second head, as in PSPNet (Zhao et al. 2017)."""
OUT, AUXILIARY = "out", "aux"
SMOOTH = 1.0
"""Pixels added to both sides of Dice, so that a class of a few pixels does not rule the gradient."""


def logits_of(outputs: Tensor | Mapping[str, Tensor]) -> Tensor:
    """The logits (N, C, h, w) of a network that gives one tensor, or torchvision's dict."""
    return outputs[OUT] if isinstance(outputs, Mapping) else outputs


def segmentation_loss(
    outputs: Tensor | Mapping[str, Tensor], targets: Tensor, label_smoothing: float = 0.0
) -> Tensor:
    """Mean loss of a batch, a scalar.

    Args:
        outputs: logits (N, C, h, w), enlarged here when they are smaller than the masks; or a dict with `out` and
            perhaps `aux`.
        targets: (N, H, W), class indices, 255 where nothing is known.
        label_smoothing: share of each pixel's target that is spread evenly over all classes.
    """
    loss = _loss(logits_of(outputs), targets, label_smoothing)
    if isinstance(outputs, Mapping) and AUXILIARY in outputs:
        loss = loss + AUXILIARY_WEIGHT * _loss(outputs[AUXILIARY], targets, label_smoothing)
    return loss


def _loss(logits: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
    logarithms = torch.log_softmax(at_size(logits.float(), targets.shape[-2], targets.shape[-1]), dim=1)
    known = targets != IGNORE
    labels = torch.where(known, targets, 0).long()
    own = logarithms.gather(1, labels.unsqueeze(1)).squeeze(1)
    pixels = known.sum().clamp(min=1)
    per_pixel = own if label_smoothing == 0 else torch.lerp(own, logarithms.mean(dim=1), label_smoothing)
    entropy = -(per_pixel * known).sum() / pixels
    return entropy + DICE_WEIGHT * _dice_loss(logarithms.exp(), own.exp() * known, labels, known)


def _dice_loss(probs: Tensor, right: Tensor, labels: Tensor, known: Tensor) -> Tensor:
    """1 - mean soft Dice over the classes that the batch's masks hold (Milletari et al. 2016).

    Args:
        probs: (N, C, H, W).
        right: (N, H, W), the probability of the true class; 0 where nothing is known.
        labels: (N, H, W), true classes; 0 where nothing is known.
        known: (N, H, W).
    """
    classes = probs.shape[1]
    counted = known.to(probs.dtype)
    flat = labels.flatten()
    # Sums by class instead of one-hot masks, which would take as much memory as the probabilities.
    shared = torch.zeros(classes, device=probs.device, dtype=probs.dtype).index_add(0, flat, right.flatten())
    true = torch.zeros_like(shared).index_add(0, flat, counted.flatten())
    called = (probs * counted.unsqueeze(1)).sum(dim=(0, 2, 3))
    dice = (2 * shared + SMOOTH) / (true + called + SMOOTH)
    there = (true > 0).to(probs.dtype)
    return ((1 - dice) * there).sum() / there.sum().clamp(min=1)


def at_size(logits: Tensor, height: int, width: int) -> Tensor:
    """Logits (N, C, height, width)."""
    if logits.shape[-2:] == (height, width):
        return logits
    return interpolate(logits, size=(height, width), mode="bilinear", align_corners=False)


def likeliest(logits: Tensor) -> Tensor:
    """The class of the largest logit, (N, H, W) of (N, C, H, W); the first of equals.

    `argmax` over a middle axis takes torch about ten times as long on a CPU.
    """
    return logits.max(dim=1).indices
