"""What a detector's network may give for a batch, and what the task asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

Target = dict[str, Tensor]
"""Of one image: `boxes` float32 (n, 4) xyxy pixels of the network's input, `labels` int64 (n,), `masks` bool (n, H, W)
where there are some; and for measuring `crowd`, `difficult` bool (n,) and `areas` float32 (n,) of the original."""
Found = dict[str, Tensor]
"""Of one image: `boxes` (n, 4), `scores` (n,), `labels` (n,), and where it has any `masks`, probabilities: (n, 1, M, M)
over the box, or (n, H, W) over the image."""
Losses = dict[str, Tensor]
"""The parts of a loss by name, each a scalar: the mean of the batch."""

_LEARNT_FROM = ("boxes", "labels", "masks")
_SMALLEST_SIDE = 0.01
"""Pixels; a box without any extent makes losses infinite."""


@runtime_checkable
class DetectorOutputs(Protocol):
    """Outputs of one batch that can be compared with targets, and read as predictions."""

    @property
    def frame(self) -> tuple[int, int]:
        """Height and width of the network's input, pixels."""
        ...

    def losses(self, targets: Sequence[Target]) -> Losses:
        """Compare with one target an image; images without objects are allowed."""
        ...

    def predictions(self) -> list[Found]:
        """Give what was found in each image, best first, in pixels of the network's input."""
        ...


def learnt_from(target: Target) -> Target:
    """Leave what a network learns from: no crowds, no boxes without an extent, nothing that only measuring needs.

    A target that does not speak of crowds has been here before, and is left as it is.
    """
    if "crowd" not in target:
        return target
    sides = target["boxes"][:, 2:] - target["boxes"][:, :2]
    keep = (sides > _SMALLEST_SIDE).all(dim=1) & ~target["crowd"]
    return {name: target[name][keep] for name in _LEARNT_FROM if name in target}


def example_target(label: int, image_size: int) -> Target:
    """Make the target of a made-up image that shows one object in its middle."""
    box = torch.tensor([[0.25, 0.25, 0.75, 0.75]]) * image_size
    mask = torch.zeros((1, image_size, image_size), dtype=torch.bool)
    left, top, right, bottom = (int(edge) for edge in box[0])
    mask[0, top:bottom, left:right] = True
    return {"boxes": box, "labels": torch.tensor([label], dtype=torch.int64), "masks": mask}
