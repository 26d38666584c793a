from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.models.dataset_overview import UNLABELLED
from desktop.pages.data import DataPage
from desktop.pages.data_divide import DivideSheet, leak_words
from desktop.viewers.label_view import TRUTH
from tests.desktop.labelled_sets import imported, write_masks, write_objects
from tests.desktop.pages.data_stage import WAIT_MS, drop, open_page, shown


def animals(qtbot: QtBot, context: Context, folder: Path, **more: bool) -> DataPage:
    imported(context.home, write_objects(folder / "animals", **more))
    return open_page(qtbot, context, "animals")


def streets(qtbot: QtBot, context: Context, folder: Path) -> DataPage:
    imported(context.home, write_masks(folder / "streets"))
    page = open_page(qtbot, context, "streets")
    qtbot.waitUntil(lambda: page._overview is not None and page._overview.pixels is not None)
    return page


def words_of(page: DataPage) -> list[str]:
    return [label.text() for label in page.shown.findChildren(QLabel) if label.isVisible()]


def test_that_objects_are_counted_and_filtered_by_class(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    page = animals(qtbot, context, tmp_path)
    assert page.classes.summary.text() == "9 objects"
    page.classes.bars.picked.emit(1)
    assert shown(page) == ["train/1.png", "train/2.png", "val/1.png"]
    assert page.images.label.currentText() == "dog"


def test_that_images_without_objects_are_found(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    page = animals(qtbot, context, tmp_path)
    choice = page.images.label
    choice.setCurrentIndex(choice.findData(UNLABELLED))
    assert choice.currentText() == "No objects (1)"
    assert shown(page) == ["train/3.png"]
    assert page.images._tile(3).caption == "no objects"


def test_that_boxes_are_drawn_on_the_large_image_with_a_legend_that_hides_classes(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    page = animals(qtbot, context, tmp_path)
    page.images.opened.emit(2)
    qtbot.waitUntil(lambda: page.detail.view.layers == (TRUTH,))
    labels = page.detail.view.labels(TRUTH)
    assert labels is not None
    assert len(labels) == 3
    assert page.detail.controls.boxes.isVisible()
    assert page.detail.controls.masks.isHidden()
    rows = page.detail.legend._rows
    assert [row.accessibleName() for row in rows.values()] == ["cat, 2", "dog, 1"]
    rows[1].click()
    assert page.detail.view.look.hidden_classes == frozenset({1})
    qtbot.keyClick(page.detail.view, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: page.detail.view.layers == (TRUTH,))
    assert page.detail._facts["Label"].text() == "No objects"
    assert page.detail.view.look.hidden_classes == frozenset({1}), "what is hidden stays hidden"


def test_that_polygons_offer_masks(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    page = animals(qtbot, context, tmp_path, polygons=True)
    assert "instance masks" in page.header._facts.whole_text()
    page.images.opened.emit(0)
    qtbot.waitUntil(lambda: page.detail.view.layers == (TRUTH,))
    assert page.detail.controls.masks.isVisible()
    assert page.images.opacity.isVisible() is False, "the grid is not on the screen"


def test_that_a_problem_in_a_label_file_tells_its_place_and_shows_its_image(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    page = animals(qtbot, context, tmp_path, spoiled=True)
    page.problems._buttons["box_empty"].click()
    assert shown(page) == ["train/1.png"]
    assert page.images.chip.text() == "Boxes without area"
    copy = next(
        button
        for button in page.problems.findChildren(type(page.header.more))
        if button.accessibleName().startswith("Copy annotations/")
    )
    copy.click()
    assert QGuiApplication.clipboard().text().startswith("annotations/instances_train.json:")


def test_that_pixels_are_counted_in_the_background_and_filtered_by_class(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    page = streets(qtbot, context, tmp_path)
    qtbot.waitUntil(lambda: page.classes.summary.text() == "25.0% of pixels ignored")
    assert page.classes.bars.number(0) == "60.0%"
    page.classes.bars.picked.emit(1)
    assert len(shown(page)) == 4


def test_that_a_mask_lies_over_its_image_with_the_opacity_chosen(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    page = streets(qtbot, context, tmp_path)
    page.images.opacity.setValue(80)
    assert page.detail.view.look.opacity == 0.8
    page.images.opened.emit(4)
    qtbot.waitUntil(lambda: page.detail.view.layers == (TRUTH,))
    assert [row.accessibleName() for row in page.detail.legend._rows.values()] == ["sky, 75.0%"]
    page.detail.controls.opacity.setValue(30)
    assert page.images.tiles.look.opacity == 0.3


def test_that_a_mask_that_went_away_is_said(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    page = streets(qtbot, context, tmp_path)
    (tmp_path / "streets" / "masks" / "train" / "0.png").unlink()
    page.images.opened.emit(0)
    qtbot.waitUntil(lambda: "cannot be read" in page.detail._facts["Label"].text())


def test_that_numbers_of_each_task_are_shown(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    page = animals(qtbot, context, tmp_path)
    page.shown.sections._buttons["statistics"].click()
    assert page.body.currentWidget() is page.shown.statistics
    wanted = {"Objects per image", "Size of objects", "Images without objects"}
    qtbot.waitUntil(lambda: wanted <= set(words_of(page)))
    model = page.shown.statistics.balance.table
    assert [model.headerData(place, Qt.Orientation.Horizontal) for place in range(5)] == [
        "Class", "train objects", "train images", "val objects", "val images",
    ]  # fmt: skip
    assert model.data(model.index(0, 1)) == "4  ·  66.7%"
    assert "1: 2 images" in page.shown.statistics.per_image.accessibleDescription()


def test_that_labels_on_the_pictures_can_be_turned_off(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    page = animals(qtbot, context, tmp_path)
    pictures = page.images.grid.images
    qtbot.waitUntil(lambda: all(pictures.pixmap(row) is not None for row in range(6)), timeout=WAIT_MS)
    qtbot.waitUntil(pictures.thumbnails.is_idle, timeout=WAIT_MS)
    with_labels = page.images.grid.grab().toImage()
    page.images.labels.click()
    assert page.images.grid.grab().toImage() != with_labels
    page.images.labels.click()
    assert page.images.grid.grab().toImage() == with_labels


def test_that_a_file_of_labels_stands_for_its_dataset(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    folder = write_objects(tmp_path / "animals")
    page = open_page(qtbot, context)
    drop(page, folder / "annotations" / "instances_train.json")
    qtbot.waitUntil(lambda: page.crumb == "animals", timeout=WAIT_MS)
    assert page.header._facts.whole_text().startswith("6 images")


def test_that_dividing_says_which_runs_it_would_flatter(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    page = animals(qtbot, context, tmp_path)
    assert page._overview is not None
    words = leak_words(page._overview, ["first", "second"])
    assert words.startswith("first and second were trained on the splits of now")
    assert leak_words(page._overview, []) == ""
    sheet = DivideSheet(page, page._overview, ["first"])
    assert sheet._total == 6
    assert "first was trained" in sheet.leaks.text()
