"""Colour changes, against torchvision."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms import functional as reference

from engine.data import colour
from tests.engine.data.pictures import Picture, difference, largest_difference, noise, smooth

PICTURES = [noise(40, 50), smooth(40, 50)]


def by_torchvision(change: Callable[[Tensor], Tensor], image: Picture) -> Picture:
    return change(torch.from_numpy(image).permute(2, 0, 1)).permute(1, 2, 0).numpy()


@pytest.mark.parametrize("factor", [0.0, 0.4, 0.8, 1.0, 1.3, 1.9])
@pytest.mark.parametrize("image", PICTURES)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (colour.scale_brightness, reference.adjust_brightness),
        (colour.scale_contrast, reference.adjust_contrast),
        (colour.scale_saturation, reference.adjust_saturation),
    ],
)
def test_that_a_change_of_strength_is_that_of_torchvision(
    ours: Callable[[Picture, float], Picture],
    theirs: Callable[[Tensor, float], Tensor],
    image: Picture,
    factor: float,
) -> None:
    found, expected = ours(image, factor), by_torchvision(lambda tensor: theirs(tensor, factor), image)

    # torchvision cuts fractions off, and rounds gray otherwise.
    assert largest_difference(found, expected) <= 2
    if factor == 1.0:
        np.testing.assert_array_equal(found, image)


@pytest.mark.parametrize("turn", [-0.5, -0.2, 0.1, 0.33, 0.5])
def test_that_a_turn_of_hue_is_that_of_torchvision(turn: float) -> None:
    expected = by_torchvision(lambda tensor: reference.adjust_hue(tensor, turn), smooth(40, 50))

    # Hue is kept in 256 steps here.
    assert difference(colour.shift_hue(smooth(40, 50), turn), expected) < 3


def test_that_red_turned_by_a_third_is_green() -> None:
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255

    assert largest_difference(colour.shift_hue(red, 1 / 3), np.roll(red, 1, axis=2)) <= 4


@pytest.mark.parametrize("image", PICTURES)
def test_that_grayscale_is_that_of_torchvision_in_three_equal_channels(image: Picture) -> None:
    gray = colour.to_grayscale(image)
    expected = by_torchvision(lambda tensor: reference.rgb_to_grayscale(tensor, 3), image)

    assert largest_difference(gray, expected) <= 1
    assert (gray[..., 0] == gray[..., 1]).all()
    assert (gray[..., 1] == gray[..., 2]).all()


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.0])
def test_that_blur_is_that_of_torchvision(sigma: float) -> None:
    reach = 2 * max(1, round(3 * sigma)) + 1
    expected = by_torchvision(
        lambda tensor: reference.gaussian_blur(tensor, [reach, reach], [sigma, sigma]), PICTURES[0]
    )

    assert largest_difference(colour.blur(PICTURES[0], sigma), expected) <= 2


@pytest.mark.parametrize(
    "change",
    [
        lambda image: colour.scale_brightness(image, 1.5),
        lambda image: colour.scale_contrast(image, 0.5),
        lambda image: colour.scale_saturation(image, 0.5),
        lambda image: colour.shift_hue(image, 0.3),
        colour.to_grayscale,
        lambda image: colour.blur(image, 1.0),
    ],
)
def test_that_the_image_given_is_left_alone_even_when_it_is_read_only(
    change: Callable[[Picture], Picture],
) -> None:
    image = noise(9, 11)
    before = image.copy()
    image.flags.writeable = False

    assert change(image).shape == image.shape
    np.testing.assert_array_equal(image, before)
