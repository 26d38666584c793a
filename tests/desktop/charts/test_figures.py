"""Charts of rates and counts: what is drawn, told and read, whatever the number of classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from desktop.charts.chart_tip import ChartTip
from desktop.charts.figure_card import FigureCard
from desktop.charts.figure_plot import FigurePlot, in_words, line_role
from desktop.charts.figures import BarFigure, RateFigure, RateLine, Stack

X = np.linspace(0, 1, 101)


def rates(classes: int, **more: object) -> RateFigure:
    lines = [RateLine("mean", X, 1 - X, is_mean=True)]
    lines += [RateLine(f"class {number}", X, np.full(101, number / 40)) for number in range(classes)]
    return RateFigure("F1 against confidence", "Confidence", "F1", tuple(lines), **more)  # pyright: ignore[reportArgumentType]  # names of fields


def bars() -> BarFigure:
    right, wrong = np.array([1.0, 2, 3, 4]), np.array([8.0, 0, 0, 0])
    stacks = (Stack("right", "ok", right), Stack("wrong", "bad", wrong))
    return BarFigure("Boxes by confidence", "Confidence", "Boxes", stacks)


def shown(qtbot: QtBot, figure: RateFigure | BarFigure) -> FigurePlot:
    plot = FigurePlot()
    qtbot.addWidget(plot)
    plot.resize(320, 220)
    plot.show_figure(figure)
    plot.show()
    return plot


def test_that_few_classes_have_a_colour_each_and_many_have_one() -> None:
    few, many = rates(3), rates(20)

    assert len({line_role(few, number) for number in range(4)}) == 4
    assert line_role(few, 0) == "text", "the mean stands out"
    assert {line_role(many, number) for number in range(1, 21)} == {"text3"}


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (
            rates(2, marked=0.3, note="best 70%"),
            "best 70%. At confidence 0.30: mean 0.70, class 0 0.00, class 1 0.03",
        ),
        (bars(), "In all: right 10, wrong 8. Highest from 0.00 to 0.25"),
        (RateFigure("ROC", "False", "True", ()), ""),
    ],
)
def test_that_a_chart_is_said_in_words(figure: RateFigure | BarFigure, words: str) -> None:
    assert in_words(figure) == words


def test_that_the_pointer_reads_every_line(qtbot: QtBot) -> None:
    plot = shown(qtbot, rates(2))
    area = plot.area()

    qtbot.mouseMove(plot, QPoint(round(area.left() + area.width() * 0.25), round(area.center().y())))

    tip = plot.findChild(ChartTip)
    assert isinstance(tip, ChartTip)
    qtbot.waitUntil(tip.isVisible)


def test_that_keys_move_the_cross_and_take_it_away(qtbot: QtBot) -> None:
    plot = shown(qtbot, bars())
    tip = plot.findChild(ChartTip)
    assert isinstance(tip, ChartTip)

    qtbot.keyClick(plot, Qt.Key.Key_End)
    assert tip.isVisible()
    qtbot.keyClick(plot, Qt.Key.Key_Escape)

    assert not tip.isVisible()


def test_that_a_gap_in_a_line_is_left_open(qtbot: QtBot) -> None:
    whole, gap = np.full(101, 0.62), np.full(101, 0.62)
    gap[40:60] = np.nan
    pictures = [
        shown(qtbot, RateFigure("F1", "Confidence", "F1", (RateLine("a", X, y),))).grab().toImage()
        for y in (whole, gap)
    ]
    plot = shown(qtbot, bars())
    width, height = plot.width(), plot.height()
    columns = [
        x
        for x in range(width)
        if any(pictures[0].pixel(x, y) != pictures[1].pixel(x, y) for y in range(height))
    ]

    area = pictures[0].width()
    assert columns
    assert 0.4 * area < min(columns)
    assert max(columns) < 0.7 * area


def test_that_a_card_tells_the_title_and_the_note(qtbot: QtBot) -> None:
    card = FigureCard()
    qtbot.addWidget(card)

    card.show_figure(rates(20, note="best 70%"))

    assert card.plot.accessibleName() == "F1 against confidence: F1 against Confidence"
    assert card.plot.accessibleDescription().startswith("best 70%")


def test_that_a_bar_is_picked_by_click_and_by_key(qtbot: QtBot) -> None:
    plot = shown(qtbot, replace(bars(), key="confidence"))
    area = plot.area()

    with qtbot.waitSignal(plot.picked) as clicked:
        place = QPoint(round(area.left() + area.width() * 0.6), round(area.bottom() - 4))
        qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=place)
    assert clicked.args is not None
    assert clicked.args[0].number == 2
    qtbot.keyClick(plot, Qt.Key.Key_End)
    with qtbot.waitSignal(plot.picked) as pressed:
        qtbot.keyClick(plot, Qt.Key.Key_Return)
    assert pressed.args is not None
    assert pressed.args[0].number == 3


def test_that_the_nearest_line_is_picked(qtbot: QtBot) -> None:
    plot = shown(qtbot, rates(3, key="confidence"))
    area = plot.area()

    with qtbot.waitSignal(plot.picked) as picked:
        place = QPoint(round(area.left() + area.width() * 0.4), round(area.bottom() - area.height() * 0.05))
        qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=place)

    assert picked.args is not None
    point = picked.args[0]
    assert point.figure.lines[point.number].label == "class 2"
    assert point.x == pytest.approx(0.4, abs=0.01)


def test_that_a_chart_that_means_nothing_to_anybody_cannot_be_picked(qtbot: QtBot) -> None:
    plot = shown(qtbot, bars())
    told: list[object] = []
    plot.picked.connect(told.append)

    qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=plot.area().center().toPoint())
    qtbot.keyClick(plot, Qt.Key.Key_Return)

    assert told == []


def test_that_bars_beyond_one_name_where_they_stand() -> None:
    losses = replace(bars(), reach=(0.0, 2.0), has_rest=True)

    assert losses.edges(1) == (0.5, 1.0)
    assert in_words(losses).endswith("Highest from 0.00 to 0.50")


def test_that_a_dot_marks_the_best_point(qtbot: QtBot) -> None:
    plain, marked = (shown(qtbot, rates(0, best=best)).grab().toImage() for best in (None, 0.25))
    plot = shown(qtbot, rates(0, best=0.25))
    area = plot.area()
    place = QPoint(round(area.left() + area.width() * 0.25), round(area.bottom() - area.height() * 0.75))

    assert plain.pixel(place) != marked.pixel(place)


def test_that_a_chart_says_what_enter_does(qtbot: QtBot) -> None:
    figure = rates(1, key="confidence", tip="Click sets this confidence")

    plot = shown(qtbot, figure)

    assert plot.accessibleDescription().endswith(". Enter: sets this confidence")
