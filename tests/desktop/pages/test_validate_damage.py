"""What is gone, moved or broken under the Validate page is said in a sentence, with a way on."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QAbstractButton, QFileDialog
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.models.result import ResultKey
from desktop.pages.validate import ValidatePage
from engine.evaluation.keeping import KeepingRule, keep_within
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import read_record, write_record
from engine.store.database import Store
from tests.desktop.measured_runs import MeasuredRun, evaluation_of
from tests.desktop.pages.validate_stage import WAIT_MS, know, open_page, opened, shown_epoch
from tests.desktop.task_runs import segmenter_run


def buttons(page: ValidatePage) -> dict[str, QAbstractButton]:
    found = page.images.trouble.findChildren(QAbstractButton)
    return {button.text(): button for button in found if button.text()}


def know_datasets(qtbot: QtBot, context: Context) -> None:
    context.datasets.refresh()
    qtbot.waitUntil(lambda: context.datasets.is_loaded, timeout=WAIT_MS)


def test_that_a_dataset_that_was_moved_is_found_again(
    qtbot: QtBot,
    context: Context,
    run: MeasuredRun,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    told: list[Told],
) -> None:
    moved = tmp_path / "elsewhere"
    shutil.move(tmp_path / "pictures", moved)
    know_datasets(qtbot, context)
    page = opened(qtbot, context)
    assert page.images.trouble.isVisible()
    assert "say where the folder is now" in page.images.trouble.accessibleDescription()

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    buttons(page)["Find the folder…"].click()
    qtbot.waitUntil(lambda: "cannot be shown" not in page.images.trouble.accessibleName(), timeout=WAIT_MS)
    assert page.images.trouble.isVisible(), "another folder is refused in words"
    assert page.images.trouble.accessibleDescription()

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(moved))
    buttons(page)["Find the folder…"].click()
    qtbot.waitUntil(lambda: not page.images.trouble.isVisible(), timeout=WAIT_MS)
    qtbot.waitUntil(
        lambda: page.images.result is not None and page.images.result.root == moved, timeout=WAIT_MS
    )
    assert any("found again" in message.title for message in told)


def test_that_a_folder_that_is_connected_again_is_seen(
    qtbot: QtBot, context: Context, run: MeasuredRun, tmp_path: Path
) -> None:
    shutil.move(tmp_path / "pictures", tmp_path / "away")
    know_datasets(qtbot, context)
    page = opened(qtbot, context)
    shutil.move(tmp_path / "away", tmp_path / "pictures")
    buttons(page)["Look again"].click()
    qtbot.waitUntil(lambda: not page.images.trouble.isVisible(), timeout=WAIT_MS)


def test_that_a_dataset_that_was_forgotten_and_is_gone_leads_to_its_import(
    qtbot: QtBot, context: Context, run: MeasuredRun, tmp_path: Path
) -> None:
    shutil.rmtree(context.home.datasets)
    shutil.rmtree(tmp_path / "pictures")
    page = opened(qtbot, context)
    assert "not in the library any more" in page.images.trouble.accessibleDescription()
    with qtbot.waitSignal(context.asked_to_go) as gone:
        buttons(page)["Import it…"].click()
    assert gone.args == ["data", {}]


def test_that_one_missing_image_is_told_on_its_tile_and_no_other(
    qtbot: QtBot, context: Context, run: MeasuredRun, tmp_path: Path
) -> None:
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: page.images.result is not None, timeout=WAIT_MS)
    assert page.images.result is not None
    (tmp_path / "pictures" / page.images.result.paths[4]).unlink()
    page.browser.reopen()
    model = page.images.grid.images
    model.thumbnails.forget()
    page.images.grid.viewport().update()
    qtbot.waitUntil(lambda: model.reason(model.row_of(4)) != "", timeout=WAIT_MS)
    assert "not there" in model.reason(model.row_of(4)) or "cannot be read" in model.reason(model.row_of(4))
    assert model.reason(model.row_of(5)) == ""
    assert page.images.trouble.isHidden()


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("summary.json", "summary.json"),
        ("image_loss.npy", "cannot be read"),
        ("confusion.npy", "cannot be read"),
    ],
)
def test_that_a_damaged_result_is_told_and_another_one_can_be_chosen(
    qtbot: QtBot, context: Context, run: MeasuredRun, name: str, word: str
) -> None:
    file = run.folder.results / "0003" / name
    file.write_bytes(file.read_bytes()[:30])
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: page.banner.isVisible(), timeout=WAIT_MS)
    assert word in page.banner.accessibleName()
    assert "Choose another result" in page.banner.accessibleDescription()
    page.browser.choose(ResultKey(run.run, "0002"))
    qtbot.waitUntil(lambda: shown_epoch(page) == 2, timeout=WAIT_MS)
    assert page.banner.isHidden()


def test_that_a_frozen_list_of_images_that_is_cut_off_is_told(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    path = run.folder.manifest_path
    path.write_bytes(path.read_bytes()[:100])
    page = open_page(qtbot, context)
    qtbot.waitUntil(lambda: page.banner.isVisible(), timeout=WAIT_MS)
    assert "manifest" in page.banner.accessibleName()


def test_that_a_run_deleted_while_it_is_open_is_told(
    qtbot: QtBot, context: Context, run: MeasuredRun, told: list[Told]
) -> None:
    page = opened(qtbot, context)
    with Store.open(context.home.store_path) as store:
        store.set_trashed(run.run, True)
    shutil.rmtree(run.folder.path)
    context.runs.refresh()
    qtbot.waitUntil(lambda: page.empty.isVisible(), timeout=WAIT_MS)
    assert page.browser.run == ""
    assert "No results yet" in page.empty.title.text()
    assert [message.title for message in told] == ["The run that you looked at was deleted"]
    assert "trash" in told[0].text


def test_that_images_that_are_no_longer_kept_are_told_and_the_numbers_stay(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    keep_within(run.folder.results, KeepingRule(newest_and_best_only=True), lambda *_: True)
    page = opened(qtbot, context)
    page.browser.choose(ResultKey(run.run, "0001"))
    qtbot.waitUntil(lambda: shown_epoch(page) == 1, timeout=WAIT_MS)
    assert page.cards.cards[0].accessibleName().startswith("Top-1 accuracy: 75.0%")
    assert page.matrix.matrix.isVisible()
    assert page.images.count_text() == "0 of 0"
    assert "no longer kept" in page.images.grid.nothing
    assert "Numbers, curves and matrix stay" in page.images.grid.nothing
    assert int(np.asarray(page.images.result.confusion).sum()) == 12  # pyright: ignore[reportOptionalMemberAccess]  # it is shown


def test_that_masks_that_are_no_longer_kept_are_told(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    run = segmenter_run(context.home, tmp_path)
    summary = read_record(run.folder.results / "0001" / "summary.json", ResultSummary)
    others = tuple(name for name in summary.arrays if not name.startswith("mask_"))
    less = summary.model_copy(update={"dropped": "masks", "arrays": others})
    write_record(run.folder.results / "0001" / "summary.json", less)
    write_record(run.folder.results / "0002" / "summary.json", summary.model_copy(update={"epoch": 2}))
    page = opened(qtbot, context)
    assert page.images.trouble.isHidden()
    page.browser.choose(ResultKey(run.run, "0001"))
    qtbot.waitUntil(lambda: shown_epoch(page) == 1, timeout=WAIT_MS)
    assert page.images.trouble.isVisible()
    assert "no longer kept" in page.images.trouble.accessibleName()
    assert page.images.count_text() == "2 of 2"
    page.open_image(0)
    qtbot.waitUntil(lambda: page.one_image.is_open, timeout=WAIT_MS)
    assert page.banner.isHidden()


def test_that_a_test_run_deleted_while_it_is_open_is_told_and_the_newest_result_shown(
    qtbot: QtBot, context: Context, run: MeasuredRun, told: list[Told]
) -> None:
    evaluation = evaluation_of(run)
    page = opened(qtbot, context, run=run.run, result=ResultKey(evaluation.run, "0001"))
    know(qtbot, context, evaluation.run)
    qtbot.waitUntil(lambda: len(page.browser.results) == 4, timeout=WAIT_MS)
    page.open_image(0)

    with Store.open(context.home.store_path) as store:
        store.set_trashed(evaluation.run, True)
    context.runs.refresh()
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)
    qtbot.waitUntil(
        lambda: page.images.result is not None and page.images.result.key == ResultKey(run.run, "0003"),
        timeout=WAIT_MS,
    )

    assert [message.title for message in told] == ["The test run that you looked at was deleted"]
    assert page.source.chosen_title().startswith("Newest: Epoch 3")


def test_that_an_evaluation_deleted_before_its_end_is_waited_for_no_more(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=run.run)
    made = MeasuredRun(run.home, "20260101-000200-cccc", run.manifest, "evaluate", run.run, "test").create()
    made.tell("running")
    page.evaluation.asked.emit(made.run, "best on test")
    assert page.source.note.whole_text() == "Evaluating best on test…"
    know(qtbot, context, made.run)
    assert page.source.note.whole_text() == "Evaluating best on test…"

    with Store.open(context.home.store_path) as store:
        store.set_trashed(made.run, True)
    context.runs.refresh()
    qtbot.waitUntil(lambda: page.source.note.whole_text() == "", timeout=WAIT_MS)
