"""Colour changes of uint8 RGB images with OpenCV: jitter, grayscale, blur. Each gives a new image."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.data.preprocessing import Image

_LEVELS = np.arange(256, dtype=np.float32)


def scale_brightness(image: Image, factor: float) -> Image:
    """Multiply all pixels; 1 changes nothing."""
    return look_up(image, _LEVELS * factor)


def scale_contrast(image: Image, factor: float) -> Image:
    """Move pixels away from (or, below 1, towards) the image's mean gray."""
    mean = float(cv2.mean(to_gray(image))[0])
    return look_up(image, (_LEVELS - mean) * factor + mean)


def scale_saturation(image: Image, factor: float) -> Image:
    """Move pixels away from (or, below 1, towards) their own gray; 0 gives a gray image."""
    gray = cv2.cvtColor(to_gray(image), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(image, factor, gray, 1 - factor, 0), dtype=np.uint8)


def shift_hue(image: Image, turn: float) -> Image:
    """Turn the colour circle by `turn` of a full turn, -0.5 to 0.5."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL)
    hue = (np.arange(256) + round(turn * 256)) % 256
    hsv[..., 0] = cv2.LUT(np.ascontiguousarray(hsv[..., 0]), hue.astype(np.uint8))
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL), dtype=np.uint8)


def to_grayscale(image: Image) -> Image:
    """Gray in all three channels."""
    return np.asarray(cv2.cvtColor(to_gray(image), cv2.COLOR_GRAY2RGB), dtype=np.uint8)


def blur(image: Image, sigma: float) -> Image:
    """Gaussian blur; the kernel reaches three `sigma`, pixels."""
    reach = 2 * max(1, round(3 * sigma)) + 1
    return np.asarray(cv2.GaussianBlur(image, (reach, reach), sigma), dtype=np.uint8)


def to_gray(image: Image) -> NDArray[np.uint8]:
    """(H, W) luma, ITU-R 601."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def look_up(image: Image, levels: NDArray[np.floating]) -> Image:
    """Replace each value by the entry of a table of 256, rounded and clipped to 0..255."""
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table), dtype=np.uint8)
