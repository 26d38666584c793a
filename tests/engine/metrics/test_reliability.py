"""ROC curves and reliability bins, against scikit-learn and worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference
from sklearn.calibration import calibration_curve

from engine.metrics.ranking import calibration_error, mean_over_present, roc_auc_per_class
from engine.metrics.reliability import (
    FALSE_POSITIVE_RATES,
    reliability_bins,
    roc_curve,
    roc_curves_on_grid,
)


def scored(seed: int, levels: int | None = None, images: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """(N,) scores that tell something, with ties where `levels` is given, and which are positive."""
    rng = np.random.default_rng(seed)
    positive = rng.random(images) < 0.3
    scores = rng.random(images) * 0.7 + positive * 0.3
    return (scores if levels is None else np.round(scores * levels) / levels), positive


def many(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    targets = rng.choice(4, 300, p=[0.5, 0.3, 0.15, 0.05])
    probs = rng.random((300, 4)) + np.eye(4)[targets] * 0.5
    return probs / probs.sum(axis=1, keepdims=True), targets


@pytest.mark.parametrize("case", [scored(1), scored(2, levels=8), scored(3, levels=1)])
def test_that_the_curve_is_that_of_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    scores, positive = case
    false_rate, true_rate, thresholds = reference.roc_curve(positive, scores, drop_intermediate=False)

    curve = roc_curve(scores, positive)

    np.testing.assert_allclose(curve.false_positive_rate, false_rate)
    np.testing.assert_allclose(curve.true_positive_rate, true_rate)
    np.testing.assert_allclose(curve.thresholds, thresholds)


def test_that_a_curve_worked_by_hand_comes_out() -> None:
    curve = roc_curve(np.array([0.8, 0.4, 0.6, 0.4]), np.array([True, True, False, False]))

    assert curve.thresholds.tolist() == [np.inf, 0.8, 0.6, 0.4]
    assert curve.true_positive_rate.tolist() == [0, 0.5, 0.5, 1]
    assert curve.false_positive_rate.tolist() == [0, 0, 0.5, 1]


def test_that_a_rate_with_nothing_to_divide_by_is_none() -> None:
    curve = roc_curve(np.array([0.2, 0.4]), np.array([True, True]))

    assert np.isnan(curve.false_positive_rate).all()
    assert curve.true_positive_rate.tolist() == [0, 0.5, 1]
    assert len(roc_curve(np.zeros(0), np.zeros(0, bool)).thresholds) == 1


def test_that_curves_on_a_grid_pass_through_the_points_and_hold_the_area() -> None:
    probs, targets = many(0)
    grid = roc_curves_on_grid(probs, targets)

    assert grid.shape == (4, 101)
    assert (grid[:, -1] == 1).all()
    for label in range(4):
        curve = roc_curve(probs[:, label], targets == label)
        at_zero = curve.true_positive_rate[curve.false_positive_rate == 0].max()
        assert grid[label, 0] == at_zero
    areas = np.trapezoid(grid, FALSE_POSITIVE_RATES, axis=1)
    np.testing.assert_allclose(areas, roc_auc_per_class(probs, targets), atol=0.01)


def test_that_a_class_without_images_has_no_curve() -> None:
    probs, targets = many(1)
    grid = roc_curves_on_grid(np.pad(probs, ((0, 0), (0, 1))), targets)

    assert np.isnan(grid[4]).all()
    assert not np.isnan(grid[:4]).any()


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_that_the_mean_areas_are_those_of_scikit_learn(average: str) -> None:
    probs, targets = many(2)
    weights = np.bincount(targets, minlength=4) if average == "weighted" else None
    expected = reference.roc_auc_score(targets, probs, multi_class="ovr", average=average)

    assert mean_over_present(roc_auc_per_class(probs, targets), weights) == pytest.approx(expected)


def test_that_a_mean_leaves_out_what_is_absent_and_is_none_of_nothing() -> None:
    assert mean_over_present(np.array([0.2, np.nan, 0.6])) == pytest.approx(0.4)
    assert mean_over_present(np.array([0.2, np.nan, 0.6]), np.array([3, 0, 1])) == pytest.approx(0.3)
    assert np.isnan(mean_over_present(np.array([np.nan])))
    assert np.isnan(mean_over_present(np.zeros(0)))


def test_that_the_bins_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.random(500)
    correct = rng.random(500) < confidence
    accuracy, mean_confidence = calibration_curve(correct, confidence, n_bins=15)
    bins = reliability_bins(confidence, correct)

    np.testing.assert_allclose(bins.accuracy, accuracy)
    np.testing.assert_allclose(bins.confidence, mean_confidence)
    assert bins.images.sum() == 500


def test_that_bins_worked_by_hand_come_out_and_hold_the_calibration_error() -> None:
    confidence, correct = np.array([0.5, 0.5, 0.51, 1.0]), np.array([True, False, True, True])
    bins = reliability_bins(confidence, correct, bins=4)

    assert bins.images.tolist() == [0, 2, 1, 1]
    assert np.isnan(bins.accuracy[0])
    assert bins.accuracy[1:].tolist() == [0.5, 1, 1]
    assert bins.confidence[1:].tolist() == pytest.approx([0.5, 0.51, 1])
    assert bins.error == pytest.approx(calibration_error(confidence, correct, bins=4))
    assert bins.error == pytest.approx(0.49 / 4)


def test_that_without_images_the_bins_are_empty() -> None:
    bins = reliability_bins(np.zeros(0), np.zeros(0, dtype=bool))

    assert bins.images.tolist() == [0] * 15
    assert bins.error == 0
