"""A mask goes where its image goes: whatever is cut, turned or mirrored, each pixel keeps its class."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.config.augmentation import AugmentationConfig
from engine.config.setting import Range
from engine.data.augmentation import Augmenter
from engine.data.geometry import Cut, cut_out, whole_frame
from engine.data.mask_geometry import IGNORE, cut_mask, resize_mask

SIDE = 96
LEVELS = np.array([10, 90, 170, 250], dtype=np.uint8)
"""Brightness of each class."""


def blocks(height: int = 120, width: int = 160, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """An image of flat blocks, and the class of each pixel; the two say the same."""
    coarse = np.random.default_rng(seed).integers(0, len(LEVELS), (6, 8))
    mask = np.kron(coarse, np.ones((height // 6, width // 8))).astype(np.uint8)
    return np.repeat(LEVELS[mask][..., None], 3, axis=2), mask


def classes_of(image: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The class whose brightness is nearest."""
    return np.abs(image[..., 0].astype(int)[..., None] - LEVELS.astype(int)).argmin(axis=-1)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("angle", [0.0, 20.0, -75.0])
@pytest.mark.parametrize("box", [(0, 0, 160, 120), (31, 17, 90, 70), (100, 60, 40, 50)])
def test_that_a_mask_is_cut_as_its_image(
    box: tuple[int, int, int, int], angle: float, mirrored: bool
) -> None:
    image, mask = blocks()
    cut = Cut(*box, angle, mirrored)

    shown = cut_out(image, cut, SIDE, "nearest", fill=0)
    classes = cut_mask(mask, cut, SIDE)

    known = classes != IGNORE
    # On the line between two blocks either may be nearest.
    assert (classes_of(shown)[known] == classes[known]).mean() > 0.97
    assert known.all() or angle != 0


def test_that_outside_of_the_image_nothing_is_known() -> None:
    image, mask = blocks()
    cut = Cut(0, 0, 160, 120, 45.0)

    classes = cut_mask(mask, cut, SIDE)
    shown = cut_out(np.full_like(image, 200), cut, SIDE, "nearest", fill=0)

    assert ((shown[..., 0] == 0) == (classes == IGNORE)).mean() > 0.99
    assert 0.1 < (classes == IGNORE).mean() < 0.6


def test_that_no_class_is_invented_between_two() -> None:
    mask = np.where(np.indices((64, 64)).sum(axis=0) % 2 == 0, 0, 3).astype(np.uint8)

    assert set(np.unique(resize_mask(mask, 41, 23))) == {0, 3}
    assert set(np.unique(cut_mask(mask, Cut(3, 3, 50, 50, 30.0), 40))) <= {0, 3, IGNORE}


def test_that_a_mask_is_reduced_to_the_pixels_at_the_middle_of_each_cell() -> None:
    mask = np.arange(81, dtype=np.uint8).reshape(9, 9)

    np.testing.assert_array_equal(resize_mask(mask, 3, 3), mask[1::3, 1::3])
    assert resize_mask(mask, 9, 9) is mask


@pytest.mark.parametrize("seed", range(8))
def test_that_an_augmented_image_and_its_mask_agree(seed: int) -> None:
    image, mask = blocks(seed=seed)
    settings = AugmentationConfig(
        random_rotation=30.0, resize_scale=Range(min=0.3, max=1.0), color_jitter=None
    )
    augmenter = Augmenter(settings, SIDE, "nearest", "whole")

    shown, cut = augmenter.sample(image, np.random.default_rng(seed))
    classes = cut_mask(mask, cut, SIDE)

    known = classes != IGNORE
    assert known.mean() > 0.5
    assert (classes_of(shown)[known] == classes[known]).mean() > 0.95


def test_that_equal_generators_give_equal_samples_and_cuts() -> None:
    image, _ = blocks()
    augmenter = Augmenter(AugmentationConfig(), SIDE, "bilinear", "whole")

    one, its_cut = augmenter.sample(image, np.random.default_rng(3))
    same, same_cut = augmenter.sample(image, np.random.default_rng(3))
    _, other_cut = augmenter.sample(image, np.random.default_rng(4))

    np.testing.assert_array_equal(one, same)
    assert its_cut == same_cut != other_cut


def test_that_without_variation_the_whole_image_is_shown() -> None:
    image, mask = blocks()
    off = AugmentationConfig(enabled=False)

    shown, cut = Augmenter(off, SIDE, "nearest", "whole").sample(image, np.random.default_rng(0))

    assert cut == whole_frame(160, 120)
    assert (classes_of(shown) == cut_mask(mask, cut, SIDE)).mean() > 0.97


@pytest.mark.parametrize("policy", ["randaugment", "autoaugment"])
def test_that_a_ready_made_policy_moves_nothing_that_has_a_place(policy: str) -> None:
    # White on black; only inverting or solarizing may swap them, nothing may move the line between.
    image = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    image[:, : SIDE // 3] = 255
    settings = AugmentationConfig.model_validate(
        {
            "auto_augment": policy,
            "random_flip": False,
            "random_rotation": 0.0,
            "random_crop": False,
            "color_jitter": None,
        }
    )
    augmenter = Augmenter(settings, SIDE, "nearest", "whole")

    for seed in range(40):
        shown, _ = augmenter.sample(image, np.random.default_rng(seed))
        columns = shown[..., 0].astype(int)
        assert np.ptp(columns[:, : SIDE // 3 - 1]) < 3
        assert np.ptp(columns[:, SIDE // 3 + 1 :]) < 3
