from __future__ import annotations

import numpy as np
import pytest

from desktop.charts.points import Points
from desktop.charts.smoothing import Smoothed, smooth


def smooth_in_a_loop(values: np.ndarray, weight: float) -> np.ndarray:
    last, total = 0.0, 0.0
    means = np.full(len(values), np.nan)
    for index, value in enumerate(values):
        if np.isnan(value):
            continue
        last = last * weight + (1 - weight) * value
        total = total * weight + (1 - weight)
        means[index] = last / total
    return means


@pytest.mark.parametrize("weight", [1e-6, 0.01, 0.3, 0.6, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("count", [1, 2, 1000, 30_000])
def test_that_the_average_is_that_of_the_plain_loop(weight: float, count: int) -> None:
    values = np.random.default_rng(count).normal(3.0, 2.0, count)

    np.testing.assert_allclose(
        smooth(values, weight), smooth_in_a_loop(values, weight), rtol=1e-9, atol=1e-12
    )


def test_that_gaps_stay_gaps_and_do_not_count() -> None:
    values = np.random.default_rng(0).normal(size=500)
    values[[0, 7, 8, 499]] = np.nan

    np.testing.assert_allclose(smooth(values, 0.9), smooth_in_a_loop(values, 0.9), rtol=1e-12)


def test_that_a_level_curve_stays_level_from_its_first_point() -> None:
    np.testing.assert_allclose(smooth(np.full(50, 4.0), 0.95), 4.0, rtol=1e-12)


def test_that_without_weight_the_values_come_back() -> None:
    assert smooth(np.array([1.0, 5.0]), 0.0).tolist() == [1.0, 5.0]


def test_that_a_growing_curve_is_smoothed_as_a_whole_one() -> None:
    points, values = Points(most=4000), np.random.default_rng(5).normal(size=9000)
    smoothed = Smoothed(points, 0.9)
    for index, value in enumerate(values):
        points.append(index, value)
        if index % 37 == 0:
            smoothed.values()
    points.append(8000.5, 2.0)

    np.testing.assert_allclose(smoothed.values(), smooth_in_a_loop(points.y, 0.9), rtol=1e-9)


def test_that_another_weight_takes_effect_on_all_points() -> None:
    points = Points()
    smoothed = Smoothed(points, 0.5)
    for index in range(100):
        points.append(index, float(index % 7))
    smoothed.values()

    smoothed.set_weight(0.8)

    np.testing.assert_allclose(smoothed.values(), smooth_in_a_loop(points.y, 0.8), rtol=1e-12)
