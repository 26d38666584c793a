from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.data_export import ExportSheet, ExportWish
from engine.datasets.library import Library
from tests.desktop.labelled_sets import imported, write_objects
from tests.desktop.pages.data_stage import WAIT_MS, make_pets, open_page, words


def sheet_of(qtbot: QtBot, context: Context, dataset: str) -> ExportSheet:
    page = open_page(qtbot, context, dataset)
    page.header.export_wanted.emit()
    sheet = page.actions_of._sheet
    assert isinstance(sheet, ExportSheet)
    return sheet


def said(sheet: ExportSheet) -> str:
    return "\n".join(label.text() for label in sheet.findChildren(QLabel))


def test_that_layouts_say_what_they_would_leave_out(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    imported(context.home, write_objects(tmp_path / "animals", polygons=True))
    sheet = sheet_of(qtbot, context, "animals")
    assert "Masks of objects are left out: Pascal VOC holds boxes." in said(sheet)
    assert not sheet.choices["imagefolder"].isEnabled()
    assert "It holds datasets for classification." in said(sheet)
    assert sheet.choices["coco"].isChecked()
    sheet.choices["voc"].setChecked(True)
    assert sheet.folder.text() == str(tmp_path / "animals_voc")


def test_that_a_folder_with_something_in_it_is_refused_in_the_sheet(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    imported(context.home, write_objects(tmp_path / "animals"))
    sheet = sheet_of(qtbot, context, "animals")
    for text, why in (
        (str(tmp_path), "is not an empty folder"),
        ("", "Give a folder"),
        ("there", "whole path"),
    ):
        sheet.folder.setText(text)
        sheet.go.click()
        assert sheet.isVisible()
        assert why in sheet.trouble.text()


def test_that_a_dataset_is_written_in_another_layout_and_the_losses_are_said(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    imported(context.home, write_objects(tmp_path / "animals", polygons=True))
    page = open_page(qtbot, context, "animals")
    page.header.export_wanted.emit()
    sheet = page.actions_of._sheet
    assert isinstance(sheet, ExportSheet)
    sheet.choices["voc"].setChecked(True)
    sheet.folder.setText(str(tmp_path / "out"))
    sheet.go.click()
    qtbot.waitUntil(lambda: "Wrote 6 images as Pascal VOC" in words(page), timeout=WAIT_MS)
    assert "Masks of objects are left out" in words(page)
    again = Library(context.home).import_dataset(tmp_path / "out", name="again")
    assert again.format == "voc"
    assert len(again.items) == 6


def test_that_a_cancelled_export_leaves_nothing(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    imported(context.home, make_pets(tmp_path / "pets", 400))
    page = open_page(qtbot, context, "pets")
    target = tmp_path / "out"
    page.actions_of._export("pets", ExportWish("imagefolder", target, True))
    qtbot.waitUntil(target.exists, timeout=WAIT_MS)
    page.panel.cancel.click()
    assert "Cancelled" in words(page)
    qtbot.waitUntil(lambda: not target.exists(), timeout=WAIT_MS)
