"""A validation can be looked at while it goes on: its images appear, and nothing jumps when it is finished."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.models.result import ResultKey
from desktop.models.result_list import list_partials
from engine.datasets.library import Library
from engine.evaluation.partial import partial_folders, remove_partial
from engine.protocol.home import Home
from tests.desktop.measured_runs import MeasuredRun, import_pictures
from tests.desktop.pages.validate_stage import WAIT_MS, opened, shown_epoch
from tests.engine.datasets.pictures import write_classes


def running(context: Context, folder: Path) -> MeasuredRun:
    """A training with one validation behind it."""
    home = Home(context.home.path)
    made = MeasuredRun(home, "20260101-000000-aaaa", import_pictures(home, folder)).create()
    made.measure(1, wrong=3)
    return made.tell("running")


def finish(run: MeasuredRun, epoch: int, wrong: int) -> None:
    run.measure(epoch, wrong)
    remove_partial(run.folder.results)
    run.tell("running")


def test_that_images_appear_while_they_are_measured_and_stay_when_all_are(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    run = running(context, tmp_path)
    page = opened(qtbot, context)
    assert shown_epoch(page) == 1

    run.measure_part(2, images=5, wrong=2)
    qtbot.waitUntil(lambda: page.images.count_text() == "5 of 5", timeout=WAIT_MS)
    assert shown_epoch(page) == 2
    assert page.source.note.whole_text() == "Measured so far: Epoch 2 · val · 5 of 12"
    assert page.source.chosen_title() == "Newest: Epoch 2 · val · 5 of 12"
    assert page.cards.cards[0].accessibleName() == "Top-1 accuracy: 60.0%, on 5 images"
    page.images.grid.go_to(3)

    run.measure_part(2, images=9, wrong=2)
    qtbot.waitUntil(lambda: page.images.count_text() == "9 of 9", timeout=WAIT_MS)
    assert page.images.grid.current_image() == 3
    assert page.images.grid.selected_images().tolist() == [3]

    finish(run, 2, wrong=2)
    qtbot.waitUntil(lambda: page.images.count_text() == "12 of 12", timeout=WAIT_MS)
    assert page.images.grid.selected_images().tolist() == [3]
    assert page.source.chosen_title() == "Newest: Epoch 2 · val"
    assert page.source.note.whole_text() == ""


def test_that_the_scrolled_place_stays_while_images_come(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    run = running(context, tmp_path)
    run.measure_part(2, images=8)
    page = opened(qtbot, context)
    qtbot.waitUntil(lambda: page.images.count_text() == "8 of 8", timeout=WAIT_MS)
    grid = page.images.grid
    grid.set_tile_side(288)
    bar = grid.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0, timeout=WAIT_MS)
    bar.setValue(bar.maximum() // 2)
    place = bar.value()
    assert place > 0

    run.measure_part(2, images=10)
    qtbot.waitUntil(lambda: page.images.count_text() == "10 of 10", timeout=WAIT_MS)
    assert bar.value() == place


def test_that_who_looks_at_an_older_result_is_left_there(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    run = running(context, tmp_path)
    page = opened(qtbot, context)
    page.browser.choose(ResultKey(run.run, "0001"))

    run.measure_part(2, images=5)
    qtbot.waitUntil(lambda: "5 of 12" in page.source.note.whole_text(), timeout=WAIT_MS)
    assert shown_epoch(page) == 1
    page.browser.choose(page.browser.partials[0].key)
    qtbot.waitUntil(lambda: page.images.count_text() == "5 of 5", timeout=WAIT_MS)
    finish(run, 2, wrong=0)
    qtbot.waitUntil(lambda: page.images.count_text() == "12 of 12", timeout=WAIT_MS)
    assert shown_epoch(page) == 2


def test_that_an_evaluation_is_shown_while_it_runs(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    run = running(context, tmp_path).tell("completed")
    evaluation = MeasuredRun(run.home, "20260101-000100-bbbb", run.manifest, "evaluate", run.run, "test")
    evaluation.create().tell("running")
    evaluation.measure_part(1, images=2)
    page = opened(qtbot, context)
    qtbot.waitUntil(lambda: page.images.count_text() == "2 of 2", timeout=WAIT_MS)
    assert page.source.note.whole_text() == "Measured so far: Epoch 1 · test · best · 2 of 3"


def test_that_a_test_on_other_data_is_called_by_their_name_while_it_runs(
    context: Context, tmp_path: Path
) -> None:
    run = running(context, tmp_path).tell("completed")
    others = Library(run.home).import_dataset(
        write_classes(tmp_path / "photos" / "test", {"cat": 2, "dog": 1}).parent, name="street scenes"
    )
    test = MeasuredRun(run.home, "20260101-000100-bbbb", others, "evaluate", run.run, "test")
    test.create().tell("running")
    test.measure_part(1, images=2)

    (entry,) = list_partials(context.home, run.run)

    assert entry.title == "street scenes (test) · best · epoch 1 · 2 of 3"


def test_that_what_a_dead_run_left_half_measured_is_not_offered(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    run = running(context, tmp_path)
    run.measure_part(2, images=5)
    run.tell("failed")
    page = opened(qtbot, context)
    assert shown_epoch(page) == 1
    assert page.source.note.whole_text() == ""
    assert [entry.progress for entry in page.browser.offered] == [None]


def test_that_a_partial_result_that_is_gone_or_cut_off_says_nothing(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    run = running(context, tmp_path)
    run.measure_part(2, images=5)
    (part,) = partial_folders(run.folder.results)
    np.save(run.folder.results / part / "image_loss.npy", np.zeros(3))
    page = opened(qtbot, context)
    qtbot.waitUntil(lambda: shown_epoch(page) == 1, timeout=WAIT_MS)
    assert page.banner.isHidden()
