"""Where a sample is cut out of its image."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data.geometry import CROP_RATIO, Cut, cut_out, draw_crop
from tests.engine.data.pictures import difference, largest_difference, noise, smooth


@pytest.mark.parametrize(("width", "height"), [(100, 100), (100, 60), (37, 222), (3, 3), (1, 50)])
def test_that_a_box_lies_inside_the_image(width: int, height: int) -> None:
    for seed in range(100):
        left, top, box_width, box_height = draw_crop(np.random.default_rng(seed), width, height, (0.1, 1.0))

        assert 0 <= left <= left + box_width <= width
        assert 0 <= top <= top + box_height <= height
        assert min(box_width, box_height) > 0


def test_that_area_and_ratio_are_within_their_limits_and_use_them() -> None:
    boxes = [draw_crop(np.random.default_rng(seed), 1000, 1000, (0.2, 0.5)) for seed in range(500)]
    areas = np.array([width * height / 1e6 for _, _, width, height in boxes])
    ratios = np.array([width / height for _, _, width, height in boxes])

    assert 0.199 < areas.min() < 0.22
    assert 0.48 < areas.max() < 0.501
    assert CROP_RATIO[0] * 0.99 < ratios.min() < 0.78
    assert 1.28 < ratios.max() < CROP_RATIO[1] * 1.01


def test_that_an_image_too_long_for_any_box_gives_the_largest_in_its_middle() -> None:
    assert draw_crop(np.random.default_rng(0), 1000, 30, (1.0, 1.0)) == (480, 0, 40, 30)


def test_that_a_plain_cut_is_a_part_of_the_image_and_mirrored_when_asked() -> None:
    image = noise(50, 60)
    cut = Cut(left=7, top=11, width=32, height=32)

    np.testing.assert_array_equal(cut_out(image, cut, 32, "bilinear"), image[11:43, 7:39])
    mirrored = cut_out(image, Cut(7, 11, 32, 32, mirrored=True), 32, "bilinear")
    np.testing.assert_array_equal(mirrored, image[11:43, 7:39][:, ::-1])


@pytest.mark.parametrize("method", ["bilinear", "nearest"])
@pytest.mark.parametrize(("angle", "turns"), [(90, 1), (-90, -1), (180, 2)])
def test_that_positive_angles_turn_counter_clockwise(angle: float, turns: int, method: str) -> None:
    image = noise(32, 32)

    turned = cut_out(image, Cut(0, 0, 32, 32, angle=angle), 32, method)

    assert largest_difference(turned, np.rot90(image, turns)) <= 1


def test_that_a_turned_cut_can_be_mirrored_too() -> None:
    image = smooth(64, 64)
    turned = cut_out(image, Cut(10, 5, 40, 40, angle=20), 40, "bilinear")
    both = cut_out(image, Cut(10, 5, 40, 40, angle=20, mirrored=True), 40, "bilinear")

    assert difference(both, turned[:, ::-1]) < 0.5


def test_that_a_tiny_angle_is_nearly_none() -> None:
    image = smooth(64, 64)
    straight = cut_out(image, Cut(8, 8, 48, 36), 32, "bilinear")

    assert difference(cut_out(image, Cut(8, 8, 48, 36, angle=0.01), 32, "bilinear"), straight) < 1


@pytest.mark.parametrize(("width", "height"), [(240, 240), (320, 160), (160, 320)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_that_shrinking_first_against_aliasing_does_not_move_the_picture(
    width: int, height: int, mirrored: bool
) -> None:
    image = smooth(400, 400)
    cut = Cut(30, 50, width, height, angle=30, mirrored=mirrored)
    # "nearest" is resampled in one go, and the picture is smooth: both must show the same places.
    direct = cut_out(image, cut, 64, "nearest")

    assert difference(cut_out(image, cut, 64, "bilinear"), direct) < 3


def test_that_a_turned_cut_that_shrinks_does_not_alias() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255

    turned = cut_out(stripes, Cut(64, 64, 128, 128, angle=1), 16, "bilinear")

    assert np.abs(turned.astype(int) - 127).max() < 40


def test_that_outside_the_image_it_is_mirrored_not_black() -> None:
    white = np.full((32, 32, 3), 255, np.uint8)

    assert cut_out(white, Cut(0, 0, 32, 32, angle=45), 32, "bilinear").min() == 255
