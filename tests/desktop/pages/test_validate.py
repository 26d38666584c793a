"""The Validate page with real results: what it shows, how it is filtered, and how it stays true."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QComboBox, QSlider, QWidget
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.models.result import ResultKey
from desktop.viewers.matrix_data import Cell
from engine.protocol.events import ResultWritten, RunEnded
from engine.protocol.job import Failure
from engine.runner.derived import Derived
from engine.runner.given_data import Wanted
from engine.runner.supervision import add_supervision
from engine.store.database import Store
from engine.store.rebuild import take_run
from tests.desktop.measured_runs import CLASSES, MeasuredRun, evaluation_of
from tests.desktop.pages.validate_stage import WAIT_MS, know, open_page, opened, shown_epoch


def test_that_without_any_run_the_page_says_how_to_get_a_result(qtbot: QtBot, context: Context) -> None:
    page = open_page(qtbot, context)

    qtbot.waitUntil(lambda: page.empty.isVisible(), timeout=WAIT_MS)

    assert "No results yet" in page.empty.title.text()
    assert page.source.isHidden()
    with qtbot.waitSignal(context.asked_to_go) as gone:
        assert page.empty.button is not None
        page.empty.button.click()
    assert gone.args == ["train", {}]


def test_that_the_newest_result_of_the_newest_run_is_shown_with_its_changes(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)

    assert shown_epoch(page) == 3
    assert page.cards.cards[0].accessibleName() == "Top-1 accuracy: 91.7%, +8.3 pt since epoch 2"
    assert page.images.count_text() == "12 of 12"
    assert page.crumb.startswith("pictures")


def test_that_a_cell_and_a_verdict_filter_the_images_and_chips_say_so(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    page.browser.choose(ResultKey(run.run, "0001"))
    qtbot.waitUntil(lambda: shown_epoch(page) == 1, timeout=WAIT_MS)

    page.matrix.matrix.picked.emit(Cell(0, 1))
    assert page.images.count_text() == "3 of 12"
    assert page.images.chip_texts() == ["true circle → predicted cross"]

    page.images.grid.setFocus()
    qtbot.keyClick(page, Qt.Key.Key_C)
    assert page.images.count_text() == "0 of 12"
    assert page.images.chip_texts() == ["true circle → predicted cross", "correct only"]

    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert page.images.chip_texts() == ["correct only"]
    assert page.matrix.matrix.selected() is None
    qtbot.keyClick(page, Qt.Key.Key_I)
    assert page.images.count_text() == "3 of 12"
    qtbot.keyClick(page, Qt.Key.Key_I)
    assert page.images.chip_texts() == []


def test_that_a_class_bar_shows_all_images_of_the_class(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)

    page.matrix.bars.setFocus()
    qtbot.keyClick(page.matrix.bars, Qt.Key.Key_Return)

    assert page.images.chip_texts() == ["true circle"]
    assert page.images.count_text() == "4 of 12"
    qtbot.keyClick(page.matrix.bars, Qt.Key.Key_Return)
    assert page.images.chip_texts() == []


def test_that_images_are_opened_walked_through_and_left_by_keys(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    grid = page.images.grid
    first, second = int(grid.images.shown[0]), int(grid.images.shown[1])

    grid.go_to(first)
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    assert page.layers.currentWidget() is page.detail
    assert page.detail.image == first
    qtbot.waitUntil(lambda: not page.detail.picture.image_size.isEmpty(), timeout=WAIT_MS)

    qtbot.keyClick(page.detail, Qt.Key.Key_Left)
    assert page.detail.image == first, "there is none before the first"
    qtbot.keyClick(page.detail, Qt.Key.Key_Right)
    assert page.detail.image == second

    qtbot.keyClick(page.detail, Qt.Key.Key_Escape)
    assert page.layers.currentWidget() is not page.detail
    assert grid.current_image() == second


def test_that_a_new_result_appears_while_the_newest_is_followed(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    page.matrix.matrix.picked.emit(Cell(0, None))
    folder = run.measure(4, wrong=0)
    run.tell()

    context.live.received.emit(
        run.run, 1, "worker", ResultWritten(folder=folder, split="val", epoch=4, step=40)
    )

    qtbot.waitUntil(lambda: shown_epoch(page) == 4, timeout=WAIT_MS)
    assert page.browser.follows_newest
    assert page.images.chip_texts() == ["true circle"], "the filter stays"


def test_that_a_chosen_result_stays_when_a_new_one_appears(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    page.source.result_chosen.emit(ResultKey(run.run, "0002"))
    qtbot.waitUntil(lambda: shown_epoch(page) == 2, timeout=WAIT_MS)
    run.measure(4, wrong=0)
    run.tell()

    page.browser.refresh()

    qtbot.waitUntil(lambda: len(page.browser.results) == 4, timeout=WAIT_MS)
    assert shown_epoch(page) == 2


def test_that_another_page_can_name_a_checkpoint(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    run.checkpoint("epoch-0002", "auto", 2)
    run.tell()

    page = opened(qtbot, context, run=run.run, checkpoint="epoch-0002")

    qtbot.waitUntil(lambda: shown_epoch(page) == 2, timeout=WAIT_MS)


def test_that_an_evaluation_opens_by_the_run_that_it_measured(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    evaluation = evaluation_of(run)

    page = opened(qtbot, context, run=evaluation.run)

    assert page.browser.run == run.run
    titles = [entry.title for entry in page.browser.results]
    assert "Epoch 3 · test · best" in titles


def test_that_an_evaluation_that_was_asked_for_is_shown_when_it_is_there(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    evaluation = evaluation_of(run)

    page.evaluation.asked.emit(evaluation.run, "best on test")
    know(qtbot, context, evaluation.run)

    qtbot.waitUntil(
        lambda: page.images.result is not None and page.images.result.key.run == evaluation.run,
        timeout=WAIT_MS,
    )
    assert page.source.note.whole_text() == ""


def test_that_a_failed_evaluation_says_why(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    page = opened(qtbot, context)
    made = MeasuredRun(
        context.home, "20260101-000300-dddd", run.manifest, kind="evaluate", parent=run.run
    ).create()
    failure = Failure(
        cause="data", code="split_empty", message="The split test is empty.", hint="Add images."
    )
    add_supervision(made.folder.attempt(1), RunEnded(state="failed", failure=failure))
    with Store.open(context.home.store_path) as store:
        take_run(store, made.folder)

    page.evaluation.asked.emit(made.run, "best on test")
    know(qtbot, context, made.run)

    qtbot.waitUntil(lambda: page.banner.isVisible(), timeout=WAIT_MS)
    assert page.banner.accessibleDescription() == "The split test is empty. Add images."
    assert shown_epoch(page) == 3


def test_that_the_sheet_asks_for_checkpoint_and_split(
    qtbot: QtBot, context: Context, run: MeasuredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Derived] = []
    monkeypatch.setattr(context.actions, "derive", lambda given, **_told: asked.append(given))
    page = opened(qtbot, context, run=run.run, checkpoint="last", evaluate=True)
    qtbot.waitUntil(lambda: page.evaluation.sheet is not None, timeout=WAIT_MS)
    sheet = page.evaluation.sheet
    assert sheet is not None
    assert sheet.checkpoint.currentText() == "last · epoch 3"

    sheet.start.click()

    assert asked == [Derived("evaluate", run.run, "last", data=Wanted(split="test"))]


def test_that_a_result_that_vanished_is_told_and_another_can_be_chosen(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    shutil.rmtree(run.folder.results / "0002")

    page.source.result_chosen.emit(ResultKey(run.run, "0002"))
    qtbot.waitUntil(lambda: page.banner.isVisible(), timeout=WAIT_MS)
    assert "0002" in page.banner.accessibleName()

    page.source.result_chosen.emit(ResultKey(run.run, "0001"))
    qtbot.waitUntil(lambda: shown_epoch(page) == 1, timeout=WAIT_MS)
    assert page.banner.isHidden()


def test_that_a_run_folder_that_is_removed_under_the_page_leaves_a_sentence(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    shutil.rmtree(run.folder.path)

    page.browser.reopen()

    qtbot.waitUntil(lambda: page.empty.isVisible(), timeout=WAIT_MS)
    assert "No results of this run" in page.empty.title.text()


def test_that_after_the_run_was_deleted_another_one_is_shown(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    newer = MeasuredRun(context.home, "20260101-000900-zzzz", run.manifest).create()
    newer.measure(7)
    newer.tell()
    page = opened(qtbot, context)
    assert page.browser.run == newer.run

    with Store.open(context.home.store_path) as store:
        store.set_trashed(newer.run, True)
    context.runs.refresh()

    qtbot.waitUntil(lambda: page.browser.run == run.run and shown_epoch(page) == 3, timeout=WAIT_MS)
    assert page.banner.isHidden()


def test_that_images_can_be_tried_on_the_predict_page(
    qtbot: QtBot, context: Context, run: MeasuredRun, tmp_path: Path
) -> None:
    page = opened(qtbot, context)
    page.images.grid.go_to(0)
    action = next(a for a in page.images.grid.make_menu().actions() if a.text() == "Try on the Predict page")

    with qtbot.waitSignal(context.asked_to_go) as gone:
        action.trigger()

    assert gone.args is not None
    assert gone.args[0] == "predict"
    assert gone.args[1]["run"] == run.run
    assert [Path(path).is_file() for path in gone.args[1]["drop"]] == [True]


def test_that_numbers_stay_when_the_images_are_unplugged(
    qtbot: QtBot, context: Context, run: MeasuredRun, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "pictures")

    page = opened(qtbot, context)

    assert page.cards.cards[0].accessibleName().startswith("Top-1 accuracy: 91.7%")
    assert page.images.trouble.isVisible()
    assert str(tmp_path / "pictures") in page.images.trouble.accessibleDescription()
    page.open_image(0)
    qtbot.waitUntil(lambda: "cannot be read" in page.detail.picture.accessibleDescription(), timeout=WAIT_MS)


def test_that_a_result_without_images_says_how_to_get_them(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    run.measure(4, per_image=False)
    run.tell()

    page = opened(qtbot, context)

    assert page.images.count_text() == "0 of 0"
    assert "no results by image" in page.images.grid.nothing


def test_that_every_control_has_a_name(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    page = opened(qtbot, context)
    page.open_image(0)

    nameless = [
        f"{type(widget).__name__} {widget.objectName()}"
        for widget in page.findChildren(QWidget)
        if isinstance(widget, QAbstractButton | QComboBox | QSlider)
        and widget.isVisible()
        and not (QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name))
    ]

    assert nameless == []
    assert page.matrix.matrix.accessibleName() == f"Confusion matrix, {len(CLASSES)} classes"


def test_that_another_view_gets_the_keyboard_of_the_one_that_goes(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    page.images.focus()
    assert page.images.grid.hasFocus()

    page.side.show_view("classes")
    assert page.side.classes.table.hasFocus()

    page.side.show_view("curves")
    assert page.side.figures.hasFocus()

    page.side.show_view("images")
    assert page.images.grid.hasFocus()


@pytest.mark.parametrize("width", [1368, 950])
def test_that_no_number_of_a_class_is_cut(
    qtbot: QtBot, context: Context, run: MeasuredRun, width: int
) -> None:
    page = opened(qtbot, context)
    page.resize(width, 600)
    page.side.show_view("classes")
    table = page.side.classes.table
    header = table.horizontalHeader()

    assert page.side.classes.model.columnCount() > 2
    for at in range(1, page.side.classes.model.columnCount()):
        assert header.sectionSize(at) >= max(table.sizeHintForColumn(at), header.sectionSizeHint(at))


def test_that_the_confidence_that_is_asked_for_counts_all_anew(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=run.run)
    assert page.side.slider.value() == 0
    before = page.cards.cards[0].accessibleName()

    page.side.slider.setValue(85)

    assert page.cards.cards[1].accessibleName() != before
    assert page.matrix.matrix.accessibleDescription().count("Not sure:") == 1
    page.matrix.matrix.picked.emit(Cell(None, 3))
    assert page.images.chip_texts() == ["predicted not sure"]
    assert page.images.count_text() == "5 of 12"
    page.images.toggle_verdict("not_sure")
    assert page.images.chip_texts() == ["predicted not sure", "not sure only"]

    page.side.slider.setValue(0)

    assert page.images.chip_texts() == [], "the column is gone, and its filter with it"
    assert page.images.count_text() == "12 of 12"
    assert page.matrix.matrix.selected() is None
    assert page.cards.cards[0].accessibleName() == before
