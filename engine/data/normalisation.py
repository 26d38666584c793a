"""From uint8 pixels to the network's float input, once per batch and on its device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from engine.data.preprocessing import Framing, Image, prepare_image

if TYPE_CHECKING:
    from engine.config.preprocessing import PreprocessingConfig

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class TensorInput:
    """What turns raw images into a network's input: size, normalisation, device."""

    image_size: int
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    resize_method: str = "bilinear"
    device: str = "cpu"
    framing: Framing = "centre"

    def __call__(self, images: Sequence[Image]) -> Tensor:
        """Prepare (H, W, 3) images of any size as validation does: float32 (N, 3, S, S) on the device."""
        pixels = np.stack(
            [prepare_image(image, self.image_size, self.resize_method, self.framing) for image in images]
        )
        return normalise(torch.from_numpy(pixels).to(self.device), self.mean, self.std)


def chosen_normalisation(
    preprocessing: PreprocessingConfig,
    mean: tuple[float, ...] = IMAGENET_MEAN,
    std: tuple[float, ...] = IMAGENET_STD,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation for pixels from 0 to 1: what the user set, else the model's own; 0 and 1 when it is off."""
    if not preprocessing.normalize:
        return (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    return tuple(preprocessing.mean or mean), tuple(preprocessing.std or std)


def normalise(
    images: Tensor,
    mean: Sequence[float],
    std: Sequence[float],
    dtype: torch.dtype = torch.float32,
    memory_format: torch.memory_format = torch.contiguous_format,
) -> Tensor:
    """Give `(pixel / 255 - mean) / std` of uint8 (N, H, W, 3) as float (N, 3, H, W), where the images are."""
    count, height, width, channels = images.shape
    scale, shift = _row_constants(tuple(mean), tuple(std), width, str(images.device), dtype)
    # Rows of W × 3 values: twice as fast as broadcasting over three channels.
    rows = images.reshape(count * height, width * channels).to(dtype)
    values = torch.addcmul(shift, rows, scale).view(count, height, width, channels)
    return values.permute(0, 3, 1, 2).contiguous(memory_format=memory_format)


@lru_cache(maxsize=64)
def _row_constants(
    mean: tuple[float, ...], std: tuple[float, ...], width: int, device: str, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    # Cached, so that no step copies constants to the device. Validation may ask first: keep them ordinary tensors.
    with torch.inference_mode(False):
        scale = torch.tensor([1 / (255 * deviation) for deviation in std], dtype=torch.float64)
        shift = torch.tensor(
            [-middle / deviation for middle, deviation in zip(mean, std, strict=True)], dtype=torch.float64
        )
        return scale.repeat(width).to(device, dtype), shift.repeat(width).to(device, dtype)
