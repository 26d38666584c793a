"""The arithmetic of the comparison of augmentations, and that both sides do the same kind of work."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.augmentation import KINDS, STORED, albumentations, made, ours, table


def test_that_the_table_has_milliseconds_and_their_ratio() -> None:
    _, line = table([("boxes", 0.001, 0.0025)])
    assert line.split() == ["boxes", "1.00", "ms", "2.50", "ms", "2.5"]


@pytest.mark.parametrize("kind", KINDS)
def test_that_both_sides_give_samples_with_their_targets_and_repeat_them(kind: str) -> None:
    example = made(*STORED)
    image, target = ours(example, kind, 64)(3)  # pyright: ignore[reportGeneralTypeIssues]  # a pair
    side = albumentations(example, kind, 64)
    first, second = side(3), side(3)

    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert image.shape == first["image"].shape == (64, 64, 3)
    np.testing.assert_array_equal(first["image"], second["image"])
    if kind == "boxes":
        assert 0 < len(first["bboxes"]) <= 10
        assert 0 < len(target) <= 10
    elif kind == "mask":
        assert target.shape == first["mask"].shape == (64, 64)
