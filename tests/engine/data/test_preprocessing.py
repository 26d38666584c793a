"""The one path from an image to pixels: sizes, what is kept of the picture, and that storing in between is harmless."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PILImage

from engine.data.preprocessing import (
    MAX_ELONGATION,
    centre_square,
    prepare_image,
    resize,
    stored_shape,
    stored_side,
    to_stored,
)
from tests.engine.data.pictures import difference, largest_difference, noise, smooth

METHODS = ("bilinear", "bicubic", "nearest")
SHAPES = [
    (1, 1),
    (1, 500),
    (500, 1),
    (20, 31),
    (64, 64),
    (74, 74),
    (75, 90),
    (300, 200),
    (50, 2000),
    (1000, 9),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_that_any_image_becomes_a_square_of_the_asked_size(height: int, width: int, method: str) -> None:
    square = prepare_image(noise(height, width), 64, method)

    assert square.shape == (64, 64, 3)
    assert square.dtype == np.uint8
    assert square.flags.c_contiguous


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_that_an_image_stored_in_between_gives_the_same_pixels(height: int, width: int, method: str) -> None:
    image = noise(height, width)
    stored = to_stored(image, 64, method)

    np.testing.assert_array_equal(prepare_image(stored, 64, method), prepare_image(image, 64, method))
    np.testing.assert_array_equal(to_stored(stored, 64, method), stored)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1000, 500, (148, 74)),
        (500, 1000, (74, 148)),
        (74, 74, (74, 74)),
        (40, 30, (40, 30)),
        (74, 500, (66, 444)),
    ],
)
def test_that_images_are_stored_with_the_shorter_side_at_115_percent_and_never_enlarged(
    width: int, height: int, expected: tuple[int, int]
) -> None:
    assert stored_side(64) == 74
    assert stored_shape(width, height, 64) == expected


def test_that_a_strip_takes_no_more_room_than_its_bound() -> None:
    width, height = stored_shape(1_000_000, 10, 64)

    assert width * height <= MAX_ELONGATION * stored_side(64) ** 2


def test_that_the_middle_of_the_picture_is_kept() -> None:
    image = np.zeros((100, 300, 3), np.uint8)
    image[:, 100:200] = 255
    image[40:60, 140:160] = (255, 0, 0)

    square = prepare_image(image, 64)

    assert square[0, 0].tolist() == square[-1, -1].tolist() == [255, 255, 255]
    assert square[32, 32].tolist() == [255, 0, 0]


@pytest.mark.parametrize(("width", "height"), [(32, 24), (100, 70), (127, 95)])
def test_that_shrinking_smooths_as_pillow_does(width: int, height: int) -> None:
    image = noise(96, 128)
    filters = {"bilinear": PILImage.Resampling.BILINEAR, "bicubic": PILImage.Resampling.BICUBIC}

    for method, filter_ in filters.items():
        expected = np.asarray(PILImage.fromarray(image).resize((width, height), filter_))
        assert largest_difference(resize(image, width, height, method), expected) <= 1


def test_that_views_and_images_of_one_channel_shrink_as_copies_do() -> None:
    image = noise(96, 128)
    read_only = image.copy()
    read_only.flags.writeable = False
    expected = resize(image[4:80, 3:90].copy(), 40, 40, "bilinear")

    assert np.array_equal(resize(image[4:80, 3:90], 40, 40, "bilinear"), expected)
    assert np.array_equal(resize(read_only[4:80, 3:90], 40, 40, "bilinear"), expected)
    mirrored = image[4:80, 3:90].copy()[:, ::-1]
    assert np.array_equal(resize(mirrored[:, ::-1], 40, 40, "bilinear"), expected)
    assert np.array_equal(resize(mirrored, 40, 40, "bilinear"), resize(mirrored.copy(), 40, 40, "bilinear"))
    assert np.array_equal(resize(image[4:80, 3:90, 0], 40, 40, "bilinear"), expected[:, :, 0])


def test_that_enlarging_is_that_of_pillow() -> None:
    image = smooth(20, 20)
    for method, filter_ in (
        ("bilinear", PILImage.Resampling.BILINEAR),
        ("bicubic", PILImage.Resampling.BICUBIC),
        ("nearest", PILImage.Resampling.NEAREST),
    ):
        expected = np.asarray(PILImage.fromarray(image).resize((60, 60), filter_))
        # Pillow's cubic is a little softer (a = -0.5) than OpenCV's (-0.75).
        assert difference(resize(image, 60, 60, method), expected) < 1.5


def test_that_each_method_gives_other_pixels_and_nearest_invents_none() -> None:
    image = noise(40, 40)
    found = {method: prepare_image(image, 64, method) for method in METHODS}

    assert difference(found["bilinear"], found["bicubic"]) > 1
    assert difference(found["bilinear"], found["nearest"]) > 1
    colours = {tuple(colour) for colour in image.reshape(-1, 3).tolist()}
    assert {tuple(colour) for colour in found["nearest"].reshape(-1, 3).tolist()} <= colours


def test_that_an_image_of_the_right_size_is_not_touched() -> None:
    image = noise(74, 74)

    assert resize(image, 74, 74, "bicubic") is image
    np.testing.assert_array_equal(centre_square(image, 64, "bilinear"), image[5:69, 5:69])
