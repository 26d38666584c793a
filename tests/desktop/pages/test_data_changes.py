from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.pages import data_actions
from desktop.pages.data_divide import DivideSheet
from engine.datasets.library import ImportOptions, Library
from engine.store.runs import RunRow
from tests.desktop.pages.data_stage import WAIT_MS, open_page, words


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
    assert isinstance(sheet, DivideSheet)
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
    assert isinstance(sheet, DivideSheet)
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
