"""Pictures made up for the tests of the data path."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def noise(height: int, width: int, seed: int = 0) -> Picture:
    """Every pixel by itself: shows any shift or resampling."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def smooth(height: int, width: int, seed: int = 0) -> Picture:
    """Soft blobs of colour: resampling changes little, places and colours stay comparable."""
    coarse = noise(6, 6, seed).astype(np.float32)
    large = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(large, 0, 255).astype(np.uint8)


def difference(one: Picture, two: Picture) -> float:
    """Mean absolute difference, levels of 255."""
    return float(np.abs(one.astype(np.float64) - two.astype(np.float64)).mean())


def largest_difference(one: Picture, two: Picture) -> int:
    return int(np.abs(one.astype(np.int64) - two.astype(np.int64)).max())
