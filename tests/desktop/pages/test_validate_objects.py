"""Objects of a detector's result on the Validate page: filtered by kind, cell and range, opened on their image."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.validate import ValidatePage
from desktop.pages.validate_side import CURVES, OBJECTS
from desktop.tasks.measures import Span
from desktop.viewers.matrix_data import Cell
from tests.desktop.measured_runs import MeasuredRun
from tests.desktop.pages.validate_stage import WAIT_MS, opened, shown_epoch
from tests.desktop.task_runs import CATS, DOGS, detector_run

BACKGROUND = 2


@pytest.fixture
def page(qtbot: QtBot, context: Context, tmp_path: Path) -> ValidatePage:
    return opened(qtbot, context, run=detector_run(context.home, tmp_path).run)


def objects(page: ValidatePage) -> list[str]:
    grid = page.side.objects.grid.images
    return [grid.tile(row).spoken for row in range(len(grid.shown))]


def test_that_objects_are_shown_the_surest_mistake_first(page: ValidatePage) -> None:
    page.side.slider.setValue(30)

    page.side.show_view(OBJECTS)

    assert page.side.objects.count_text() == "6 of 6"
    assert objects(page)[0] == "False: a cat taken for dog, confidence 80%"
    page.side.objects.choose_kind("missed")
    assert objects(page) == ["Missed: dog", "Missed: cat"], "the larger one first"


def test_that_the_confidence_counts_objects_anew(page: ValidatePage) -> None:
    page.side.slider.setValue(30)
    page.side.show_view(OBJECTS)

    page.side.slider.setValue(70)

    assert "6 of 6" not in page.side.objects.count_text()
    assert objects(page)[:1] == ["False: a cat taken for dog, confidence 80%"]
    assert sum(word.startswith("Missed") for word in objects(page)) == 3


def test_that_a_cell_and_a_range_filter_objects_and_chips_take_them_away(page: ValidatePage) -> None:
    page.side.slider.setValue(30)
    page.side.show_view(OBJECTS)

    page.matrix.matrix.picked.emit(Cell(None, DOGS))
    assert page.side.choice.current() == OBJECTS, "objects stay in front"
    page.images.show_within(Span("confidence", 0.7, 1.0))

    assert objects(page) == ["False: a cat taken for dog, confidence 80%"]
    assert page.side.objects.chips.texts() == ["predicted dog", "confidence 70–100%"]
    page.side.objects.chips.cleared.emit()
    assert page.side.objects.count_text() == "6 of 6"
    assert page.matrix.matrix.selected() is None


def test_that_an_object_is_opened_and_marked_on_its_image(qtbot: QtBot, page: ValidatePage) -> None:
    page.side.slider.setValue(30)
    page.side.show_view(OBJECTS)
    page.matrix.matrix.picked.emit(Cell(BACKGROUND, CATS))
    grid = page.side.objects.grid
    grid.go_to(int(grid.images.shown[0]))

    qtbot.keyClick(grid, Qt.Key.Key_Return)

    assert page.detail.image == 2
    qtbot.waitUntil(lambda: page.detail.picture.pointed_object == ("prediction", 1), timeout=WAIT_MS)
    qtbot.keyClick(page.detail, Qt.Key.Key_Escape)
    assert page.side.choice.current() == OBJECTS
    assert grid.hasFocus()


def test_that_the_arrows_lead_from_object_to_object_in_the_order_of_the_tiles(
    qtbot: QtBot, page: ValidatePage
) -> None:
    page.side.slider.setValue(30)
    page.side.show_view(OBJECTS)
    grid = page.side.objects.grid
    parts = [int(part) for part in grid.images.shown]
    grid.go_to(parts[0])
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    shown: list[tuple[int, tuple[str, int]]] = []

    for _ in parts:
        found = page.side.objects.opening(grid.current_image())
        assert found is not None
        mark = (found.layer, found.number)
        qtbot.waitUntil(lambda mark=mark: page.detail.picture.pointed_object == mark, timeout=WAIT_MS)
        shown.append((page.detail.image, mark))
        assert page.detail.head.place_text() == f"Object {len(shown)} of 6"
        assert page.detail.accessibleDescription().count(f"Object {found.words}") == 1
        qtbot.keyClick(page.detail, Qt.Key.Key_Right)

    assert grid.current_image() == parts[-1], "beyond the last there is none"
    assert shown[0] == (1, ("prediction", 0)), "the surest mistake first"
    assert len(set(shown)) == len(parts)
    qtbot.keyClick(page.detail, Qt.Key.Key_Left)
    assert grid.current_image() == parts[-2]
    qtbot.keyClick(page.detail, Qt.Key.Key_Escape)
    assert grid.hasFocus()
    assert grid.current_image() == parts[-2], "back at the tile that was seen last"


def test_that_images_are_walked_through_again_after_objects(qtbot: QtBot, page: ValidatePage) -> None:
    page.side.show_view(OBJECTS)
    page.one_image.open_object(int(page.side.objects.grid.images.shown[0]))
    page.close_image()

    page.open_image(0)

    assert page.detail.head.place_text().endswith("of 4")
    qtbot.waitUntil(lambda: len(page.detail.picture.layers) == 2, timeout=WAIT_MS)
    assert page.detail.picture.pointed_object == ("", -1), "nothing is marked"


def test_that_another_validation_leaves_the_image_open_and_the_walk_to_images(
    qtbot: QtBot, page: ValidatePage
) -> None:
    page.side.slider.setValue(30)
    page.side.show_view(OBJECTS)
    page.one_image.open_object(int(page.side.objects.grid.images.shown[0]))
    image = page.detail.image

    page.history.step_back()
    qtbot.waitUntil(lambda: shown_epoch(page) == 1, timeout=WAIT_MS)

    assert page.detail.image == image
    assert page.detail.head.place_text().endswith("of 4"), "its objects are others"


def test_that_a_result_without_objects_offers_none(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    page = opened(qtbot, context, run=run.run)

    assert not page.side.choice.is_offered(OBJECTS)
    page.side.show_view(CURVES)
    assert page.side.views.currentWidget() is page.side.figures
