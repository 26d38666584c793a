"""Boundary F1, against distances taken pixel by pixel and cases worked by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from engine.metrics.boundary import BoundaryCounts, boundary_counts, no_boundaries, tolerance_px
from engine.metrics.device_boundary import as_counts, boundary_counts_on_device, counts_of_all_pixels

IGNORE = 255


def blobs(seed: int, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Rectangles over each other, and the same shifted a little; some of the target is ignored."""
    rng = np.random.default_rng(seed)
    target = np.zeros((60, 80), dtype=np.int64)
    for _ in range(8):
        top, left = rng.integers(0, 50), rng.integers(0, 70)
        target[top : top + rng.integers(4, 25), left : left + rng.integers(4, 25)] = rng.integers(
            0, classes - 1
        )
    predicted = np.roll(target, (int(rng.integers(-3, 4)), int(rng.integers(-3, 4))), axis=(0, 1))
    target[40:50, 10:40] = IGNORE
    return predicted, target


def slow_edges(labels: np.ndarray, counted: np.ndarray, label: int) -> np.ndarray:
    edges = np.zeros(labels.shape, dtype=bool)
    height, width = labels.shape
    for y, x in np.argwhere((labels == label) & counted):
        for ny, nx in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            inside = 0 <= ny < height and 0 <= nx < width
            if inside and counted[ny, nx] and labels[ny, nx] != label:
                edges[y, x] = True
    return edges


def near(own: np.ndarray, other: np.ndarray, tolerance: int) -> int:
    """How many own pixels have another within the tolerance."""
    apart = np.argwhere(own)[:, None] - np.argwhere(other)[None]
    return int((np.hypot(apart[..., 0], apart[..., 1]).min(axis=1) <= tolerance).sum())


@pytest.mark.parametrize("tolerance", [1, 2, 5])
@pytest.mark.parametrize("seed", range(3))
def test_that_the_counts_are_those_of_distances(seed: int, tolerance: int) -> None:
    predicted, target = blobs(seed)
    counts = boundary_counts(predicted, target, 4, IGNORE, tolerance)

    for label in range(4):
        ours = slow_edges(predicted, target != IGNORE, label)
        theirs = slow_edges(target, target != IGNORE, label)
        assert (counts.predicted[label], counts.true[label]) == (ours.sum(), theirs.sum())
        if ours.any() and theirs.any():
            assert counts.predicted_near[label] == near(ours, theirs, tolerance)
            assert counts.true_near[label] == near(theirs, ours, tolerance)
        else:
            assert counts.predicted_near[label] == counts.true_near[label] == 0


def halves(at: int, width: int = 20) -> np.ndarray:
    """Class 0 left of a column, class 1 from it on."""
    labels = np.zeros((10, width), dtype=np.int64)
    labels[:, at:] = 1
    return labels


@pytest.mark.parametrize(("shift", "expected"), [(0, 1), (2, 1), (3, 0)])
def test_that_a_boundary_is_right_within_the_tolerance(shift: int, expected: int) -> None:
    f1 = boundary_counts(halves(8 + shift), halves(8), 2, IGNORE, tolerance=2).f1

    assert f1.tolist() == [expected, expected]


def test_that_a_case_worked_by_hand_comes_out() -> None:
    # Class 1: 10 true boundary pixels, all near. The prediction has these and a square of 2 x 2 far away.
    predicted = halves(15)
    predicted[4:6, 3:5] = 1
    f1 = boundary_counts(predicted, halves(15), 2, IGNORE, tolerance=1).f1

    precision, recall = 10 / 14, 1
    assert f1[1] == pytest.approx(2 * precision * recall / (precision + recall))


def test_that_neither_ignored_pixels_nor_the_edge_make_a_boundary() -> None:
    target = np.zeros((10, 10), dtype=np.int64)
    target[3:6, 3:6] = IGNORE
    predicted = np.zeros((10, 10), dtype=np.int64)
    predicted[3:6, 3:6] = 1
    counts = boundary_counts(predicted, target, 2, IGNORE)

    assert counts.true.sum() == counts.predicted.sum() == 0
    assert np.isnan(counts.f1).all()


def test_that_a_class_only_predicted_or_only_there_has_zero_and_an_absent_one_none() -> None:
    flat = np.zeros((10, 20), dtype=np.int64)

    predicted_only = boundary_counts(halves(5), flat, 3, IGNORE).f1
    true_only = boundary_counts(flat, halves(5), 3, IGNORE).f1

    for f1 in (predicted_only, true_only):
        assert f1[:2].tolist() == [0, 0]
        assert np.isnan(f1[2])


def test_that_images_add_up() -> None:
    one, other = (boundary_counts(*blobs(seed), 4, IGNORE) for seed in (1, 2))
    both: BoundaryCounts = no_boundaries(4) + one + other

    assert both.true.tolist() == (one.true + other.true).tolist()
    assert both.predicted_near.tolist() == (one.predicted_near + other.predicted_near).tolist()


@pytest.mark.parametrize(("height", "width", "pixels"), [(360, 480, 4), (1080, 1920, 17), (1, 1, 1)])
def test_that_the_tolerance_is_a_share_of_the_diagonal_and_a_pixel_at_least(
    height: int, width: int, pixels: int
) -> None:
    assert tolerance_px(height, width) == pixels


def test_that_an_image_of_one_pixel_has_no_boundary() -> None:
    assert np.isnan(boundary_counts(np.zeros((1, 1), int), np.zeros((1, 1), int), 1, IGNORE).f1).all()


@pytest.mark.parametrize("count", [boundary_counts_on_device, counts_of_all_pixels])
@pytest.mark.parametrize("tolerance", [1, 2, 4, 7, None])
def test_that_a_batch_on_the_device_has_the_same_counts(
    tolerance: int | None, count: Callable[..., torch.Tensor]
) -> None:
    pairs = [blobs(seed) for seed in range(4)]
    expected = no_boundaries(4)
    for predicted, target in pairs:
        expected += boundary_counts(predicted, target, 4, IGNORE, tolerance)
    ours, theirs = (torch.from_numpy(np.stack(part).astype(np.uint8)) for part in zip(*pairs, strict=True))

    found = as_counts(count(ours, theirs, 4, IGNORE, tolerance))

    np.testing.assert_array_equal(found.predicted, expected.predicted)
    np.testing.assert_array_equal(found.predicted_near, expected.predicted_near)
    np.testing.assert_array_equal(found.true, expected.true)
    np.testing.assert_array_equal(found.true_near, expected.true_near)


def test_that_the_device_counts_more_classes_than_an_integer_has_bits() -> None:
    rng = np.random.default_rng(0)
    target = np.repeat(np.repeat(rng.integers(0, 150, (10, 12)), 5, axis=0), 5, axis=1)
    predicted = np.roll(target, (1, 2), axis=(0, 1))
    expected = boundary_counts(predicted, target, 150, IGNORE, 2)

    found = as_counts(
        counts_of_all_pixels(
            torch.from_numpy(predicted[None]), torch.from_numpy(target[None]), 150, tolerance=2
        )
    )

    np.testing.assert_array_equal(found.f1, expected.f1)
    assert found.true_near.sum() > 0


@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (2, 2)])
def test_that_images_smaller_than_the_tolerance_are_counted_too(shape: tuple[int, int]) -> None:
    target = np.random.default_rng(1).integers(0, 3, shape)
    predicted = np.random.default_rng(2).integers(0, 3, shape)
    expected = boundary_counts(predicted, target, 3, IGNORE, 6)

    found = as_counts(
        counts_of_all_pixels(
            torch.from_numpy(predicted[None]), torch.from_numpy(target[None]), 3, tolerance=6
        )
    )

    np.testing.assert_array_equal(found.f1, expected.f1)
