"""Measures of scores, against scikit-learn and worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from engine.metrics.ranking import (
    calibration_error,
    log_losses,
    roc_auc,
    roc_auc_per_class,
    top_k_accuracy,
    top_k_hits,
)


def scored(classes: int, images: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, C) probabilities, no two equal, and the true classes, every class among them."""
    rng = np.random.default_rng(seed)
    targets = np.concatenate([np.arange(classes), rng.integers(0, classes, images - classes)])
    logits = rng.normal(size=(images, classes))
    logits[np.arange(images), targets] += 1
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True), targets


CASES = [scored(3, 40, 1), scored(10, 300, 2), scored(6, 6, 3)]
Case = tuple[np.ndarray, np.ndarray]


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("case", CASES[1:])
def test_that_top_k_is_that_of_scikit_learn(case: Case, k: int) -> None:
    probs, targets = case
    expected = reference.top_k_accuracy_score(targets, probs, k=k, labels=range(probs.shape[1]))

    assert top_k_accuracy(probs, targets, k) == pytest.approx(expected)


@pytest.mark.parametrize("case", CASES)
def test_that_the_loss_is_that_of_scikit_learn(case: Case) -> None:
    probs, targets = case
    expected = reference.log_loss(targets, probs, labels=range(probs.shape[1]))

    assert log_losses(probs, targets).mean() == pytest.approx(expected)


@pytest.mark.parametrize("case", CASES)
def test_that_the_area_under_the_curve_is_that_of_scikit_learn(case: Case) -> None:
    probs, targets = case
    expected = [float(reference.roc_auc_score(targets == c, probs[:, c])) for c in range(probs.shape[1])]

    np.testing.assert_allclose(roc_auc_per_class(probs, targets), expected)
    macro = reference.roc_auc_score(targets, probs, multi_class="ovr", average="macro")
    assert np.mean(roc_auc_per_class(probs, targets)) == pytest.approx(macro)


@pytest.mark.parametrize("levels", [2, 3, 10])
def test_that_ties_count_half_as_in_scikit_learn(levels: int) -> None:
    rng = np.random.default_rng(levels)
    scores = rng.integers(0, levels, 200) / levels
    positive = rng.random(200) < scores * 0.5 + 0.2

    assert roc_auc(scores, positive) == pytest.approx(reference.roc_auc_score(positive, scores))


def test_that_the_area_of_a_case_worked_by_hand_comes_out() -> None:
    # Positives 0.8 and 0.4; negatives 0.6, 0.4, 0.1. Pairs won: 3 + (0.5 for the tie + 1) of 6.
    scores, positive = np.array([0.8, 0.4, 0.6, 0.4, 0.1]), np.array([True, True, False, False, False])

    assert roc_auc(scores, positive) == pytest.approx(4.5 / 6)
    assert roc_auc(np.ones(5), positive) == 0.5


def test_that_a_class_that_is_not_there_has_no_area() -> None:
    probs, targets = CASES[0]
    wide = np.pad(probs, ((0, 0), (0, 1)))

    areas = roc_auc_per_class(wide, targets)

    assert np.isnan(areas[-1])
    np.testing.assert_allclose(areas[:-1], roc_auc_per_class(probs, targets))
    assert np.isnan(roc_auc(probs[:, 0], np.ones(len(targets), dtype=bool)))


def test_that_equal_scores_favour_the_lower_class_and_k_beyond_the_classes_hits_all() -> None:
    scores, targets = np.array([[0.4, 0.4, 0.2]] * 3), np.array([0, 1, 2])

    assert top_k_hits(scores, targets, 1).tolist() == [True, False, False]
    assert top_k_hits(scores, targets, 2).tolist() == [True, True, False]
    assert top_k_hits(scores, targets, 9).tolist() == [True, True, True]


def test_that_the_best_by_top_1_is_the_one_argmax_names() -> None:
    rng = np.random.default_rng(0)
    scores, targets = rng.integers(0, 4, (500, 5)) / 4, rng.integers(0, 5, 500)

    np.testing.assert_array_equal(top_k_hits(scores, targets, 1), scores.argmax(axis=1) == targets)


def test_that_a_probability_of_zero_costs_much_but_not_infinitely() -> None:
    probs = np.array([[1.0, 0.0], [0.5, 0.5]], dtype=np.float32)

    losses = log_losses(probs, np.array([1, 0]))

    assert losses.tolist() == pytest.approx([-np.log(1e-12), np.log(2)])
    assert log_losses(probs, np.array([0, 1]))[0] == 0


def test_that_calibration_of_a_case_worked_by_hand_comes_out() -> None:
    # Two bins of 15: (0.9, 0.9] twice, once right: |0.5 - 0.9| * 2; (0.4, ...] once, right: |1 - 0.45|.
    confidence, correct = np.array([0.9, 0.9, 0.45]), np.array([True, False, True])

    assert calibration_error(confidence, correct) == pytest.approx((2 * 0.4 + 0.55) / 3)


def test_that_a_model_as_sure_as_it_is_right_has_no_calibration_error() -> None:
    confidence = np.array([1.0] * 3 + [0.75] * 4)
    correct = np.array([True] * 3 + [True, True, True, False])

    assert calibration_error(confidence, correct) == pytest.approx(0)


def test_that_without_images_the_measures_are_zero() -> None:
    nothing = np.zeros((0, 3))

    assert top_k_accuracy(nothing, np.zeros(0, np.int64), 1) == 0
    assert log_losses(nothing, np.zeros(0, np.int64)).shape == (0,)
    assert calibration_error(np.zeros(0), np.zeros(0, dtype=bool)) == 0
    assert np.isnan(roc_auc_per_class(nothing, np.zeros(0, np.int64))).all()
