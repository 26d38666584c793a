from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QUrl
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.pages import data_actions
from engine.datasets.library import Library
from tests.desktop.pages.data_stage import WAIT_MS, drop, make_pets, open_page, shown, words


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
    assert "Image folder: " in page.panel.layouts.words()
    assert "COCO: annotations/instances_train.json" in page.panel.layouts.words()


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


@pytest.mark.parametrize("part", ["grid", "bars", "list", "search", "find", "detail"])
def test_that_a_drop_counts_wherever_on_the_page_it_falls(
    qtbot: QtBot, context: Context, pets: Path, tmp_path: Path, part: str
) -> None:
    Library(context.home).import_dataset(pets)
    (tmp_path / "notes.txt").write_text("hello")
    page = open_page(qtbot, context, "pets")
    if part == "detail":
        page.images.opened.emit(0)
    target = {
        "grid": page.images.grid.viewport(),
        "bars": page.classes.bars.viewport(),
        "list": page.list.view.viewport(),
        "search": page.images.search,
        "find": page.list.search,
        "detail": page.detail.view,
    }[part]
    drop(target, tmp_path / "notes.txt")
    qtbot.waitUntil(lambda: "notes.txt is a file" in words(page))
    assert page.images.search.text() == page.list.search.text() == ""


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
