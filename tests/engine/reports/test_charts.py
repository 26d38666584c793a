"""Charts of a report: round ticks, means of many points, and where a line lies."""

from __future__ import annotations

import math
import re

import pytest

from engine.reports.charts import HEIGHT, WIDTH, Series, line_chart, number, thinned, ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 10.0, [0, 2, 4, 6, 8, 10]),
        (0.13, 0.87, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-3.0, 4.0, [-4, -2, 0, 2, 4]),
        (1e-5, 2e-4, [0.0, 5e-5, 1e-4, 1.5e-4, 2e-4]),
    ],
)
def test_that_ticks_are_round_and_reach_over_the_values(
    low: float, high: float, expected: list[float]
) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def test_that_many_points_become_means_of_neighbours() -> None:
    points = [(float(n), float(n % 2)) for n in range(1000)]

    found = thinned(points, most=100)

    assert len(found) == 100
    assert found[0] == (4.5, 0.5)
    assert thinned(points[:3], most=100) == points[:3]


def test_that_a_line_goes_from_the_lower_left_to_the_upper_right_of_its_plane() -> None:
    drawn = line_chart("Accuracy", [Series("validation", [(0, 0.0), (10, 1.0)])], best=10, share=True)

    points = re.search(r'<polyline class="l1" points="([^"]+)"', drawn)
    assert points is not None
    (x1, y1), (x2, y2) = [tuple(map(float, pair.split(","))) for pair in points[1].split()]
    assert 0 < x1 < 60 < x2 <= WIDTH
    assert HEIGHT > y1 > y2 > 0
    assert ">100%</text>" in drawn
    assert ">best</text>" in drawn


def test_that_values_that_are_no_numbers_leave_a_chart_that_can_be_drawn() -> None:
    drawn = line_chart("Loss", [Series("train", [(1, math.inf), (2, 3.0)]), Series("validation", [])])

    assert "inf" not in drawn
    assert "nan" not in drawn
    assert '<circle class="f1"' in drawn
    assert line_chart("Loss", [Series("train", [])]) == ""


def test_that_names_are_escaped() -> None:
    drawn = line_chart('<b>"x"', [Series("<i>", [(0, 1), (1, 2)]), Series("b", [(0, 1)])])

    assert "<b>" not in drawn
    assert "<i>" not in drawn
    assert 'aria-label="&lt;b&gt;&quot;x&quot;' in drawn


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.25, "0.25"), (1e-4, "1e-04"), (1234, "1234"), (250_000, "2e+05")]
)
def test_that_numbers_on_an_axis_are_short(value: float, text: str) -> None:
    assert number(value) == text
