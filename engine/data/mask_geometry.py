"""Masks follow their images: the same cut, resampled to the nearest pixel, so that no class is invented between two."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.data.geometry import Cut, cut_out

IGNORE = 255
"""Class of pixels that nobody knows, also of those outside of the image."""
Mask = NDArray[np.uint8]


def resize_mask(mask: Mask, width: int, height: int) -> Mask:
    """Give the mask (H, W) at another size, each pixel the class of the nearest one."""
    if mask.shape == (height, width):
        return mask
    # Plain INTER_NEAREST takes the upper left of the nearest ones, half a pixel off what images do.
    resized = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(resized, dtype=np.uint8)


def cut_mask(stored: Mask, cut: Cut, image_size: int) -> Mask:
    """Give the (S, S) classes of what `geometry.cut_out` makes of the image; outside of it nothing is known."""
    if cut.angle != 0:
        return cut_out(stored, cut, image_size, "nearest", IGNORE)
    left, top = round(cut.left), round(cut.top)
    box = stored[top : top + round(cut.height), left : left + round(cut.width)]
    square = resize_mask(box, image_size, image_size)
    return np.ascontiguousarray(square[:, ::-1]) if cut.mirrored else square
