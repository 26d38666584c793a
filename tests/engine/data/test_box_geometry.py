"""Boxes and masks through the changes of an image, against what is drawn and counted pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from engine.data.box_geometry import (
    areas,
    boxes_of_masks,
    clip_boxes,
    cut_boxes,
    cut_masks,
    map_boxes,
    resize_boxes,
    sample_matrix,
    still_visible,
)
from engine.data.geometry import Cut, cut_out, draw_crop

SIZE = 96


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32).reshape(-1, 4)


def drawn(box: np.ndarray, width: int, height: int) -> np.ndarray:
    """A white box of whole pixels on black, (H, W, 3)."""
    left, top, right, bottom = box.astype(int)
    image = np.zeros((height, width, 3), dtype=np.uint8)
    image[top:bottom, left:right] = 255
    return image


def bounds_of(image: np.ndarray) -> np.ndarray:
    """The box around what is brighter than half, found pixel by pixel."""
    rows, columns = np.nonzero(image[..., 0] > 127)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], dtype=np.float32)


def test_that_a_mirrored_box_lies_as_far_from_the_other_edge() -> None:
    cut = Cut(0, 0, 100, 100, mirrored=True)
    assert_allclose(cut_boxes(boxes((10, 20, 30, 60)), cut, 100), boxes((70, 20, 90, 60)), atol=1e-4)


def test_that_a_crop_moves_and_stretches_a_box() -> None:
    cut = Cut(20, 10, 40, 80)
    # 40 wide becomes 120 wide (x 3), 80 high becomes 120 high (x 1.5).
    assert_allclose(cut_boxes(boxes((30, 20, 50, 60)), cut, 120), boxes((30, 15, 90, 75)), atol=1e-4)


def test_that_a_quarter_turn_exchanges_width_and_height() -> None:
    cut = Cut(0, 0, 100, 100, angle=90)
    turned = cut_boxes(boxes((0, 40, 20, 50)), cut, 100)
    # What was at the left edge comes to lie at the bottom or the top, for a turn either way; its sides change places.
    assert_allclose(turned[:, 2:] - turned[:, :2], [[10, 20]], atol=1e-3)
    assert_allclose(areas(turned), [200], rtol=1e-4)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("angle", [0.0, 12.0, -40.0, 90.0])
def test_that_a_box_surrounds_what_was_drawn_in_it(angle: float, mirrored: bool) -> None:
    rng = np.random.default_rng(3)
    for _ in range(25):
        width, height = (int(side) for side in rng.integers(60, 200, 2))
        left, top = (int(rng.integers(0, side - 25)) for side in (width, height))
        box = boxes((left, top, left + int(rng.integers(12, 25)), top + int(rng.integers(12, 25))))
        cut = Cut(*draw_crop(rng, width, height, (0.5, 1.0)), angle, mirrored)
        sample = cut_out(drawn(box[0], width, height), cut, SIZE, "bilinear", fill=0)
        moved = cut_boxes(box, cut, SIZE)
        clipped = clip_boxes(moved, SIZE, SIZE)
        if not still_visible(moved, clipped, 0.5, 6.0)[0]:
            continue
        seen = bounds_of(sample)
        slack = 2.5
        # Around all of it; and no wider than the corners need.
        assert (clipped[0, :2] <= seen[:2] + slack).all()
        assert (clipped[0, 2:] >= seen[2:] - slack).all()
        if angle in (0.0, 90.0):
            assert_allclose(clipped[0], seen, atol=slack)


@pytest.mark.parametrize("angle", [0.0, 30.0])
def test_that_masks_are_cut_as_their_image_is(angle: float) -> None:
    rng = np.random.default_rng(5)
    for _ in range(10):
        width, height = (int(side) for side in rng.integers(60, 150, 2))
        box = boxes((20, 15, 45, 50))
        image = drawn(box[0], width, height)
        cut = Cut(*draw_crop(rng, width, height, (0.6, 1.0)), angle, bool(rng.random() < 0.5))
        mask = cut_masks(image[None, ..., 0] > 0, cut, SIZE)[0]
        seen = cut_out(image, cut, SIZE, "bilinear", fill=0)[..., 0] > 127
        either = (mask | seen).sum()
        # They may differ along the outline, which is about 4 x 35 pixels times the scale.
        assert either == 0 or (mask ^ seen).sum() < 0.12 * either


def test_that_a_box_comes_back_through_the_inverse_matrix() -> None:
    rng = np.random.default_rng(1)
    given = np.sort(rng.uniform(0, 200, (50, 2, 2)), axis=1).reshape(50, 4).astype(np.float32)
    cut = Cut(13, 7, 150, 111, mirrored=True)
    whole = np.vstack([sample_matrix(cut, SIZE), [0, 0, 1]])
    back = map_boxes(cut_boxes(given, cut, SIZE), np.linalg.inv(whole)[:2])
    assert_allclose(back, given, atol=1e-3)


def test_that_resizing_there_and_back_gives_the_same_boxes() -> None:
    given = boxes((0, 0, 640, 480), (12.5, 30.25, 100, 200))
    small = resize_boxes(given, (640, 480), (320, 320))
    assert_allclose(small[0], [0, 0, 320, 320])
    assert_allclose(resize_boxes(small, (320, 320), (640, 480)), given, atol=1e-4)


def test_that_a_box_is_cut_off_at_the_border_and_may_lose_all() -> None:
    clipped = clip_boxes(boxes((-10, -5, 20, 30), (120, 10, 140, 20)), 100, 50)
    assert_allclose(clipped, boxes((0, 0, 20, 30), (100, 10, 100, 20)))
    assert_allclose(areas(clipped), [600, 0])


def test_that_a_box_with_too_little_left_is_no_longer_learnt_from() -> None:
    whole = boxes((-80, 0, 20, 10), (-50, 0, 50, 10), (0, 0, 0.5, 40))
    clipped = clip_boxes(whole, 100, 100)
    # 20 % and 50 % are left; the third is whole but thinner than a pixel.
    assert_array_equal(still_visible(whole, clipped, 0.3, 1.0), [False, True, False])


def test_that_the_share_left_agrees_with_counting_pixels() -> None:
    rng = np.random.default_rng(11)
    for _ in range(100):
        left, top = rng.integers(-40, 90, 2)
        box = boxes((left, top, left + rng.integers(1, 60), top + rng.integers(1, 60)))
        canvas = np.zeros((200, 200), dtype=bool)
        x0, y0, x1, y1 = box[0].astype(int) + 50
        canvas[y0:y1, x0:x1] = True
        inside = canvas[50:150, 50:150].sum()
        assert areas(clip_boxes(box, 100, 100))[0] == inside
        share = inside / canvas.sum()
        kept = still_visible(box, clip_boxes(box, 100, 100), 0.3, 0.0)[0]
        assert kept == (share >= 0.3) or share == pytest.approx(0.3, abs=1e-6)


def test_that_the_box_of_a_mask_is_tight_and_of_an_empty_one_zero() -> None:
    masks = np.zeros((2, 20, 30), dtype=bool)
    masks[0, 3:7, 10] = True
    masks[0, 5, 12] = True
    assert_allclose(boxes_of_masks(masks), boxes((10, 3, 13, 7), (0, 0, 0, 0)))


def test_that_no_boxes_stay_no_boxes() -> None:
    none = boxes()
    assert cut_boxes(none, Cut(0, 0, 10, 10), 5).shape == (0, 4)
    assert clip_boxes(none, 10, 10).shape == (0, 4)
    assert resize_boxes(none, (3, 4), (5, 6)).shape == (0, 4)
