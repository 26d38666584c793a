from __future__ import annotations

import pytest

from desktop.charts.ticks import epoch_text, linear_ticks, log_ticks, number_text, tick_texts


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (0.18, 1.0, 5, ["0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0.0, 2.4, 4, ["0", "1", "2"]),
        (0.981, 0.9931, 4, ["0.985", "0.990"]),
        (-3, 3, 4, ["-2", "0", "2"]),
        (0, 2_500_000, 3, ["0", "1e+06", "2e+06"]),
    ],
)
def test_that_a_linear_axis_has_round_marks(low: float, high: float, most: int, texts: list[str]) -> None:
    assert tick_texts(linear_ticks(low, high, most)) == texts


@pytest.mark.parametrize(
    ("high", "marks"), [(0.4, [0]), (2.3, [0, 1, 2]), (34, [0, 10, 20, 30]), (1000, [0, 500, 1000])]
)
def test_that_epochs_are_marked_by_whole_numbers(high: float, marks: list[float]) -> None:
    assert linear_ticks(0, high, 5, whole=True) == marks


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.01, 10, ["0.01", "0.1", "1", "10"]),
        (0.2, 2.4, ["0.2", "0.5", "1", "2"]),
        (1e-6, 1e-2, ["1e-06", "1e-05", "0.0001", "0.001", "0.01"]),
    ],
)
def test_that_a_logarithmic_axis_has_marks_in_equal_ratios(low: float, high: float, texts: list[str]) -> None:
    assert tick_texts(log_ticks(low, high, 5)) == texts


def test_that_an_axis_over_many_powers_leaves_some_out() -> None:
    assert len(log_ticks(1e-20, 1e20, 6)) <= 6


def test_that_an_axis_without_length_has_no_marks() -> None:
    assert linear_ticks(1, 1, 5) == []
    assert log_ticks(0, 1, 5) == []
    assert tick_texts([]) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.34194, "0.3419"),
        (0.0, "0.0000"),
        (0.0026013, "0.002601"),
        (12.345, "12.35"),
        (1136.4, "1,136"),
        (3.2e-6, "3.2e-06"),
        (float("nan"), "–"),
    ],
)
def test_that_a_value_is_written_with_four_figures(value: float, text: str) -> None:
    assert number_text(value) == text


@pytest.mark.parametrize(("epoch", "text"), [(22.0, "22"), (22.354, "22.35"), (0.5, "0.5"), (1200, "1,200")])
def test_that_an_epoch_is_written_short(epoch: float, text: str) -> None:
    assert epoch_text(epoch) == text
