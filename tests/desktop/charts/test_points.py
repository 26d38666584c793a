from __future__ import annotations

import numpy as np
import pytest

from desktop.charts.points import Points, rising, thin


def filled(count: int, most: int = 1000) -> Points:
    points = Points(most)
    for index in range(count):
        points.append(index, index * 2.0)
    return points


def test_that_appended_points_come_back_in_order() -> None:
    points = filled(3000, most=10_000)

    assert np.array_equal(points.x, np.arange(3000))
    assert np.array_equal(points.y, 2.0 * np.arange(3000))
    assert points.generation == 0


def test_that_a_resumed_attempt_replaces_the_points_it_passes_again() -> None:
    points = filled(10)

    points.append(6.0, -1.0)

    assert points.x.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert points.y[-1] == -1.0
    assert points.generation == 1


def test_that_a_value_that_is_no_number_becomes_a_gap() -> None:
    points = Points()
    for x, y in ((0, 1.0), (1, np.nan), (2, np.inf)):
        points.append(x, y)

    assert np.isnan(points.y).tolist() == [False, True, True]


def test_that_memory_is_bounded_and_the_extremes_stay() -> None:
    points = Points(most=1000)
    generator = np.random.default_rng(1)
    values = generator.normal(size=20_000)
    for index, value in enumerate(values):
        points.append(index, value)

    assert 250 <= len(points) <= 1000
    assert points.y.max() == values.max()
    assert points.y.min() == values.min()
    assert points.x[-1] == 19_999
    assert np.all(np.diff(points.x) > 0)


def test_that_thinning_halves_and_keeps_peaks_beside_gaps() -> None:
    x = np.arange(9.0, dtype=np.float64)
    y = np.array([0.0, 9.0, -5.0, 1.0, np.nan, np.nan, 3.0, np.nan, 7.0])

    xs, ys = thin(x, y)

    assert xs.tolist() == [1, 2, 6, 7, 8]
    assert ys[:3].tolist() == [9.0, -5.0, 3.0]
    assert ys[-1] == 7.0


def test_that_replaced_points_are_put_in_order_where_a_run_was_rewound() -> None:
    points = filled(5)

    points.replace([0, 1, 2, 3, 2, 3, 4], [0, 1, 2, 3, 20, 30, 40])

    assert points.x.tolist() == [0, 1, 2, 3, 4]
    assert points.y.tolist() == [0, 1, 20, 30, 40]
    assert points.generation == 1


def test_that_more_replaced_points_than_fit_are_thinned() -> None:
    points = Points(most=100)

    points.replace(np.arange(1000), np.arange(1000))

    assert len(points) <= 100
    assert points.y.max() == 999


@pytest.mark.parametrize(("x", "index"), [(-3, 0), (0.4, 0), (0.6, 1), (1.5, 1), (99, 9)])
def test_that_the_nearest_point_is_found(x: float, index: int) -> None:
    assert filled(10).nearest(x) == index


def test_that_no_point_is_nearest_where_there_is_none() -> None:
    assert Points().nearest(1.0) is None


def test_that_rising_leaves_rising_points_alone() -> None:
    x = np.arange(5.0, dtype=np.float64)

    assert rising(x, x)[0].tolist() == x.tolist()
