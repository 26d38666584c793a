from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QLineEdit, QSlider
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.pages import data_actions
from desktop.pages.data import DataPage
from engine.datasets.library import ImportOptions, Library
from engine.protocol.home import Home
from engine.store.runs import RunRow

WAIT_MS = 60_000


def make_pets(folder: Path, count: int = 4) -> Path:
    for label, place in enumerate(("cat", "dog")):
        (folder / place).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (30, 20), (label * 90, number * 50, 30)).save(folder / place / f"{number}.png")
    return folder


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    return make_pets(tmp_path / "pets")


@pytest.fixture
def context(qtbot: QtBot, lensmith_home: Path) -> Iterator[Context]:
    made = Context(Home(lensmith_home).ensure())
    yield made
    made.close()


@pytest.fixture
def told(context: Context) -> list[Told]:
    messages: list[Told] = []
    context.told.connect(messages.append)
    return messages


def open_page(qtbot: QtBot, context: Context, dataset: str = "") -> DataPage:
    page = DataPage(context)
    qtbot.addWidget(page)
    page.resize(1300, 820)
    page.show()
    context.datasets.refresh()
    if dataset:
        page.open(dataset=dataset)
        qtbot.waitUntil(lambda: page._overview is not None and page._overview.manifest.name == dataset)
    else:
        qtbot.waitUntil(lambda: context.datasets.is_loaded)
    return page


def drop(page: DataPage, *paths: Path | QUrl) -> None:
    data = QMimeData()
    data.setUrls([path if isinstance(path, QUrl) else QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    place, copy = QPoint(300, 300), Qt.DropAction.CopyAction
    QApplication.sendEvent(page, QDragEnterEvent(place, copy, data, buttons, keys))
    QApplication.sendEvent(page, QDropEvent(QPointF(place), copy, data, buttons, keys))


def words(page: DataPage) -> str:
    return "\n".join(label.text() for label in page.panel.findChildren(QLabel) if label.isVisible())


def shown(page: DataPage) -> list[str]:
    model = page.images.grid.images
    return [model.images.paths[int(image)] for image in model.shown]


# Adding


def test_that_without_a_dataset_the_page_says_how_to_get_one(qtbot: QtBot, context: Context) -> None:
    page = open_page(qtbot, context)
    assert page.pages.currentWidget() is page.empty
    assert page.empty.button is not None
    assert page.empty.button.isVisible()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", "zip", "csv"])
def test_that_what_is_dropped_is_imported_and_shown(
    qtbot: QtBot, context: Context, pets: Path, kind: str
) -> None:
    dropped = pets
    if kind == "zip":
        dropped = pets.with_suffix(".zip")
        with zipfile.ZipFile(dropped, "w") as archive:
            for file in pets.rglob("*.png"):
                archive.write(file, file.relative_to(pets.parent))
    elif kind == "csv":
        dropped = pets / "labels.csv"
        lines = [f"{file.relative_to(pets).as_posix()},{file.parent.name}" for file in pets.rglob("*.png")]
        dropped.write_text("\n".join(["filename,label", *lines]), encoding="utf-8")
    page = open_page(qtbot, context)
    drop(page, dropped)
    qtbot.waitUntil(lambda: page._overview is not None, timeout=WAIT_MS)
    assert page.crumb == "pets"
    assert len(shown(page)) == 8
    assert page.pages.currentWidget() is page.content


@pytest.mark.slow
def test_that_the_same_source_again_is_the_next_version(
    qtbot: QtBot, context: Context, pets: Path, told: list[Told]
) -> None:
    before = Library(context.home).import_dataset(pets)
    page = open_page(qtbot, context, "pets")
    Image.new("RGB", (30, 20), "white").save(pets / "cat" / "new.png")
    drop(page, pets)
    qtbot.waitUntil(lambda: "cat/new.png" in shown(page), timeout=WAIT_MS)
    assert Library(context.home).get("pets").version != before.version
    assert told[-1].title == "pets has a new version"


@pytest.mark.slow
def test_that_a_cancelled_import_leaves_nothing(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    make_pets(tmp_path / "many", 120)
    page = open_page(qtbot, context)
    drop(page, tmp_path / "many")
    qtbot.waitUntil(page.panel.cancel.isVisible, timeout=WAIT_MS)
    page.panel.cancel.click()
    assert not page.panel.is_busy
    assert "Cancelled" in words(page)
    assert context.background.wait(WAIT_MS)
    assert Library(context.home).list() == []
    assert list(context.home.datasets.glob(".draft-*")) == []


@pytest.mark.slow
def test_that_a_folder_of_an_unknown_layout_is_shown_beside_the_layouts_that_are_read(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    (tmp_path / "odd" / "notes").mkdir(parents=True)
    (tmp_path / "odd" / "readme.txt").write_text("hello")
    page = open_page(qtbot, context)
    drop(page, tmp_path / "odd")
    qtbot.waitUntil(page.panel.layouts.isVisible, timeout=WAIT_MS)
    assert "readme.txt" in page.panel.layouts.found.text()
    assert "imagefolder" in page.panel.layouts.read.text()


@pytest.mark.slow
def test_that_a_name_that_is_taken_can_be_replaced_by_another(
    qtbot: QtBot, context: Context, pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Library(context.home).import_dataset(pets)
    other = make_pets(tmp_path / "elsewhere" / "pets", 2)
    page = open_page(qtbot, context, "pets")
    drop(page, other)
    qtbot.waitUntil(lambda: "already" in words(page), timeout=WAIT_MS)
    monkeypatch.setattr(data_actions.NameSheet, "exec", lambda sheet: sheet.name.setText("more pets") or 1)
    page.actions_of._ask_name(other, "taken")
    qtbot.waitUntil(lambda: page.crumb == "more pets", timeout=WAIT_MS)
    assert len(shown(page)) == 4


def test_that_a_text_file_is_refused_in_a_sentence(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    page = open_page(qtbot, context)
    drop(page, tmp_path / "notes.txt")
    qtbot.waitUntil(lambda: "notes.txt is a file" in words(page))
    assert not page.panel.is_busy


def test_that_a_path_that_is_gone_is_refused_in_a_sentence(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    page = open_page(qtbot, context)
    drop(page, tmp_path / "gone")
    qtbot.waitUntil(lambda: "There is no" in words(page))


def test_that_ten_thousand_files_at_once_are_refused_with_the_folder_that_holds_them(
    qtbot: QtBot, context: Context, pets: Path
) -> None:
    page = open_page(qtbot, context)
    drop(page, *(pets / f"{number}.png" for number in range(10_000)))
    assert "10,000 files or folders were dropped together" in words(page)
    assert [button.text() for button in page.panel.banner.findChildren(type(page.list.add))] == [
        "Import pets"
    ]


def test_that_something_from_a_web_page_is_refused(qtbot: QtBot, context: Context) -> None:
    page = open_page(qtbot, context)
    drop(page, QUrl("https://example.org/cat.png"))
    assert "not a file or folder of this machine" in words(page)


# Looking


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


# What is away


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


# Changing


@pytest.mark.slow
def test_that_a_check_opens_every_image_and_lists_what_it_finds(
    qtbot: QtBot, context: Context, pets: Path, told: list[Told]
) -> None:
    Library(context.home).import_dataset(pets)
    Image.new("RGBA", (8, 8), (0, 0, 0, 10)).save(pets / "cat" / "0.png")
    page = open_page(qtbot, context, "pets")
    page._check()
    qtbot.waitUntil(lambda: "transparency" in page.problems._buttons, timeout=WAIT_MS)
    assert told[-1].title.startswith("Checked pets")


def test_that_dividing_makes_a_new_version_with_the_shares_asked_for(
    qtbot: QtBot, context: Context, pets: Path
) -> None:
    Library(context.home).import_dataset(pets)
    page = open_page(qtbot, context, "pets")
    page._divide()
    sheet = page.actions_of._sheet
    assert sheet is not None
    sheet.val.setValue(50)
    sheet.test.setValue(50)
    assert not sheet.go.isEnabled()
    assert "nothing to train on" in sheet.trouble.text()
    sheet.val.setValue(25)
    sheet.test.setValue(0)
    sheet.go.click()
    qtbot.waitUntil(lambda: page._overview is not None and "val" in page._overview.split_names)
    assert page._overview is not None
    assert page._overview.split_totals() == {"train": 6, "val": 2}
    assert not sheet.isVisible()


def test_that_splits_that_are_there_are_replaced_only_when_told(
    qtbot: QtBot, context: Context, pets: Path
) -> None:
    library = Library(context.home)
    library.import_dataset(pets)
    library.resplit("pets", val=0.25, test=0, seed=0)
    page = open_page(qtbot, context, "pets")
    page._divide()
    sheet = page.actions_of._sheet
    assert sheet is not None
    assert not sheet.go.isEnabled()
    sheet.replace.setChecked(True)
    sheet.val.setValue(50)
    sheet.go.click()
    qtbot.waitUntil(lambda: page._overview is not None and page._overview.split_totals()["train"] < 6)


@pytest.mark.parametrize("is_sure", [True, False])
def test_that_a_dataset_is_deleted_only_after_the_question_that_names_it(
    qtbot: QtBot, context: Context, pets: Path, monkeypatch: pytest.MonkeyPatch, is_sure: bool
) -> None:
    Library(context.home).import_dataset(pets)
    page = open_page(qtbot, context, "pets")
    asked: list[str] = []

    def confirm(_parent: object, title: str, text: str, _action: str) -> bool:
        asked.extend((title, text))
        return is_sure

    monkeypatch.setattr(data_actions, "confirm", confirm)
    page._delete()
    assert "pets" in asked[0]
    assert "are not touched" in asked[1]
    if is_sure:
        qtbot.waitUntil(lambda: page.pages.currentWidget() is page.empty)
    assert context.background.wait()
    assert len(Library(context.home).list()) == (0 if is_sure else 1)
    assert (pets / "cat" / "0.png").is_file()


def test_that_images_that_lensmith_keeps_are_not_deleted_under_a_run(
    qtbot: QtBot, context: Context, pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Library(context.home).import_dataset(pets, options=ImportOptions(copy=True))
    page = open_page(qtbot, context, "pets")
    row = RunRow.__new__(RunRow)
    for name, value in (
        ("run", "1"),
        ("name", "run 12"),
        ("state", "running"),
        ("dataset", "pets"),
        ("kind", "train"),
    ):
        object.__setattr__(row, name, value)
    monkeypatch.setattr(context.runs, "rows", lambda: [row])
    page._delete()
    assert "pets is in use" in words(page)
    assert "run 12 still needs them" in words(page)


def test_that_a_dataset_deleted_elsewhere_leaves_the_page(qtbot: QtBot, context: Context, pets: Path) -> None:
    library = Library(context.home)
    library.import_dataset(pets)
    page = open_page(qtbot, context, "pets")
    library.delete("pets")
    shutil.rmtree(pets)
    context.datasets.refresh()
    qtbot.waitUntil(lambda: page.pages.currentWidget() is page.empty)
    assert page.crumb == ""


# Everybody


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
