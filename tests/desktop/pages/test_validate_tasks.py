"""The Validate page with detectors and segmenters: drawings, the bound, the background, charts, the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.models.drawn_labels import NOTHING
from desktop.pages.validate import ValidatePage
from desktop.pages.validate_side import CLASSES, CURVES, IMAGES
from desktop.viewers.label_view import PREDICTION, TRUTH
from desktop.viewers.matrix_data import Cell
from engine.protocol.home import Home
from tests.desktop.measured_runs import MeasuredRun
from tests.desktop.pages.validate_stage import WAIT_MS, opened
from tests.desktop.task_runs import CATS, DOGS, detector_run, ground, segmenter_run

BACKGROUND = 2


@pytest.fixture
def detector(lensmith_home: Path, tmp_path: Path) -> MeasuredRun:
    return detector_run(Home(lensmith_home), tmp_path)


@pytest.fixture
def segmenter(lensmith_home: Path, tmp_path: Path) -> MeasuredRun:
    return segmenter_run(Home(lensmith_home), tmp_path)


def open_image(qtbot: QtBot, page: ValidatePage, image: int) -> None:
    page.open_image(image)
    qtbot.waitUntil(lambda: bool(page.detail.picture.layers), timeout=WAIT_MS)


def test_that_moving_the_confidence_counts_anew(
    qtbot: QtBot, context: Context, detector: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=detector.run)
    page.side.slider.setValue(30)
    page.images.toggle_verdict("made_up")
    assert page.images.count_text() == "2 of 4"

    page.side.slider.setValue(70)

    assert page.images.count_text() == "1 of 4"
    assert page.cards.cards[3].accessibleName().startswith("F1 at 70%")


def test_that_the_matrix_says_that_the_background_is_counted_and_has_no_share(
    qtbot: QtBot, context: Context, detector: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=detector.run)
    assert page.matrix.told.whole_text() == "Rows in %, background in numbers. Click to filter."


def test_that_the_matrix_of_a_segmenter_says_that_all_its_rows_are_shares(
    qtbot: QtBot, context: Context, segmenter: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=segmenter.run)
    assert page.matrix.told.whole_text().startswith("Rows add to 100%.")


def test_that_the_bound_stays_where_it_was_left_for_another_result_of_the_run(
    qtbot: QtBot, context: Context, detector: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=detector.run)
    page.side.slider.setValue(70)

    page.browser.choose(page.browser.results[-1].key)
    qtbot.waitUntil(lambda: page.images.result is not None and page.images.result.summary.epoch == 1)

    assert page.side.slider.value() == 70


def test_that_a_cell_of_the_background_filters_the_images(
    qtbot: QtBot, context: Context, detector: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=detector.run)
    page.side.slider.setValue(30)
    page.side.show_view(CURVES)

    page.matrix.matrix.picked.emit(Cell(DOGS, BACKGROUND))

    assert page.side.views.currentWidget() is page.images, "the images that were asked for are in front"
    assert page.images.chip_texts() == ["true dog → predicted background"]
    assert page.images.count_text() == "1 of 4"
    page.matrix.matrix.picked.emit(Cell(BACKGROUND, CATS))
    assert page.images.count_text() == "1 of 4"


def test_that_an_image_is_drawn_with_truth_and_prediction_and_each_can_be_hidden(
    qtbot: QtBot, context: Context, detector: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=detector.run)
    page.side.slider.setValue(30)
    open_image(qtbot, page, 2)
    assert page.detail.picture.layers == (TRUTH, PREDICTION)

    page.detail.setFocus()
    qtbot.keyClick(page.detail, Qt.Key.Key_T)

    assert page.detail.picture.layers == (PREDICTION,)
    page.detail.toggles[TRUTH].click()
    assert page.detail.picture.layers == (PREDICTION, TRUTH)


def test_that_layers_can_be_hidden_on_the_tiles(
    qtbot: QtBot, context: Context, detector: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=detector.run)

    page.side.toggles[PREDICTION].click()

    assert page.side.hidden_layers() == {PREDICTION}
    page.side.show_view(CLASSES)
    assert not page.side.toggles[PREDICTION].isVisible(), "there is nothing that it would hide"


def test_that_pixels_stand_beside_each_other_and_both_views_show_the_same_part(
    qtbot: QtBot, context: Context, segmenter: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=segmenter.run)
    open_image(qtbot, page, 1)

    first, second = page.detail.views
    assert (first.layers, second.layers) == ((TRUTH,), (PREDICTION,))
    assert second.isVisible()
    qtbot.waitUntil(lambda: not first.image_size.isEmpty() and not second.image_size.isEmpty())
    first.zoom_by(2)
    assert second.part == first.part


def test_that_the_bound_of_a_segmenter_divides_its_images(
    qtbot: QtBot, context: Context, segmenter: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=segmenter.run)
    page.images.toggle_verdict("incorrect")
    assert page.images.count_text() == "1 of 2"

    page.side.slider.setValue(20)

    assert page.images.count_text() == "0 of 2"


def test_that_charts_and_a_table_by_class_are_shown(
    qtbot: QtBot, context: Context, detector: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=detector.run)

    page.side.show_view(CURVES)
    shown = [card for card in page.side.figures.cards if card.isVisible()]
    assert len(shown) == 6
    assert "At recall" in shown[0].plot.accessibleDescription()
    page.side.show_view(CLASSES)
    model = page.side.classes.model
    assert model.as_rows()[0][:3] == ["Class", "Objects", "AP 50-95"]
    page.side.classes.picked.emit(DOGS)
    assert page.side.choice.current() == IMAGES
    assert page.images.chip_texts() == ["true dog"]


def test_that_keys_of_the_picture_hold_for_both_views(
    qtbot: QtBot, context: Context, segmenter: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=segmenter.run)
    open_image(qtbot, page, 1)
    page.detail.setFocus()

    qtbot.keyClick(page.detail, Qt.Key.Key_M)

    assert [view.look.masks for view in page.detail.views] == [False, False]
    qtbot.waitUntil(lambda: not page.detail.picture.image_size.isEmpty(), timeout=WAIT_MS)
    qtbot.keyClick(page.detail, Qt.Key.Key_Plus)
    assert page.detail.picture.part.zoom > 1
    qtbot.keyClick(page.detail, Qt.Key.Key_Escape)
    assert page.layers.currentWidget() is not page.detail


def test_that_only_what_differs_is_drawn(qtbot: QtBot, context: Context, segmenter: MeasuredRun) -> None:
    page = opened(qtbot, context, run=segmenter.run)
    open_image(qtbot, page, 1)
    page.detail.setFocus()

    qtbot.keyClick(page.detail, Qt.Key.Key_E)

    truth, prediction = (
        labels.class_map
        for view, name in zip(page.detail.views, (TRUTH, PREDICTION), strict=True)
        if (labels := view.labels(name)) is not None
    )
    assert truth is not None
    assert prediction is not None
    wrong = ground(1) == 1  # the grass, which is taken for road
    assert ((truth != NOTHING) == wrong).all()
    assert (prediction[wrong] == 2).all()
    assert (prediction[~wrong] == NOTHING).all()


def test_that_only_boxes_that_are_wrong_are_drawn(
    qtbot: QtBot, context: Context, detector: MeasuredRun
) -> None:
    page = opened(qtbot, context, run=detector.run)
    page.side.slider.setValue(30)
    open_image(qtbot, page, 2)
    drawn = page.detail.picture.labels(PREDICTION)
    assert drawn is not None
    assert len(drawn) == 2

    page.detail.errors.click()

    left = page.detail.picture.labels(PREDICTION)
    assert left is not None
    assert left.words == ["40% ✕"]
