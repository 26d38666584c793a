"""A table of measured numbers says of each whether its aim was reached."""

from __future__ import annotations

from benchmarks.figures import Figure, from_json, middle, ninety_ninth, table, to_json


def test_that_a_number_at_its_aim_has_reached_it_and_one_above_has_not() -> None:
    assert Figure("a", 16.0, "ms", 16.0).is_met is True
    assert Figure("a", 16.1, "ms", 16.0).is_met is False
    assert Figure("a", 16.1, "ms").is_met is None


def test_that_the_table_has_a_line_for_each_with_value_aim_and_verdict() -> None:
    told = table([Figure("scroll", 12.34, "ms", 33.0, "of 9"), Figure("memory", 1234.0, "MB", 16.0)])

    assert [line.split() for line in told.splitlines()[1:]] == [
        ["scroll", "12.3", "ms", "33", "ms", "reached", "of", "9"],
        ["memory", "1,234", "MB", "16", "MB", "MISSED"],
    ]


def test_that_figures_come_back_from_json_as_they_were() -> None:
    figures = [Figure("a", 1.5, "s", 2.0, "note"), Figure("b", 3.0)]

    assert from_json(to_json(figures)) == figures


def test_that_percentiles_of_nothing_are_zero_and_of_a_row_those_of_the_row() -> None:
    assert middle([]) == ninety_ninth([]) == 0.0
    assert middle([1.0, 2.0, 9.0]) == 2.0
    assert ninety_ninth([float(value) for value in range(101)]) == 99.0
