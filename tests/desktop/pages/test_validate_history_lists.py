"""Lists over all validations on the Validate page."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.pages.validate import ValidatePage
from engine.protocol.home import Home
from tests.desktop.measured_runs import MeasuredRun, evaluation_of, import_pictures, measured_run
from tests.desktop.pages.validate_stage import WAIT_MS, know, opened, shown_epoch
from tests.desktop.task_runs import detector_run

WRONG = (3, 2, 3, 1, 1)
"""Images 0, 1, 2 are wrong by epoch: the first always, the second until epoch 3, the third in 1 and 3."""


@pytest.fixture
def run(context: Context, tmp_path: Path) -> MeasuredRun:
    made = MeasuredRun(context.home, "20260101-000000-aaaa", import_pictures(context.home, tmp_path)).create()
    for epoch, wrong in enumerate(WRONG, 1):
        made.measure(epoch, wrong=wrong)
    return made.tell()


def listed(qtbot: QtBot, page: ValidatePage, key: str) -> list[str]:
    """Choose a list, and give the remarks of the tiles in their order."""
    page.images.lists.entries[key].trigger()
    qtbot.waitUntil(lambda: page.lists.shown is not None and page.lists.shown.key == key, timeout=WAIT_MS)
    grid = page.images.grid.images
    return [grid.tile(row).remark for row in range(len(grid.shown))]


def test_that_each_list_shows_its_images_with_their_notes(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)

    assert listed(qtbot, page, "learned_late") == ["right from epoch 4"]
    assert page.images.list_line.title.text() == "Learned late · 1 image"
    assert listed(qtbot, page, "forgotten") == ["forgotten at epoch 3"]
    assert [remark[:11] for remark in listed(qtbot, page, "never_right")] == ["never right"]
    assert page.images.grid.images.shown.tolist() == [0]
    assert len(listed(qtbot, page, "hardest")) == 12
    assert "Over 5 validations" in page.images.list_line.told.whole_text()
    assert "true class" in page.images.list_line.told.toolTip()


def test_that_a_list_stays_while_the_slider_moves_and_verdicts_filter_it(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    assert listed(qtbot, page, "learned_late") == ["right from epoch 4"]

    page.history.slider.setValue(0)
    qtbot.waitUntil(lambda: shown_epoch(page) == 1, timeout=WAIT_MS)
    assert page.images.grid.images.shown.tolist() == [1]
    page.images.toggle_verdict("correct")
    assert page.images.grid.images.shown.tolist() == [], "in epoch 1 it is wrong"


def test_that_closing_a_list_shows_all_images_in_the_chosen_order_again(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    before = page.images.grid.images.shown.tolist()
    listed(qtbot, page, "never_right")

    page.images.list_line.close_button.click()

    assert page.images.grid.images.shown.tolist() == before
    assert page.images.list_line.isHidden()
    assert page.images.lists.entries[""].isChecked()
    assert page.images.grid.images.tile(0).remark == ""


def test_that_a_new_validation_changes_the_list_that_is_shown(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    listed(qtbot, page, "never_right")

    run.measure(6, wrong=0)
    run.tell()
    page.browser.refresh()

    qtbot.waitUntil(lambda: "Over 6" in page.images.list_line.told.whole_text(), timeout=WAIT_MS)
    assert page.images.list_line.title.text() == "Never right · 0 images"
    assert page.images.list_line.save.isHidden(), "there is nothing to save"
    assert page.images.grid.nothing == "No image is on this list."


def test_that_another_list_begins_with_its_first_image(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    listed(qtbot, page, "hardest")
    page.images.grid.go_to(int(page.images.grid.images.shown[-1]))
    page.images.lists.entries[""].trigger()

    listed(qtbot, page, "hardest")

    assert page.images.grid.current_image() == page.images.grid.images.shown[0]


def test_that_a_list_is_saved_as_csv_and_its_paths_are_copied(
    qtbot: QtBot,
    context: Context,
    run: MeasuredRun,
    told: list[Told],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = opened(qtbot, context)
    listed(qtbot, page, "hardest")
    file = tmp_path / "list.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))

    page.images.list_line.save.click()
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)

    assert told[0].tone == "ok"
    rows = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == 12
    assert {row["class"] for row in rows} == {"circle", "cross", "star"}

    page.images.list_line.copy.click()
    copied = [Path(line) for line in QGuiApplication.clipboard().text().splitlines()]
    assert [path.name for path in copied] == [Path(row["file"]).name for row in rows]
    assert all(path.is_file() for path in copied)


def test_that_a_test_run_is_shown_without_the_list(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    evaluation = evaluation_of(run)
    page = opened(qtbot, context, run=run.run)
    know(qtbot, context, evaluation.run)
    qtbot.waitUntil(lambda: len(page.browser.results) == 6, timeout=WAIT_MS)
    page.source.result_chosen.emit(page.travel.moments[-1].key)
    qtbot.waitUntil(lambda: shown_epoch(page) == 5, timeout=WAIT_MS)
    listed(qtbot, page, "never_right")

    page.source.result_chosen.emit(next(e.key for e in page.browser.results if not e.is_own))
    qtbot.waitUntil(lambda: page.images.count_text() == "3 of 3", timeout=WAIT_MS)

    assert page.lists.key == ""
    assert page.images.list_line.isHidden()
    assert page.images.lists.isHidden()
    assert page.images.grid.images.tile(0).remark == ""


def test_that_a_run_whose_validations_kept_nothing_says_so(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    run = measured_run(context.home, tmp_path, epochs=(1,))
    for folder in run.folder.results.glob("*/image_item.npy"):
        folder.unlink()
    run.measure(2, per_image=False)
    run.tell()
    page = opened(qtbot, context)

    page.images.lists.entries["hardest"].trigger()

    said = page.images.list_line.told.whole_text
    qtbot.waitUntil(lambda: "No validation of this run kept" in said(), timeout=WAIT_MS)


def test_that_another_bound_makes_another_list(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    detector_run(Home(context.home.path), tmp_path)
    page = opened(qtbot, context)
    assert len(listed(qtbot, page, "never_right")) == 1

    page.side.slider.setValue(95)

    qtbot.waitUntil(lambda: page.images.list_line.title.text() == "Never right · 3 images", timeout=WAIT_MS)
