"""Mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019) on a batch, on its device."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot


@dataclass(frozen=True, slots=True)
class MixSettings:
    """Strengths; 0 is off. With both on, each batch takes one of them with equal chance."""

    mixup_alpha: float
    cutmix_alpha: float

    @property
    def is_off(self) -> bool:
        return self.mixup_alpha <= 0 and self.cutmix_alpha <= 0


def mix_batch(
    images: Tensor, targets: Tensor, rng: np.random.Generator, settings: MixSettings, num_classes: int
) -> tuple[Tensor, Tensor]:
    """Blend each image with its mirror image in the batch order: image i with image N - 1 - i.

    Args:
        images: float (N, 3, H, W). Not changed.
        targets: int64 (N,).
        rng: the batch's own source of chance.
        settings: how strongly.
        num_classes: width of the soft targets.

    Returns:
        Images, and soft targets float32 (N, num_classes); both inputs as they are when mixing is off.
    """
    if settings.is_off:
        return images, targets
    soft = one_hot(targets, num_classes).to(torch.float32)
    cut = settings.mixup_alpha <= 0 or (settings.cutmix_alpha > 0 and rng.random() < 0.5)
    alpha = settings.cutmix_alpha if cut else settings.mixup_alpha
    kept = float(rng.beta(alpha, alpha))
    partner = images.flip(0)
    if cut:
        images, kept = _paste_box(images, partner, rng, kept)
    else:
        images = torch.lerp(partner, images, kept)
    return images, torch.lerp(soft.flip(0), soft, kept)


def _paste_box(
    images: Tensor, partner: Tensor, rng: np.random.Generator, kept: float
) -> tuple[Tensor, float]:
    """Paste a box of the partner with about `1 - kept` of the area; gives the share that was really kept."""
    height, width = images.shape[-2:]
    side = math.sqrt(1 - kept)
    box_height, box_width = round(height * side), round(width * side)
    middle_y, middle_x = int(rng.integers(0, height)), int(rng.integers(0, width))
    top, bottom = max(0, middle_y - box_height // 2), min(height, middle_y + box_height // 2)
    left, right = max(0, middle_x - box_width // 2), min(width, middle_x + box_width // 2)
    mixed = images.clone()
    mixed[..., top:bottom, left:right] = partner[..., top:bottom, left:right]
    return mixed, 1 - (bottom - top) * (right - left) / (height * width)
