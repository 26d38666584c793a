"""RandAugment and AutoAugment: operations and policy of torchvision, on our own pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms import AutoAugment, AutoAugmentPolicy, InterpolationMode, RandAugment
from torchvision.transforms import autoaugment as reference

from engine.data.auto_augmentation import (
    IMAGENET_POLICY,
    RAND_CHOICES,
    apply_operation,
    auto_augment,
    rand_augment,
)
from tests.engine.data.pictures import Picture, difference, largest_difference, noise, smooth

THEIR_NAMES = {
    "identity": "Identity",
    "shear_x": "ShearX",
    "shear_y": "ShearY",
    "translate_x": "TranslateX",
    "translate_y": "TranslateY",
    "rotate": "Rotate",
    "brightness": "Brightness",
    "colour": "Color",
    "contrast": "Contrast",
    "sharpness": "Sharpness",
    "posterize": "Posterize",
    "solarize": "Solarize",
    "auto_contrast": "AutoContrast",
    "equalize": "Equalize",
    "invert": "Invert",
}
WARPS = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
BINS = 31
# So that shifts are whole pixels: torchvision cuts fractions off.
PICTURE = smooth(331, 331)
DULL = (60 + PICTURE // 3).astype(np.uint8)


def by_torchvision(image: Picture, name: str, level: int, negative: bool) -> Picture:
    magnitudes, signed = {
        **RandAugment()._augmentation_space(BINS, image.shape[:2]),
        "Invert": (torch.tensor(0.0), False),
    }[THEIR_NAMES[name]]
    magnitude = float(magnitudes[level]) if magnitudes.ndim else 0.0
    turned = -magnitude if signed and negative else magnitude
    tensor = torch.from_numpy(image).permute(2, 0, 1)
    done = reference._apply_op(tensor, THEIR_NAMES[name], turned, InterpolationMode.NEAREST, None)
    return done.permute(1, 2, 0).numpy()


@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize("level", [0, 9, 18, 30])
@pytest.mark.parametrize("name", THEIR_NAMES)
def test_that_an_operation_does_what_torchvisions_does(name: str, level: int, negative: bool) -> None:
    for image in (PICTURE, DULL):
        found = apply_operation(image, name, level / (BINS - 1), negative=negative)
        expected = by_torchvision(image, name, level, negative)

        if name in WARPS:
            # Nearest pixels: a few fall to the other side.
            assert difference(found, expected) < 0.6
        else:
            # torchvision cuts fractions off where we round.
            assert largest_difference(found, expected) <= 2


def test_that_the_choices_of_rand_augment_are_torchvisions() -> None:
    theirs = set(RandAugment()._augmentation_space(BINS, (8, 8)))

    assert {THEIR_NAMES[name] for name in RAND_CHOICES} == theirs


def test_that_the_policy_is_torchvisions_for_imagenet() -> None:
    theirs = AutoAugment(AutoAugmentPolicy.IMAGENET).policies
    ours = tuple(
        tuple((THEIR_NAMES[name], probability, level) for name, probability, level in pair)
        for pair in IMAGENET_POLICY
    )
    plain = tuple(tuple((name, p, level or 0) for name, p, level in pair) for pair in theirs)

    assert ours == plain


@pytest.mark.parametrize("augment", [rand_augment, auto_augment])
def test_that_equal_chance_gives_equal_pixels_and_another_gives_others(augment: object) -> None:
    image = noise(24, 24)

    def run(seed: int) -> Picture:
        return augment(image, np.random.default_rng(seed))  # type: ignore[operator]  # one of the two functions

    before = image.copy()
    results = [run(seed).tobytes() for seed in range(40)]
    assert results == [run(seed).tobytes() for seed in range(40)]
    assert len(set(results)) > 12
    np.testing.assert_array_equal(image, before)


def test_that_rand_augment_without_operations_changes_nothing() -> None:
    image = noise(9, 9)

    np.testing.assert_array_equal(rand_augment(image, np.random.default_rng(0), operations=0), image)


def test_that_a_larger_magnitude_changes_more() -> None:
    def change(magnitude: int) -> float:
        pictures = [rand_augment(PICTURE, np.random.default_rng(seed), 1, magnitude) for seed in range(30)]
        return float(np.mean([difference(picture, PICTURE) for picture in pictures]))

    assert change(2) < change(15) < change(30)


@pytest.mark.parametrize("value", [0, 77, 255])
@pytest.mark.parametrize("name", THEIR_NAMES)
def test_that_an_image_of_one_colour_breaks_nothing(name: str, value: int) -> None:
    image = np.full((5, 7, 3), value, np.uint8)

    assert apply_operation(image, name, 0.3).shape == (5, 7, 3)
