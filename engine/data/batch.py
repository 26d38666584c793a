"""A batch as the loader makes it: uint8 pixels, targets, and where each image stands in the manifest."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """N images of one size, in ordinary or pinned memory, never reused by the loader."""

    images: Tensor
    """uint8 (N, H, W, 3), RGB."""
    targets: Tensor
    """int64 (N,), class indices."""
    indices: Tensor
    """int64 (N,), positions in `manifest.items`."""

    def __len__(self) -> int:
        return self.images.shape[0]
