"""The slider over the validations of a run on the Validate page."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.validate import ValidatePage
from desktop.pages.validate_history import NUMBERS_ONLY
from engine.protocol.events import ResultWritten
from tests.desktop.measured_runs import MeasuredRun, evaluation_of, import_pictures, measured_run
from tests.desktop.pages.validate_stage import WAIT_MS, know, opened, shown_epoch

EPOCHS = tuple(range(1, 7))


@pytest.fixture
def run(context: Context, tmp_path: Path) -> MeasuredRun:
    return measured_run(context.home, tmp_path, epochs=EPOCHS)


def travelled(qtbot: QtBot, page: ValidatePage, epoch: int) -> None:
    qtbot.waitUntil(lambda: shown_epoch(page) == epoch, timeout=WAIT_MS)


def test_that_the_slider_moves_cards_matrix_and_images_through_the_validations(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    slider = page.history.slider
    assert (slider.maximum(), slider.value()) == (5, 5)
    assert page.history.title.text().startswith("Epoch 6 · 6 of 6")

    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    travelled(qtbot, page, 1)

    assert page.cards.cards[0].accessibleName().startswith("Top-1 accuracy: 75.0%")
    assert page.history.title.text().startswith("Epoch 1 · 1 of 6")
    assert not page.history.earlier.isEnabled()
    assert not page.browser.follows_newest


def test_that_the_chooser_of_results_and_the_slider_say_the_same(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)

    page.history.earlier.click()
    travelled(qtbot, page, 5)
    assert page.source.chosen_title() == "Epoch 5 · val"

    page.source.result_chosen.emit(page.travel.moments[1].key)
    travelled(qtbot, page, 2)
    assert page.history.slider.value() == 1


def test_that_an_evaluation_leaves_the_slider_without_a_place_and_the_way_back_is_one_step(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    evaluation = evaluation_of(run)
    page = opened(qtbot, context, run=run.run)
    know(qtbot, context, evaluation.run)
    qtbot.waitUntil(lambda: len(page.browser.results) == 7, timeout=WAIT_MS)

    page.source.result_chosen.emit(next(e.key for e in page.browser.results if not e.is_own))
    qtbot.waitUntil(
        lambda: page.images.result is not None and page.images.result.summary.split == "test",
        timeout=WAIT_MS,
    )
    assert page.history.title.text() == "6 validations"

    page.history.earlier.click()
    travelled(qtbot, page, 6)


def test_that_the_open_image_stays_the_same_while_the_slider_moves(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    page.history.slider.setValue(0)
    travelled(qtbot, page, 1)
    page.images.grid.setFocus()
    qtbot.keyClick(page, Qt.Key.Key_I)
    wrong = int(page.images.grid.images.shown[0])
    page.open_image(wrong)
    assert page.detail.accessibleDescription().split(": ", 1)[1].startswith("Incorrect")

    page.history.slider.setValue(5)
    travelled(qtbot, page, 6)

    assert page.one_image.is_open, "though the filter leaves it out now"
    assert page.detail.image == wrong
    assert page.detail.accessibleDescription().split(": ", 1)[1].startswith("Correct")


def test_that_from_an_image_that_the_filter_leaves_out_its_old_neighbours_are_reached(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    page.history.slider.setValue(0)
    travelled(qtbot, page, 1)
    page.images.toggle_verdict("incorrect")
    first = int(page.images.grid.images.shown[0])
    page.open_image(first)
    page.history.slider.setValue(1)
    travelled(qtbot, page, 2)
    left = [int(image) for image in page.images.grid.images.shown]
    assert first not in left
    assert len(left) == 2

    page.detail.stepped.emit(-1)
    assert page.detail.image == first, "there is none before it"
    page.detail.stepped.emit(1)
    assert page.detail.image == left[0]


def test_that_the_newest_validation_is_followed_until_the_user_went_elsewhere_and_again_from_the_last(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    validate(context, run, 7)
    travelled(qtbot, page, 7)

    page.history.earlier.click()
    travelled(qtbot, page, 6)
    validate(context, run, 8)
    qtbot.waitUntil(lambda: page.history.slider.maximum() == 7, timeout=WAIT_MS)
    assert shown_epoch(page) == 6

    page.history.slider.setValue(7)
    travelled(qtbot, page, 8)
    validate(context, run, 9)
    travelled(qtbot, page, 9)


def test_that_a_validation_without_images_is_told_and_shown_by_its_numbers(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    run.measure(7, per_image=False)
    run.tell()
    page = opened(qtbot, context)
    qtbot.waitUntil(lambda: bool(page.history.line.numbers_only), timeout=WAIT_MS)
    travelled(qtbot, page, 7)

    assert page.history.slider.title(6) == f"Epoch 7 · {NUMBERS_ONLY}"
    assert page.cards.cards[0].accessibleName().startswith("Top-1 accuracy: 100.0%")


def test_that_playing_shows_one_after_the_other_and_ends_at_the_last(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    seen: list[int] = []
    page.browser.opened.connect(lambda result: seen.append(result.summary.epoch))

    page.history.play.click()
    assert page.history.is_playing
    qtbot.waitUntil(lambda: not page.history.is_playing, timeout=WAIT_MS)

    assert seen == list(EPOCHS)


def test_that_neighbours_are_open_before_they_are_wanted(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context)
    wanted = page.travel.moments[4].key
    qtbot.waitUntil(lambda: page.browser.shelf.get(wanted) is not None, timeout=WAIT_MS)

    page.history.earlier.click()

    assert shown_epoch(page) == 5, "without waiting"


def test_that_the_last_validation_can_be_gone_to_while_the_next_is_being_measured(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    run = MeasuredRun(context.home, "20260101-000000-aaaa", import_pictures(context.home, tmp_path)).create()
    for epoch in (1, 2):
        run.measure(epoch, wrong=1)
    run.tell("running")
    page = opened(qtbot, context)
    run.measure_part(3, images=5, wrong=2)
    travelled(qtbot, page, 3)
    assert page.history.title.text() == "2 validations"

    page.history.earlier.click()

    travelled(qtbot, page, 2)
    assert page.history.title.text().startswith("Epoch 2 · 2 of 2")


def test_that_a_single_validation_offers_no_slider(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    measured_run(context.home, tmp_path, epochs=(1,))
    page = opened(qtbot, context)

    assert page.history.isHidden()


def validate(context: Context, run: MeasuredRun, epoch: int) -> None:
    """Let a training go on by an epoch."""
    folder = run.measure(epoch)
    said = ResultWritten(folder=folder, split="val", epoch=epoch, step=epoch * 10, metrics={})
    run.tell()
    context.live.received.emit(run.run, 1, "worker", said)
