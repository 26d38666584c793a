from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QSlider
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages import data_actions
from engine.datasets.library import Library
from tests.desktop.pages.data_stage import make_pets, open_page, shown, words


def test_that_a_class_a_split_and_words_filter_the_images(qtbot: QtBot, context: Context, pets: Path) -> None:
    Library(context.home).import_dataset(pets)
    page = open_page(qtbot, context, "pets")
    page.classes.bars.picked.emit(1)
    assert shown(page) == [f"dog/{number}.png" for number in range(4)]
    assert page.images.label.currentText() == "dog"
    assert page.images.count.text() == "4 of 8"
    page.images.search.setText("3.png")
    qtbot.waitUntil(lambda: shown(page) == ["dog/3.png"])
    page.images.label.setCurrentIndex(0)
    assert shown(page) == ["cat/3.png", "dog/3.png"]
    page.images.search.setText("nowhere")
    qtbot.waitUntil(lambda: shown(page) == [])
    assert "Take a filter away" in page.images.grid.nothing


def test_that_the_images_of_a_problem_are_shown_and_all_again(
    qtbot: QtBot, context: Context, pets: Path
) -> None:
    (pets / "cat" / "broken.png").write_bytes(b"nonsense")
    Library(context.home).import_dataset(pets)
    page = open_page(qtbot, context, "pets")
    page.problems._buttons["image_unreadable"].click()
    assert shown(page) == ["cat/broken.png"]
    assert page.images.chip.text() == "Cannot be read"
    page.images.chip.click()
    assert len(shown(page)) == 8
    assert page.problems._buttons["image_unreadable"].text() == "Show"


def test_that_the_list_of_problems_can_be_copied(qtbot: QtBot, context: Context, pets: Path) -> None:
    (pets / "cat" / "broken.png").write_bytes(b"nonsense")
    Library(context.home).import_dataset(pets)
    page = open_page(qtbot, context, "pets")
    page.problems.copy.click()
    assert "image_unreadable\tcat/broken.png" in QGuiApplication.clipboard().text()


def test_that_an_image_opens_large_and_the_arrows_walk_through_what_is_shown(
    qtbot: QtBot, context: Context, pets: Path
) -> None:
    Library(context.home).import_dataset(pets)
    page = open_page(qtbot, context, "pets")
    page.classes.bars.picked.emit(1)
    page.images.grid.go_to(int(page.images.grid.images.shown[2]))
    qtbot.keyClick(page.images.grid, Qt.Key.Key_Return)
    assert page.body.currentWidget() is page.detail
    assert page.detail.view.path == pets / "dog" / "2.png"
    qtbot.keyClick(page.detail.view, Qt.Key.Key_Right)
    assert page.detail.view.path == pets / "dog" / "3.png"
    assert not page.detail.next.isEnabled()
    qtbot.keyClick(page.detail.view, Qt.Key.Key_Right)
    assert page.detail.view.path == pets / "dog" / "3.png"
    qtbot.keyClick(page.detail.view, Qt.Key.Key_Escape)
    assert page.body.currentWidget() is not page.detail
    assert page.images.grid.current_image() == page.images.grid.images.shown[3]


def test_that_the_list_finds_datasets_by_a_part_of_their_names(
    qtbot: QtBot, context: Context, pets: Path, tmp_path: Path
) -> None:
    library = Library(context.home)
    library.import_dataset(pets)
    library.import_dataset(make_pets(tmp_path / "cars"))
    page = open_page(qtbot, context, "pets")
    page.list.search.setText("AR")
    assert [page.list.lines.line(row).name for row in range(page.list.lines.rowCount())] == ["cars"]
    assert page.crumb == "pets"
    page.list.view.setCurrentIndex(page.list.lines.index(0))
    qtbot.waitUntil(lambda: page.crumb == "cars")
    assert context.settings.get("data.dataset", "") == "cars"


def test_that_names_with_markup_are_shown_as_they_are(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    Library(context.home).import_dataset(make_pets(tmp_path / "pets"), name="<b>pets</b>")
    page = open_page(qtbot, context, "<b>pets</b>")
    assert page.header._name.whole_text() == "<b>pets</b>"
    assert page.header._name.textFormat() == Qt.TextFormat.PlainText


def test_that_train_on_this_leads_to_the_training_page(qtbot: QtBot, context: Context, pets: Path) -> None:
    Library(context.home).import_dataset(pets)
    page = open_page(qtbot, context, "pets")
    with qtbot.waitSignal(context.asked_to_go) as asked:
        page.header.train.click()
    assert asked.args == ["train", {"dataset": "pets"}]


def test_that_the_place_in_the_grid_stays_when_the_dataset_is_looked_at_again(
    qtbot: QtBot, context: Context, pets: Path
) -> None:
    Library(context.home).import_dataset(pets)
    page = open_page(qtbot, context, "pets")
    page.images.grid.go_to(6)
    seen = page._overview
    page._take_check("pets", [])
    qtbot.waitUntil(lambda: page._overview is not seen)
    assert page.images.grid.current_image() == 6
    assert page.problems.check.text() == "Check again"


def test_that_a_folder_that_went_away_is_told_and_comes_back(
    qtbot: QtBot, context: Context, pets: Path
) -> None:
    Library(context.home).import_dataset(pets)
    page = open_page(qtbot, context, "pets")
    pets.rename(pets.with_name("unplugged"))
    page._look_for_files()
    qtbot.waitUntil(page.away.isVisible)
    assert not page.header.train.isEnabled()
    assert len(shown(page)) == 8
    pets.with_name("unplugged").rename(pets)
    page._retry()
    qtbot.waitUntil(page.away.isHidden)
    assert page.header.train.isEnabled()


def test_that_a_dataset_is_found_again_where_it_was_moved_to(
    qtbot: QtBot, context: Context, pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Library(context.home).import_dataset(pets)
    moved = pets.rename(pets.with_name("moved"))
    page = open_page(qtbot, context, "pets")
    assert page.away.isVisible()
    choose = data_actions.QFileDialog
    monkeypatch.setattr(choose, "getExistingDirectory", lambda *_: str(pets.parent))
    page._relocate()
    qtbot.waitUntil(lambda: "is not the dataset pets" in words(page))
    monkeypatch.setattr(choose, "getExistingDirectory", lambda *_: str(moved))
    page._relocate()
    qtbot.waitUntil(page.away.isHidden)


def test_that_every_control_of_the_page_has_a_name(qtbot: QtBot, context: Context, pets: Path) -> None:
    Library(context.home).import_dataset(pets)
    page = open_page(qtbot, context, "pets")
    controls = [
        control
        for kind in (QAbstractButton, QComboBox, QLineEdit, QSlider)
        for control in page.findChildren(kind)
        if control.isVisible() and control.objectName() != "qt_spinbox_lineedit"
    ]
    assert len(controls) >= 10
    nameless = [
        control
        for control in controls
        if not (control.accessibleName() or getattr(control, "text", str)() or control.toolTip())
        and not isinstance(control.parent(), QLineEdit)
    ]
    assert nameless == []
