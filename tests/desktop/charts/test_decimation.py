from __future__ import annotations

import numpy as np

from desktop.charts.decimation import Columns, extremes, means, within

X = np.arange(10_000.0, dtype=np.float64)


def columns(count: int) -> Columns:
    return Columns(0.0, 10_000.0, count)


def test_that_extremes_keep_highest_and_lowest_in_two_points_a_column() -> None:
    y = np.random.default_rng(2).normal(size=len(X))
    y[4321], y[77] = 50.0, -40.0

    xs, ys = extremes(X, y, columns(200))

    assert len(xs) == len(ys) <= 400
    assert (ys.max(), ys.min()) == (50.0, -40.0)
    assert np.all(np.diff(xs) >= 0)


def test_that_few_points_are_left_as_they_are() -> None:
    xs, ys = extremes(X[:300], X[:300], columns(200))

    assert len(xs) == len(ys) == 300


def test_that_means_are_those_of_their_columns() -> None:
    xs, ys = means(X, X, columns(10))

    np.testing.assert_allclose(ys, np.arange(10) * 1000 + 499.5)
    np.testing.assert_allclose(xs, np.arange(10) * 1000 + 500)


def test_that_gaps_are_passed_over_and_a_column_of_gaps_is_one() -> None:
    y = X.copy()
    y[::2] = np.nan
    y[2000:3000] = np.nan

    mean = means(X, y, columns(10))[1]
    span = extremes(X, y, columns(10))[1]

    assert np.isnan(mean).tolist() == [column == 2 for column in range(10)]
    assert np.isnan(span).sum() == 2


def test_that_a_part_reaches_one_point_over_its_bounds() -> None:
    assert within(X, 100.5, 200.5) == slice(100, 202)
    assert within(X, -5, 1e9) == slice(0, 10_000)
    assert within(np.empty(0), 0, 1) == slice(0, 0)


def test_that_points_far_apart_leave_no_empty_columns() -> None:
    x = np.concatenate([np.linspace(0, 1, 1000), [1000.0]])

    xs, ys = extremes(x, np.ones_like(x), Columns(0.0, 1001.0, 100))

    assert np.isfinite(ys).all()
    assert abs(xs[-1] - 1000.0) < 10.01


def test_that_a_point_beyond_the_view_stays_beyond_it() -> None:
    xs, _ = means(X, X, Columns(0.0, 9998.5, 100))

    assert xs[-1] > 9998.5
