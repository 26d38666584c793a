"""One training sample from a stored image: what AugmentationConfig asks for, drawn from the sample's own stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.data import colour
from engine.data.auto_augmentation import auto_augment, rand_augment
from engine.data.geometry import Cut, cut_out, draw_crop, whole_frame
from engine.data.preprocessing import FILL, Framing, Image, square_of, stored_side

if TYPE_CHECKING:
    from engine.config.augmentation import AugmentationConfig

MIRROR_PROBABILITY = 0.5
BLUR_SIGMA = (0.1, 2.0)


class Augmenter:
    """Turns stored images into training samples of one size. Stateless: safe to share between threads."""

    def __init__(
        self,
        settings: AugmentationConfig,
        image_size: int,
        resize_method: str,
        framing: Framing = "centre",
    ) -> None:
        self._settings = settings
        self._image_size = image_size
        self._method = resize_method
        self._framing: Framing = framing

    def __call__(self, stored: Image, rng: np.random.Generator) -> Image:
        """Give an (S, S, 3) sample; equal generators give equal samples."""
        return self.sample(stored, rng)[0]

    def sample(self, stored: Image, rng: np.random.Generator) -> tuple[Image, Cut]:
        """Give an (S, S, 3) sample, and where in the stored image it was cut out: its target is cut likewise."""
        if not self._settings.enabled:
            square = square_of(stored, self._image_size, self._method, self._framing)
            return square, self._usual_cut(stored)
        cut = self._draw_cut(stored, rng)
        image = cut_out(
            stored, cut, self._image_size, self._method, FILL if self._framing == "whole" else None
        )
        image = self._automatic(image, rng)
        image = self._colour(image, rng)
        if _chance(rng, self._settings.random_grayscale):
            image = colour.to_grayscale(image)
        if _chance(rng, self._settings.gaussian_blur):
            image = colour.blur(image, float(rng.uniform(*BLUR_SIGMA)))
        return image, cut

    def _draw_cut(self, stored: Image, rng: np.random.Generator) -> Cut:
        settings = self._settings
        height, width = stored.shape[:2]
        mirrored = settings.random_flip and bool(rng.random() < MIRROR_PROBABILITY)
        degrees = float(settings.random_rotation)
        angle = float(rng.uniform(-degrees, degrees)) if degrees else 0.0
        usual = self._usual_cut(stored)
        box = (usual.left, usual.top, usual.width, usual.height)
        if settings.random_crop:
            scale = settings.resize_scale
            ratio = width / height if self._framing == "whole" else 1.0
            box = draw_crop(rng, width, height, (float(scale.min), float(scale.max)), ratio)
        return Cut(*box, angle, mirrored)

    def _usual_cut(self, stored: Image) -> Cut:
        """What validation sees, so that without random crop both see the same part."""
        height, width = stored.shape[:2]
        if self._framing == "whole":
            return whole_frame(width, height)
        return Cut(*self._centre_box(width, height))

    def _centre_box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """The middle square: left, top, width, height."""
        whole = stored_side(self._image_size)
        side = max(1, round(min(width, height) * min(1.0, self._image_size / whole)))
        return (width - side) // 2, (height - side) // 2, side, side

    def _automatic(self, image: Image, rng: np.random.Generator) -> Image:
        # Where targets have a place in the image, what shears or turns it after the cut would leave them behind.
        in_place = self._framing == "whole"
        if self._settings.auto_augment == "randaugment":
            return rand_augment(image, rng, in_place=in_place)
        if self._settings.auto_augment == "autoaugment":
            return auto_augment(image, rng, in_place=in_place)
        return image

    def _colour(self, image: Image, rng: np.random.Generator) -> Image:
        jitter = self._settings.color_jitter
        if jitter is None:
            return image
        if jitter.brightness:
            image = colour.scale_brightness(image, _factor(rng, jitter.brightness))
        if jitter.contrast:
            image = colour.scale_contrast(image, _factor(rng, jitter.contrast))
        if jitter.saturation:
            image = colour.scale_saturation(image, _factor(rng, jitter.saturation))
        if jitter.hue:
            image = colour.shift_hue(image, float(rng.uniform(-jitter.hue, jitter.hue)))
        return image


def _factor(rng: np.random.Generator, strength: float) -> float:
    return float(rng.uniform(max(0.0, 1 - strength), 1 + strength))


def _chance(rng: np.random.Generator, probability: float) -> bool:
    return probability > 0 and bool(rng.random() < probability)
