"""Rates of the confusion matrix, against scikit-learn and worked by hand."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as reference

from engine.metrics.confusion import (
    accuracy,
    balanced_accuracy,
    class_rates,
    empty_confusion,
    macro,
    update_confusion,
)


def labels(classes: int, images: int, seed: int, only: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions that agree about half of the time; with `only`, of that many of the classes."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, only or classes, images)
    guesses = rng.integers(0, only or classes, images)
    return targets, np.where(rng.random(images) < 0.5, targets, guesses)


NOTHING: Any = 0  # the stubs know only the word "warn"
CASES = [
    labels(2, 50, 1),
    labels(10, 200, 2),
    labels(10, 7, 3),
    labels(6, 100, 4, only=3),
    labels(3, 1, 5),
]


def confusion_of(case: tuple[np.ndarray, np.ndarray], classes: int = 10) -> np.ndarray:
    return update_confusion(empty_confusion(classes), *case)


@pytest.mark.parametrize("case", CASES)
def test_that_the_matrix_is_that_of_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    expected = reference.confusion_matrix(*case, labels=range(10))

    np.testing.assert_array_equal(confusion_of(case), expected)


@pytest.mark.parametrize("case", CASES)
def test_that_the_rates_of_each_class_are_those_of_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    rates = class_rates(confusion_of(case))
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        *case, labels=range(10), zero_division=NOTHING
    )

    np.testing.assert_allclose(rates.precision, precision)
    np.testing.assert_allclose(rates.recall, recall)
    np.testing.assert_allclose(rates.f1, f1)
    np.testing.assert_array_equal(rates.support, support)


@pytest.mark.parametrize("case", CASES)
def test_that_the_averages_are_those_of_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    confusion = confusion_of(case)
    rates = class_rates(confusion)
    precision, recall, f1, _ = reference.precision_recall_fscore_support(
        *case, average="macro", zero_division=NOTHING
    )

    assert macro(rates.precision, rates) == pytest.approx(precision)
    assert macro(rates.recall, rates) == pytest.approx(recall)
    assert macro(rates.f1, rates) == pytest.approx(f1)
    assert accuracy(confusion) == pytest.approx(reference.accuracy_score(*case))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class that is predicted but never there
        assert balanced_accuracy(confusion) == pytest.approx(reference.balanced_accuracy_score(*case))


def test_that_a_case_worked_by_hand_comes_out() -> None:
    # True 0: two as 0, one as 1. True 1: one as 1. True 2: one as 0. Class 3 is not there at all.
    confusion = update_confusion(empty_confusion(4), np.array([0, 0, 0, 1, 2]), np.array([0, 0, 1, 1, 0]))
    rates = class_rates(confusion)

    assert confusion.tolist() == [[2, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(rates.precision, [2 / 3, 1 / 2, 0, 0])
    np.testing.assert_allclose(rates.recall, [2 / 3, 1, 0, 0])
    np.testing.assert_allclose(rates.f1, [2 / 3, 2 / 3, 0, 0])
    assert rates.seen.tolist() == [True, True, True, False]
    assert macro(rates.f1, rates) == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert accuracy(confusion) == pytest.approx(3 / 5)
    assert balanced_accuracy(confusion) == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_that_batches_add_up_and_the_matrix_given_is_left_alone() -> None:
    targets, predicted = CASES[1]
    start = empty_confusion(10)
    halves = update_confusion(start, targets[:90], predicted[:90])
    halves = update_confusion(halves, targets[90:], predicted[90:])

    np.testing.assert_array_equal(halves, confusion_of(CASES[1]))
    assert start.sum() == 0


def test_that_without_images_everything_is_zero() -> None:
    confusion = update_confusion(empty_confusion(3), np.zeros(0, np.int64), np.zeros(0, np.int64))
    rates = class_rates(confusion)

    assert confusion.shape == (3, 3)
    assert (accuracy(confusion), balanced_accuracy(confusion), macro(rates.f1, rates)) == (0, 0, 0)
