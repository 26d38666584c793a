"""A batch as the loader makes it: uint8 pixels, targets, and where each image stands in the manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

Targets: TypeAlias = Any
"""What a batch is compared with, in the task's own form.

Classes int64 (N,), masks uint8 (N, H, W), or a list of N dicts of tensors (`boxes`, `labels`, ...).
"""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """N images of one size, in ordinary or pinned memory, never reused by the loader."""

    images: Tensor
    """uint8 (N, H, W, 3), RGB."""
    targets: Targets
    """As the task's targets are collated."""
    indices: Tensor
    """int64 (N,), positions in `manifest.items`."""
    sizes: Tensor | None = None
    """int64 (N, 2), height and width of the upright originals; None where nobody needs them."""

    def __len__(self) -> int:
        return self.images.shape[0]


def move_targets(targets: Targets, device: torch.device) -> Targets:
    """Bring targets to a device without waiting for it."""
    return _each(targets, lambda tensor: tensor.to(device, non_blocking=True))


def pin_targets(targets: Targets) -> Targets:
    """Put targets in pinned memory."""
    return _each(targets, Tensor.pin_memory)


def first_targets(targets: Targets, count: int) -> Targets:
    """Give those of the first `count` images."""
    return targets[:count]


def as_array(target: Any) -> Any:
    """Give the target of one image with numpy arrays in the place of tensors."""
    if isinstance(target, Tensor):
        return target.cpu().numpy()
    return {name: as_array(part) for name, part in target.items()}


def _each(targets: Targets, change: Callable[[Tensor], Tensor]) -> Targets:
    if isinstance(targets, Tensor):
        return change(targets)
    if isinstance(targets, Mapping):
        return {name: _each(part, change) for name, part in targets.items()}
    return [_each(part, change) for part in targets]
