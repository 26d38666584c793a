"""From a decoded image to the network's pixels: the one path that validation, test and prediction share."""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

cv2.setNumThreads(0)

Image = NDArray[np.uint8]
ResizeMethod = Literal["bilinear", "bicubic", "nearest"]
Framing = Literal["centre", "whole"]
"""What a square sample shows: the middle of the image, or all of it, squeezed or stretched to a square."""
FILL = 114
"""Gray outside of an image, where it is not mirrored outwards."""

STORED_MARGIN = 1.15
"""Shorter side of a stored image over the training size: room for crops, and what a centre crop trims."""
_AXES = 3
MAX_ELONGATION = 6
"""A stored image's longer side is at most this many times the stored shorter side: bounds memory for odd strips."""

_INTERPOLATION = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC, "nearest": cv2.INTER_NEAREST}
_SMOOTH = {
    "bilinear": torch.ops.aten._upsample_bilinear2d_aa.out,
    "bicubic": torch.ops.aten._upsample_bicubic2d_aa.out,
}
SHRUNK_AS = "smooth"
"""Name of the way in which images shrink; another one gives other pixels, and needs another name."""


def interpolation_flag(method: str) -> int:
    """OpenCV's flag for enlarging and turning."""
    return _INTERPOLATION[method]


def resize(image: Image, width: int, height: int, method: str) -> Image:
    """Resize to exactly `width` × `height` pixels; gives the image itself when it has that size.

    An image that shrinks is smoothed as PIL does, with whose pictures most published weights were trained.
    """
    rows, columns = image.shape[:2]
    if (columns, rows) == (width, height):
        return image
    if method in _SMOOTH and width * height < columns * rows:
        return _shrink(image, width, height, method)
    return np.asarray(
        cv2.resize(image, (width, height), interpolation=interpolation_flag(method)), dtype=np.uint8
    )


def _shrink(image: Image, width: int, height: int, method: str) -> Image:
    """Antialiased, three to five times as fast as OpenCV's INTER_AREA, and not held by Python's lock."""
    planes = image if image.ndim == _AXES else image[:, :, None]
    result = np.empty((height, width, planes.shape[2]), dtype=np.uint8)
    # The operator itself and not torch's function round it: only that one writes rows of pixels.
    _SMOOTH[method](_as_input(planes), [height, width], False, None, None, out=_as_input(result))
    return result if image.ndim == _AXES else result[:, :, 0]


def _as_input(planes: Image) -> torch.Tensor:
    if not planes.flags.writeable or min(planes.strides) < 0:
        planes = (
            planes.copy()
        )  # torch warns of the one (a memory map) and cannot take the other (a mirrored view)
    return torch.from_numpy(planes).permute(2, 0, 1)[None]


def stored_side(image_size: int) -> int:
    """Shorter side of a stored image that is large enough, pixels."""
    return math.ceil(STORED_MARGIN * image_size)


def stored_shape(width: int, height: int, image_size: int) -> tuple[int, int]:
    """Width and height at which an image is stored: shorter side 1.15 × the training size, never enlarged."""
    shorter = stored_side(image_size)
    scale = min(
        1.0,
        shorter / max(1, min(width, height)),
        MAX_ELONGATION * shorter / max(1, width, height),
    )
    return max(1, round(width * scale)), max(1, round(height * scale))


def to_stored(image: Image, image_size: int, method: str) -> Image:
    """Shrink a decoded image to its stored size."""
    height, width = image.shape[:2]
    stored_width, stored_height = stored_shape(width, height, image_size)
    return resize(image, stored_width, stored_height, method)


def centre_square(stored: Image, image_size: int, method: str) -> Image:
    """Cut the (S, S, 3) centre out of a stored image, enlarging it first when it is too small."""
    height, width = stored.shape[:2]
    shorter = stored_side(image_size)
    if min(width, height) < shorter:
        scale = shorter / min(width, height)
        # Only the middle is kept, so a long strip is cut before it is enlarged.
        reach = math.ceil(image_size / scale) + 2
        stored = _middle(stored, min(width, reach), min(height, reach))
        height, width = stored.shape[:2]
        stored = resize(
            stored, max(image_size, round(width * scale)), max(image_size, round(height * scale)), method
        )
    return _middle(stored, image_size, image_size)


def square_of(stored: Image, image_size: int, method: str, framing: Framing) -> Image:
    """Make the (S, S, 3) sample of a stored image that validation sees."""
    if framing == "whole":
        return resize(stored, image_size, image_size, method)
    return centre_square(stored, image_size, method)


def prepare_image(
    image: Image, image_size: int, resize_method: str = "bilinear", framing: Framing = "centre"
) -> Image:
    """Prepare an upright RGB image (H, W, 3) of any size as validation does: (S, S, 3) uint8."""
    stored = to_stored(image, image_size, resize_method)
    return np.ascontiguousarray(square_of(stored, image_size, resize_method, framing))


def seen_area(
    width: int, height: int, image_size: int, framing: Framing
) -> tuple[float, float, float, float]:
    """Give the part of an image that its sample shows: left, top, right, bottom, pixels."""
    if framing == "whole":
        return 0.0, 0.0, float(width), float(height)
    side = min(width, height) * image_size / stored_side(image_size)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def _middle(image: Image, width: int, height: int) -> Image:
    top = (image.shape[0] - height) // 2
    left = (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]
