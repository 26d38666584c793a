"""Filters of the Validate page: charts that are clicked, chips, typed ranges; and the table of the same rows."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from desktop.charts.figure_card import FigureCard
from desktop.charts.figure_plot import PickedPoint
from desktop.charts.figures import BarFigure
from desktop.context import Context
from desktop.models.result import ResultKey
from desktop.pages.validate import ValidatePage
from desktop.pages.validate_side import CURVES
from desktop.tasks.measures import Span
from desktop.viewers.matrix_data import Cell
from engine.protocol.home import Home
from tests.desktop.measured_runs import MeasuredRun
from tests.desktop.pages.validate_stage import WAIT_MS, opened
from tests.desktop.task_runs import DOGS, detector_run


def first_result(qtbot: QtBot, context: Context, run: MeasuredRun) -> ValidatePage:
    """The result with three mistakes, all circles taken for crosses."""
    page = opened(qtbot, context, run=run.run)
    page.browser.choose(ResultKey(run.run, "0001"))
    qtbot.waitUntil(
        lambda: page.images.result is not None and page.images.result.summary.epoch == 1, timeout=WAIT_MS
    )
    return page


def chart(page: ValidatePage, title: str) -> FigureCard:
    page.side.show_view(CURVES)
    return next(card for card in page.side.figures.cards if card.plot.figure().title == title)


def click_bar(page: ValidatePage, title: str, number: int) -> None:
    plot = chart(page, title).plot
    plot.picked.emit(PickedPoint(plot.figure(), 0.0, number))


def shown(page: ValidatePage) -> list[int]:
    return sorted(page.images.grid.images.shown.tolist())


@pytest.fixture
def detector(lensmith_home: Path, tmp_path: Path) -> MeasuredRun:
    return detector_run(Home(lensmith_home), tmp_path)


def test_that_a_bar_shows_the_images_that_it_counts(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    page = first_result(qtbot, context, run)
    figure = chart(page, "Confidence").plot.figure()
    assert isinstance(figure, BarFigure)
    number = int(np.argmax(figure.stacks[0].values))
    count = int(figure.total(number))

    click_bar(page, "Confidence", number)

    assert page.side.views.currentWidget() is page.images
    assert page.images.count_text() == f"{count} of 12"
    assert page.images.chip_texts()[0].startswith("confidence ")


def test_that_filters_hold_all_at_once_and_one_click_clears_them(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = first_result(qtbot, context, run)
    result = page.images.result
    assert result is not None
    losses, confidence = (result.column(name).astype(np.float64) for name in ("loss", "confidence"))
    middle = float(np.median(losses[:3]))

    page.matrix.matrix.picked.emit(Cell(0, None))
    page.images.toggle_verdict("incorrect")
    page.images.show_within(Span("loss", middle, math.inf))
    page.images.show_within(Span("confidence", 0.0, float(confidence[1])))

    expected = [
        image
        for image in range(12)
        if result.column("target")[image] == 0
        and not result.column("correct")[image]
        and losses[image] >= middle
        and confidence[image] <= confidence[1] + 1e-7
    ]
    assert shown(page) == expected
    assert 0 < len(expected) < 3
    assert len(page.images.chip_texts()) == 4
    page.images.chips.cleared.emit()
    assert page.images.chip_texts() == []
    assert page.images.count_text() == "12 of 12"
    assert page.matrix.matrix.selected() is None


def test_that_each_chip_takes_its_own_filter_away(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    page = first_result(qtbot, context, run)
    page.images.show_within(Span("loss", 100.0, math.inf))
    page.images.toggle_verdict("incorrect")
    assert page.images.count_text() == "0 of 12"

    chip = page.images.chips.chip("loss")
    assert chip is not None
    assert chip.accessibleName() == "Remove filter: loss ≥ 100"
    chip.click()

    assert page.images.chip_texts() == ["incorrect only"]
    assert page.images.count_text() == "3 of 12"


def test_that_a_range_is_typed(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    page = first_result(qtbot, context, run)
    page.images.ranges.show_selection(page.images.selection)
    low, high = page.images.ranges.fields["margin"]
    assert low.accessibleName() == "Margin from"

    high.setText("0")
    high.editingFinished.emit()

    assert page.images.chip_texts() == ["margin ≤ 0"]
    assert shown(page) == [0, 1, 2], "the mistakes"
    page.images.ranges.show_selection(page.images.selection)
    high.setText("")
    high.editingFinished.emit()
    assert page.images.chip_texts() == []


def test_that_percent_is_typed_as_percent(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    page = first_result(qtbot, context, run)
    low, high = page.images.ranges.fields["confidence"]

    low.setText("90")
    high.setText("80")
    low.editingFinished.emit()

    assert page.images.chip_texts() == ["confidence 80–90%"], "ends that are the wrong way round are turned"


def test_that_a_bar_below_the_bound_lowers_it(qtbot: QtBot, context: Context, detector: MeasuredRun) -> None:
    page = opened(qtbot, context, run=detector.run)
    page.side.slider.setValue(70)

    click_bar(page, "Boxes by confidence", 8)  # from 0.40 to 0.45

    assert page.side.slider.value() == 40
    assert page.images.chip_texts() == ["confidence 40–45%"]
    assert shown(page) == [2]


def test_that_a_point_of_a_curve_sets_the_confidence_and_a_button_the_best(
    qtbot: QtBot, context: Context, detector: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=detector.run)
    best = page.side.slider.value()
    plot = chart(page, "F1 against confidence").plot

    plot.picked.emit(PickedPoint(plot.figure(), 0.85, 0))

    assert page.side.slider.value() == 85
    assert page.cards.cards[3].accessibleName().startswith("F1 at 85%")
    page.side.best.click()
    assert page.side.slider.value() == best


def test_that_cell_and_range_hold_of_the_same_box(
    qtbot: QtBot, context: Context, detector: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=detector.run)
    page.side.slider.setValue(30)

    page.matrix.matrix.picked.emit(Cell(None, DOGS))
    page.images.show_within(Span("confidence", 0.7, 1.0))

    assert shown(page) == [1]


def test_that_the_table_shows_the_same_rows_and_sorts_by_any_column(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = first_result(qtbot, context, run)
    page.images.table_button.click()
    table = page.images.table
    assert page.images.is_table
    assert [column.title for column in table.rows.columns] == [
        "File",
        "Truth",
        "Prediction",
        "Verdict",
        "Confidence",
        "Loss",
        "Margin",
    ]

    page.images.toggle_verdict("incorrect")
    assert table.rows.rowCount() == 3
    page.images.toggle_verdict("incorrect")
    table.horizontalHeader().sectionClicked.emit(6)

    result = page.images.result
    assert result is not None
    margins = result.column("margin")[page.images.grid.images.shown]
    assert margins.tolist() == sorted(margins.tolist()), "the lowest margin is the worst"
    first = int(page.images.grid.images.shown[0])
    told = [str(table.rows.data(table.rows.index(0, column))) for column in range(7)]
    assert told[:4] == [result.paths[first], "circle", "cross", "✕ Incorrect"]
    assert told[5] == f"{float(result.column('loss')[first]):.3f}"


def test_that_rows_are_copied_as_a_table(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    page = first_result(qtbot, context, run)
    QGuiApplication.clipboard().setText("")
    page.images.toggle_verdict("incorrect")
    page.images.table_button.click()

    qtbot.keyClick(page.images.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() != "", timeout=WAIT_MS)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t")[:2] == ["File", "Truth"]
    assert len(lines) == 4
    assert lines[1].split("\t")[3] == "✕ Incorrect"


def test_that_an_image_opened_from_the_table_leads_back_to_it(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = first_result(qtbot, context, run)
    page.images.table_button.click()
    page.images.table.setCurrentIndex(page.images.table.rows.index(4, 0))
    image = page.images.grid.current_image()

    qtbot.keyClick(page.images.table, Qt.Key.Key_Return)
    assert page.detail.image == image
    qtbot.keyClick(page.detail, Qt.Key.Key_Right)
    qtbot.keyClick(page.detail, Qt.Key.Key_Escape)

    assert page.images.table.hasFocus()
    assert page.images.table.currentIndex().row() == 5


def test_that_a_pair_of_the_list_shows_its_images(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    page = first_result(qtbot, context, run)
    page.matrix.show_list("pairs")
    assert page.matrix.pairs.isVisible()
    page.matrix.pairs.setFocus()

    qtbot.keyClick(page.matrix.pairs, Qt.Key.Key_Return)

    assert page.images.chip_texts() == ["true circle → predicted cross"]
    assert page.images.count_text() == "3 of 12"
    assert page.matrix.matrix.selected() == Cell(0, 1)
    qtbot.keyClick(page.matrix.pairs, Qt.Key.Key_Return)
    assert page.images.chip_texts() == []
