"""Where in the stored image a training sample is cut out: crop box, rotation and flip, resampled in one go."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from engine.data.preprocessing import Image, interpolation_flag, resize

CROP_RATIO = (3 / 4, 4 / 3)
CROP_TRIES = 10
_ALIASES_ABOVE = 1.25
"""When a rotated crop shrinks by more than this, the image is shrunk smoothly first."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A box (pixels of the stored image), turned about its centre, mirrored or not."""

    left: float
    top: float
    width: float
    height: float
    angle: float = 0.0
    """Degrees, counter-clockwise."""
    mirrored: bool = False


def whole_frame(width: int, height: int) -> Cut:
    """The cut that takes all of a stored image; a square sample of it is squeezed or stretched."""
    return Cut(0, 0, width, height)


def draw_crop(
    rng: np.random.Generator, width: int, height: int, scale: tuple[float, float], ratio_of: float = 1.0
) -> tuple[int, int, int, int]:
    """Draw left, top, width, height of a box with a share of the area in `scale` and a ratio of 3:4 to 4:3.

    As in Inception and torchvision's RandomResizedCrop: ten tries, then the largest box that keeps the ratio.
    Where whole frames become squares, `ratio_of` is the frame's own ratio: boxes then lie about that one.
    """
    for _ in range(CROP_TRIES):
        area = width * height * rng.uniform(*scale)
        ratio = ratio_of * math.exp(rng.uniform(math.log(CROP_RATIO[0]), math.log(CROP_RATIO[1])))
        box_width, box_height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < box_width <= width and 0 < box_height <= height:
            left = int(rng.integers(0, width - box_width + 1))
            top = int(rng.integers(0, height - box_height + 1))
            return left, top, box_width, box_height
    box_width = min(width, max(1, round(height * ratio_of * CROP_RATIO[1])))
    box_height = min(height, max(1, round(width / (ratio_of * CROP_RATIO[0]))))
    return (width - box_width) // 2, (height - box_height) // 2, box_width, box_height


def cut_out(stored: Image, cut: Cut, image_size: int, method: str, fill: int | None = None) -> Image:
    """Resample the cut to (S, S, 3), or to (S, S) without channels.

    Where a turned box leaves the image, the image is mirrored outwards, or all is `fill` where that is given.
    """
    if cut.angle == 0:
        left, top = round(cut.left), round(cut.top)
        box = stored[top : top + round(cut.height), left : left + round(cut.width)]
        square = resize(box, image_size, image_size, method)
        return np.asarray(cv2.flip(square, 1), dtype=np.uint8) if cut.mirrored else square
    to_stored = target_to_stored(cut, image_size)
    across, down = image_size / cut.width, image_size / cut.height
    if max(1 / across, 1 / down) > _ALIASES_ABOVE and method != "nearest":
        height, width = stored.shape[:2]
        small_width = max(1, round(width * min(1.0, across)))
        small_height = max(1, round(height * min(1.0, down)))
        stored = resize(stored, small_width, small_height, method)
        to_stored = _resized(to_stored, small_width / width, small_height / height)
    return np.asarray(
        cv2.warpAffine(
            stored,
            to_stored,
            (image_size, image_size),
            flags=interpolation_flag(method) | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101 if fill is None else cv2.BORDER_CONSTANT,
            borderValue=(fill or 0, fill or 0, fill or 0),
        ),
        dtype=np.uint8,
    )


def target_to_stored(cut: Cut, image_size: int) -> np.ndarray:
    """(2, 3) matrix from a pixel of the result to its place in the stored image (pixel centres at integers)."""
    radians = math.radians(cut.angle)
    cosine, sine = math.cos(radians), math.sin(radians)
    across = (-1 if cut.mirrored else 1) * cut.width / image_size
    down = cut.height / image_size
    middle = (image_size - 1) / 2
    matrix = np.array([[cosine * across, -sine * down], [sine * across, cosine * down]])
    centre = np.array([cut.left + cut.width / 2 - 0.5, cut.top + cut.height / 2 - 0.5])
    offset = centre - matrix @ np.array([middle, middle])
    return np.column_stack([matrix, offset])


def _resized(to_stored: np.ndarray, across: float, down: float) -> np.ndarray:
    """The matrix to the same places in a stored image that was resized by these factors."""
    # The box is turned before it is resized: turning it afterwards would slant what is in it.
    factors = np.array([[across], [down]])
    scaled = to_stored * factors
    scaled[:, 2:] += 0.5 * factors - 0.5
    return scaled
