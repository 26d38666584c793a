"""A U-Net decoder on any body of feature maps: maps are enlarged step by step and joined with finer ones."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

_NARROWEST = 16


class UNet(nn.Module):
    """Body, decoder and head (after Ronneberger et al. 2015).

    Args:
        body: gives maps (N, C, h, w), finest first.
        channels: of the maps.
        num_classes: of the logits (N, num_classes, H, W), at the size of the input.
        width: channels of the decoder's coarsest step; each finer one has half, 16 at least.
    """

    def __init__(self, body: nn.Module, channels: Sequence[int], num_classes: int, width: int) -> None:
        super().__init__()
        self.body = body
        steps: list[nn.Module] = []
        above = channels[-1]
        for finer in reversed(channels[:-1]):
            steps.append(_Step(above, finer, width))
            above, width = width, max(_NARROWEST, width // 2)
        self.decoder = nn.ModuleList(steps)
        self.head = nn.Conv2d(above, num_classes, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        maps: list[Tensor] = list(self.body(pixels))
        found = maps[-1]
        for step, finer in zip(self.decoder, reversed(maps[:-1]), strict=True):
            found = step(found, finer)
        # Enlarged after the head: a few classes cost less than the channels before it.
        return interpolate(self.head(found), size=pixels.shape[-2:], mode="bilinear", align_corners=False)


class _Step(nn.Module):
    """Enlarge what comes from below to the size of a finer map, join both, and look at them together."""

    def __init__(self, below: int, finer: int, width: int) -> None:
        super().__init__()
        self.join = nn.Sequential(*_layers(below + finer, width), *_layers(width, width))

    def forward(self, below: Tensor, finer: Tensor) -> Tensor:
        enlarged = interpolate(below, size=finer.shape[-2:], mode="nearest")
        return self.join(torch.cat([enlarged, finer], dim=1))


def _layers(before: int, after: int) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, 3, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
