"""Results of images whose truth nobody knows, on the Validate page: answers, and nothing that judges them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.validate import ValidatePage
from desktop.pages.validate_side import CLASSES, OBJECTS
from desktop.tasks.measures import Span
from desktop.tasks.task import Selection, view_of
from desktop.viewers.matrix_data import Cell
from engine.protocol.home import Home
from tests.desktop.measured_runs import MeasuredRun, measured_run
from tests.desktop.pages.validate_stage import WAIT_MS, opened
from tests.desktop.task_runs import detector_run, segmenter_run
from tests.desktop.unlabelled_runs import answers_of

Make = Callable[[Home, Path], MeasuredRun]
MAKERS = [
    pytest.param(measured_run, id="labels"),
    pytest.param(detector_run, id="boxes"),
    pytest.param(segmenter_run, id="pixels"),
]


def shown(qtbot: QtBot, context: Context, run: MeasuredRun) -> ValidatePage:
    answers_of(run)
    page = opened(qtbot, context, run=run.run)
    qtbot.waitUntil(
        lambda: page.images.result is not None and not page.images.result.summary.is_labelled,
        timeout=WAIT_MS,
    )
    return page


@pytest.mark.parametrize("make", MAKERS)
def test_that_every_view_bears_a_result_without_truth(
    qtbot: QtBot, context: Context, tmp_path: Path, make: Make
) -> None:
    page = shown(qtbot, context, make(context.home, tmp_path))
    result = page.images.result
    assert result is not None

    assert page.matrix.matrix.isHidden()
    assert page.cards.cards[0].accessibleName().endswith("2 could not be read")
    assert not page.side.choice.is_offered(CLASSES)
    assert not page.side.choice.is_offered(OBJECTS)
    view = view_of(result)
    for sort in view.sorts:
        order = view.order(result, sort.key)
        assert order is not None
        assert len(order) == result.images
    for image in range(result.images):
        assert view.tile(result, image).is_correct is None
        assert view.detail(result, image).verdict == ""
        assert "truth" not in view.layers(result, image)
    for column in view.columns(result):
        assert len(column.words(np.arange(result.images))) == result.images
    page.open_image(0)
    qtbot.waitUntil(lambda: page.one_image.is_open, timeout=WAIT_MS)


@pytest.mark.parametrize("make", MAKERS)
def test_that_keys_for_verdicts_and_a_class_leave_what_there_is(
    qtbot: QtBot, context: Context, tmp_path: Path, make: Make
) -> None:
    page = shown(qtbot, context, make(context.home, tmp_path))
    result = page.images.result
    assert result is not None

    page.images.toggle_verdict("incorrect")
    page.images.toggle_verdict("incorrect")
    page.matrix.bars.picked.emit(1)

    view = view_of(result)
    expected = int(view.chosen(result, Selection(predicted=1)).sum())
    assert page.matrix.matrix.selected() == Cell(None, 1)
    assert page.images.count_text() == f"{expected} of {result.images}"


def test_that_the_least_sure_answers_come_first_and_can_be_bounded(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = shown(qtbot, context, run)
    result = page.images.result
    assert result is not None
    view = view_of(result)

    assert view.sorts[0].key == "unsure"
    order = view.order(result, "unsure")
    assert order is not None
    assert np.argsort(order).tolist() == [0, 1, 2, 3]
    sure = view.chosen(result, Selection(spans=(Span("confidence", 0.65, 1.0),)))
    assert sure.tolist() == [False, False, True, True]
    shares = {entry.label: entry.count for entry in view.class_values(result)}
    assert shares == {"circle": 2, "cross": 1, "star": 1}


def test_that_a_bound_leaves_boxes_out(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    page = shown(qtbot, context, detector_run(context.home, tmp_path))
    result = page.images.result
    assert result is not None
    view = view_of(result)

    assert page.side.slider.value() == 25
    assert view.tile(result, 1).caption == "1 dog"
    assert view.tile(view.at(result, 0.1), 1).caption == "1 cat, 1 dog"
    assert view.tile(view.at(result, 0.95), 1).caption == "nothing found"
    assert [len(layer) for layer in view.tile_layers(result, 1).values()] == [1]


def test_that_the_chooser_groups_validations_and_test_runs(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = shown(qtbot, context, run)

    assert page.source.result_titles() == [
        "Newest: photos · best · epoch 3",
        "Test runs",
        "photos · best · epoch 3",
        "Validations",
        "Epoch 3 · val",
        "Epoch 2 · val",
        "Epoch 1 · val",
    ]
