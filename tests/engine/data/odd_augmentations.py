"""Ways to vary an image that a process of the loader can import, and that do what a plugin's own may do."""

from __future__ import annotations

import os
import time

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
SIDE = 16


def filled(image: Picture, rng: np.random.Generator) -> Picture:
    """Draw the one colour of the sample."""
    del image
    return np.full((SIDE, SIDE, 3), rng.integers(0, 256), dtype=np.uint8)


def failing(image: Picture, rng: np.random.Generator) -> Picture:
    raise ZeroDivisionError(f"no number for an image of {image.shape[1]} pixels, {rng.integers(1)}")


def deadly(image: Picture, rng: np.random.Generator) -> Picture:
    os._exit(77)


def slow(image: Picture, rng: np.random.Generator) -> Picture:
    time.sleep(0.2)
    return filled(image, rng)
