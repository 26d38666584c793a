"""Ranges of numbers: what lies in them, how they are told, and that a bar stands for what it counts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from desktop.charts.figures import BarFigure, Stack
from desktop.tasks.measures import Measure, Span, bar_span
from desktop.tasks.task import Selection

SHARE, NUMBER = Measure("confidence", "Confidence"), Measure("loss", "Loss", "number")


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Span("confidence", 0.4, 0.45, "lower"), "confidence 40–45%"),
        (Span("confidence", 0.5, math.inf), "confidence ≥ 50%"),
        (Span("confidence", -math.inf, 0.125), "confidence ≤ 12.5%"),
    ],
)
def test_that_a_range_is_told_in_words(span: Span, words: str) -> None:
    assert span.text(SHARE) == words


def test_that_other_numbers_are_told_as_they_are() -> None:
    assert Span("loss", 0.25, 2.5).text(NUMBER) == "loss 0.25–2.5"
    assert Span("iou", 0.5, 1.0).text(Measure("iou", "IoU")) == "IoU 50–100%", "initials keep their case"


def test_that_a_range_holds_its_ends_as_it_says_and_no_nan() -> None:
    values = np.array([0.2, 0.3, 0.4, np.nan])

    assert Span("confidence", 0.2, 0.4).holds(values).tolist() == [True, True, True, False]
    assert Span("confidence", 0.2, 0.4, "lower").holds(values).tolist() == [True, True, False, False]
    assert Span("confidence", 0.2, 0.4, "upper").holds(values).tolist() == [False, True, True, False]


def test_that_a_number_of_the_engine_lies_in_the_bar_that_it_was_counted_in() -> None:
    near = np.array([0.7], dtype=np.float32)  # 0.69999999
    figure = BarFigure("", "", "", (Stack("", "s1", np.zeros(20)),), key="confidence")
    spans = [bar_span(figure, number) for number in range(20)]

    held = [number for number, span in enumerate(spans) if span is not None and span.holds(near)[0]]

    assert held == [14]


@pytest.mark.parametrize("is_open_below", [False, True])
def test_that_each_number_lies_in_exactly_one_bar(is_open_below: bool) -> None:
    figure = BarFigure(
        "", "", "", (Stack("", "s1", np.zeros(15)),), key="confidence", is_open_below=is_open_below
    )
    values = np.concatenate([np.arange(16) / 15, np.random.default_rng(0).random(500)])

    held = np.stack([span.holds(values) for n in range(15) if (span := bar_span(figure, n)) is not None])

    assert held.sum(axis=0).tolist() == [1] * len(values)
    assert held[14].sum() == ((values > 14 / 15) if is_open_below else (values >= 14 / 15)).sum()


def test_that_the_last_bar_of_losses_has_no_upper_end() -> None:
    stacks = (Stack("", "s1", np.zeros(4)),)
    figure = BarFigure("", "", "", stacks, key="loss", reach=(0.0, 2.0), has_rest=True)

    assert bar_span(figure, 1) == Span("loss", 0.5, 1.0, "lower")
    assert bar_span(figure, 3) == Span("loss", 1.5, math.inf)


def test_that_a_chart_without_a_key_filters_nothing() -> None:
    assert bar_span(BarFigure("", "", "", (Stack("", "s1", np.zeros(4)),)), 0) is None


def test_that_a_selection_has_one_range_a_measure() -> None:
    selection = Selection().within(Span("loss", 0, 1)).within(Span("confidence", 0, 1))
    assert selection.within(Span("loss", 2, 3)).spans == (Span("confidence", 0, 1), Span("loss", 2, 3))
    assert selection.beyond("loss").beyond("confidence").is_all
