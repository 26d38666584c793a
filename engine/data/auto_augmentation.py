"""RandAugment (Cubuk et al. 2020) and AutoAugment's ImageNet policy (Cubuk et al. 2019) on uint8 RGB with OpenCV.

Operations and magnitudes follow torchvision.transforms.RandAugment and AutoAugment(IMAGENET).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.data import colour
from engine.data.preprocessing import Image

RAND_OPERATIONS = 2
RAND_MAGNITUDE = 9
BINS = 31
_AUTO_BINS = 10
_LEVELS = np.arange(256)

Operation = Callable[[Image, float], Image]


def rand_augment(
    image: Image,
    rng: np.random.Generator,
    operations: int = RAND_OPERATIONS,
    magnitude: int = RAND_MAGNITUDE,
    *,
    in_place: bool = False,
) -> Image:
    """Apply `operations` random operations at `magnitude` of 30; with `in_place` none that moves what is shown."""
    share = magnitude / (BINS - 1)
    choices = RAND_CHOICES_IN_PLACE if in_place else RAND_CHOICES
    for choice in rng.integers(0, len(choices), operations):
        image = apply_operation(image, choices[choice], share, negative=bool(rng.random() < 0.5))
    return image


def auto_augment(image: Image, rng: np.random.Generator, *, in_place: bool = False) -> Image:
    """Apply one random sub-policy of AutoAugment for ImageNet: two operations, each with its probability.

    With `in_place` those are left out that move what is shown.
    """
    for name, probability, magnitude in IMAGENET_POLICY[int(rng.integers(0, len(IMAGENET_POLICY)))]:
        negative = bool(rng.random() < 0.5)
        if rng.random() < probability and not (in_place and name in _MOVING):
            image = apply_operation(image, name, magnitude / (_AUTO_BINS - 1), negative=negative)
    return image


def apply_operation(image: Image, name: str, share: float, *, negative: bool = False) -> Image:
    """Apply one operation; `share` 0 to 1 is its strength, `negative` turns the direction of those that have one."""
    operation, signed = _OPERATIONS[name]
    return operation(image, -share if negative and signed else share)


def _shear_x(image: Image, share: float) -> Image:
    return _warp(image, [[1, 0.3 * share, 0], [0, 1, 0]])


def _shear_y(image: Image, share: float) -> Image:
    return _warp(image, [[1, 0, 0], [0.3 * share, 1, 0]])


def _translate_x(image: Image, share: float) -> Image:
    return _warp(image, [[1, 0, -round(150 / 331 * image.shape[1] * share)], [0, 1, 0]])


def _translate_y(image: Image, share: float) -> Image:
    return _warp(image, [[1, 0, 0], [0, 1, -round(150 / 331 * image.shape[0] * share)]])


def _rotate(image: Image, share: float) -> Image:
    height, width = image.shape[:2]
    angle = math.radians(30 * share)
    cosine, sine = math.cos(angle), math.sin(angle)
    x, y = (width - 1) / 2, (height - 1) / 2
    return _warp(
        image, [[cosine, -sine, x - cosine * x + sine * y], [sine, cosine, y - sine * x - cosine * y]]
    )


def _sharpen(image: Image, share: float) -> Image:
    kernel = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], dtype=np.float32) / 13
    smooth = image.copy()
    # The outermost pixels stay as they are, as in PIL and torchvision.
    smooth[1:-1, 1:-1] = cv2.filter2D(image, -1, kernel)[1:-1, 1:-1]
    factor = 1 + 0.9 * share
    return np.asarray(cv2.addWeighted(image, factor, smooth, 1 - factor, 0), dtype=np.uint8)


def _posterize(image: Image, share: float) -> Image:
    bits = 8 - round(4 * abs(share))
    return colour.look_up(image, (_LEVELS & (0xFF << (8 - bits) & 0xFF)).astype(np.float32))


def _solarize(image: Image, share: float) -> Image:
    threshold = 255 * (1 - abs(share))
    return colour.look_up(image, np.where(threshold <= _LEVELS, 255 - _LEVELS, _LEVELS).astype(np.float32))


def _invert(image: Image, _share: float) -> Image:
    return np.asarray(255 - image, dtype=np.uint8)


def _auto_contrast(image: Image, _share: float) -> Image:
    channels = []
    for channel in cv2.split(image):
        low, high = int(channel.min()), int(channel.max())
        if low == high:
            channels.append(channel)
            continue
        table = np.clip((_LEVELS - low) * (255.0 / (high - low)), 0, 255).astype(np.uint8)
        channels.append(cv2.LUT(channel, table))
    return np.asarray(cv2.merge(channels), dtype=np.uint8)


def _equalize(image: Image, _share: float) -> Image:
    return np.asarray(
        cv2.merge([_equalize_channel(image[..., channel]) for channel in range(image.shape[2])]),
        dtype=np.uint8,
    )


def _equalize_channel(channel: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As PIL does: the highest occupied level is left out of the step."""
    counts = np.bincount(channel.ravel(), minlength=256)
    occupied = counts[counts > 0]
    step = int(occupied[:-1].sum()) // 255
    if step == 0:
        return channel
    below = np.concatenate([[0], np.cumsum(counts)[:-1]])
    table = np.clip((below + step // 2) // step, 0, 255).astype(np.uint8)
    return table[channel]


def _warp(image: Image, target_to_source: list[list[float]]) -> Image:
    height, width = image.shape[:2]
    return np.asarray(
        cv2.warpAffine(
            image,
            np.array(target_to_source, dtype=np.float64),
            (width, height),
            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(0, 0, 0),
        ),
        dtype=np.uint8,
    )


_OPERATIONS: dict[str, tuple[Operation, bool]] = {
    "identity": (lambda image, _share: image, False),
    "shear_x": (_shear_x, True),
    "shear_y": (_shear_y, True),
    "translate_x": (_translate_x, True),
    "translate_y": (_translate_y, True),
    "rotate": (_rotate, True),
    "brightness": (lambda image, share: colour.scale_brightness(image, 1 + 0.9 * share), True),
    "colour": (lambda image, share: colour.scale_saturation(image, 1 + 0.9 * share), True),
    "contrast": (lambda image, share: colour.scale_contrast(image, 1 + 0.9 * share), True),
    "sharpness": (_sharpen, True),
    "posterize": (_posterize, False),
    "solarize": (_solarize, False),
    "auto_contrast": (_auto_contrast, False),
    "equalize": (_equalize, False),
    "invert": (_invert, False),
}
"""Name to the operation and whether it has a direction."""

RAND_CHOICES = tuple(name for name in _OPERATIONS if name != "invert")
_MOVING = frozenset({"shear_x", "shear_y", "translate_x", "translate_y", "rotate"})
RAND_CHOICES_IN_PLACE = tuple(name for name in RAND_CHOICES if name not in _MOVING)

Step = tuple[str, float, int]
IMAGENET_POLICY: tuple[tuple[Step, Step], ...] = (
    (("posterize", 0.4, 8), ("rotate", 0.6, 9)),
    (("solarize", 0.6, 5), ("auto_contrast", 0.6, 0)),
    (("equalize", 0.8, 0), ("equalize", 0.6, 0)),
    (("posterize", 0.6, 7), ("posterize", 0.6, 6)),
    (("equalize", 0.4, 0), ("solarize", 0.2, 4)),
    (("equalize", 0.4, 0), ("rotate", 0.8, 8)),
    (("solarize", 0.6, 3), ("equalize", 0.6, 0)),
    (("posterize", 0.8, 5), ("equalize", 1.0, 0)),
    (("rotate", 0.2, 3), ("solarize", 0.6, 8)),
    (("equalize", 0.6, 0), ("posterize", 0.4, 6)),
    (("rotate", 0.8, 8), ("colour", 0.4, 0)),
    (("rotate", 0.4, 9), ("equalize", 0.6, 0)),
    (("equalize", 0.0, 0), ("equalize", 0.8, 0)),
    (("invert", 0.6, 0), ("equalize", 1.0, 0)),
    (("colour", 0.6, 4), ("contrast", 1.0, 8)),
    (("rotate", 0.8, 8), ("colour", 1.0, 2)),
    (("colour", 0.8, 8), ("solarize", 0.8, 7)),
    (("sharpness", 0.4, 7), ("invert", 0.6, 0)),
    (("shear_x", 0.6, 5), ("equalize", 1.0, 0)),
    (("colour", 0.4, 0), ("equalize", 0.6, 0)),
    (("equalize", 0.4, 0), ("solarize", 0.2, 4)),
    (("solarize", 0.6, 5), ("auto_contrast", 0.6, 0)),
    (("invert", 0.6, 0), ("equalize", 1.0, 0)),
    (("colour", 0.6, 4), ("contrast", 1.0, 8)),
    (("equalize", 0.8, 0), ("equalize", 0.6, 0)),
)
