"""A thinned curve has the same extremes in the same order, with fewer points."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.channel.thinning import Point, thin


def curve(count: int, seed: int = 0) -> list[Point]:
    values = np.random.default_rng(seed).normal(size=count)
    return [Point(step, float(value)) for step, value in enumerate(values)]


@pytest.mark.parametrize("count", [0, 1, 9, 10])
def test_that_a_curve_with_room_is_kept_whole(count: int) -> None:
    assert thin(curve(count), 10) == curve(count)


@pytest.mark.parametrize("limit", [2, 3, 10, 99])
@pytest.mark.parametrize("count", [11, 100, 1001])
def test_that_at_most_the_limit_is_kept_in_order_and_the_extremes_are_among_them(
    count: int, limit: int
) -> None:
    points = curve(count, seed=count + limit)
    kept = thin(points, limit)

    assert len(kept) <= max(limit, 2) or count <= limit
    assert set(kept) <= set(points)
    assert [point.step for point in kept] == sorted({point.step for point in kept})
    assert min(points, key=lambda point: point.value) in kept
    assert max(points, key=lambda point: point.value) in kept


def test_that_a_spike_of_one_step_survives() -> None:
    points = [Point(step, 1.0) for step in range(1000)]
    points[537] = Point(537, 50.0)
    points[712] = Point(712, -3.0)

    kept = thin(points, 20)

    assert Point(537, 50.0) in kept
    assert Point(712, -3.0) in kept


def test_that_a_value_that_is_no_number_does_not_hide_the_extremes() -> None:
    points = [Point(0, math.nan), Point(1, 1.0), Point(2, 9.0), Point(3, -5.0), Point(4, 2.0)]

    kept = thin(points, 2)

    assert [point.step for point in kept] == [2, 3]


def test_that_a_curve_of_nothing_but_no_numbers_still_shows() -> None:
    assert thin([Point(step, math.nan) for step in range(10)], 2)
