from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.models.dataset_change_table import ChangeTable
from desktop.models.dataset_versions import change_lines, read_difference, read_history, version_lines
from desktop.pages.data import DataPage
from engine.datasets.library import Library
from engine.protocol.home import Home
from tests.desktop.labelled_sets import imported, picture, write_objects
from tests.desktop.measured_runs import MeasuredRun
from tests.desktop.pages.data_stage import open_page


def changed_animals(context: Context, folder: Path) -> None:
    """Make three versions: as it was, with one image less and another one painted over, and divided anew."""
    place = write_objects(folder / "animals")
    imported(context.home, place)
    picture(place / "val" / "1.png", 99)
    (place / "train" / "2.png").unlink()
    imported(context.home, place)
    Library(context.home).resplit("animals", val=0.5, test=0.0, seed=1, replace=True)


def open_versions(qtbot: QtBot, context: Context) -> DataPage:
    page = open_page(qtbot, context, "animals")
    page.shown.sections._buttons["versions"].click()
    qtbot.waitUntil(lambda: page.shown.versions.new.count() > 0)
    return page


def rows(table: ChangeTable) -> list[tuple[object, ...]]:
    return [
        tuple(table.data(table.index(row, column)) for column in range(3)) for row in range(table.rowCount())
    ]


def test_that_the_newest_versions_are_compared_at_once(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    changed_animals(context, tmp_path)
    page = open_versions(qtbot, context)
    versions = page.shown.versions
    qtbot.waitUntil(lambda: "moved to another split" in versions.summary.text())
    assert versions.new.count() == 3
    assert "(now)" in versions.new.currentText()
    assert {row[0] for row in rows(versions.table)} == {"Other split"}


def test_that_any_two_versions_are_compared_and_kinds_are_picked(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    changed_animals(context, tmp_path)
    page = open_versions(qtbot, context)
    versions = page.shown.versions
    versions.new.setCurrentIndex(1)
    versions.old.setCurrentIndex(2)
    qtbot.waitUntil(lambda: versions.table.rowCount() > 0)
    assert [row[:2] for row in rows(versions.table)] == [
        ("Removed", "train/2.png"),
        ("Other content", "val/1.png"),
    ], versions.summary.text()
    assert versions.summary.text() == "1 image removed; 1 image with another content."
    versions._buttons["removed"].click()
    assert rows(versions.table) == [("Removed", "train/2.png", "")]
    versions._buttons[""].click()
    assert versions.table.rowCount() == 2


def test_that_a_changed_image_is_shown_large(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    changed_animals(context, tmp_path)
    page = open_versions(qtbot, context)
    versions = page.shown.versions
    qtbot.waitUntil(lambda: versions.table.rowCount() > 0)
    path = versions.table.line(0).path
    versions.view.setCurrentIndex(versions.table.index(0, 0))
    qtbot.keyClick(versions.view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.body.currentWidget() is page.detail)
    assert page.detail.view.path == tmp_path / "animals" / path


def test_that_one_version_alone_says_how_others_come_about(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    imported(context.home, write_objects(tmp_path / "animals"))
    page = open_versions(qtbot, context)
    assert "There is one version so far" in page.shown.versions.summary.text()
    assert not page.shown.versions.old.isEnabled()


def test_that_a_version_names_the_runs_that_used_it(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    qtbot.waitUntil(lambda: context.runs.row(run.run) is not None)
    row = context.runs.row(run.run)
    assert row is not None
    assert row.dataset is not None
    steps = read_history(context.home, row.dataset)
    (line,) = version_lines(steps, row.dataset, context.runs.rows())
    assert line.is_present
    assert line.runs == ((row.run, row.name or row.run),)
    assert line.used().startswith("Used by ")


def test_that_every_kind_of_change_has_words(lensmith_home: Path, tmp_path: Path) -> None:
    home = Home(lensmith_home)
    place = write_objects(tmp_path / "animals")
    first = imported(home, place)
    (place / "train" / "1.png").rename(place / "train" / "9.png")
    text = place / "annotations" / "instances_train.json"
    text.write_text(text.read_text().replace('"1.png"', '"9.png"').replace("[\n    24,", "[\n    25,"))
    second = imported(home, place)
    lines = change_lines(read_difference(home, "animals", first.version, second.version))
    assert ("renamed", "train/9.png", "was train/1.png") in [(a.kind, a.path, a.words) for a in lines]
    assert ("objects", "train/2.png", "1 changed") in [(a.kind, a.path, a.words) for a in lines]


@pytest.mark.usefixtures("qapp")
def test_that_the_table_says_its_columns_to_screen_readers() -> None:
    table = ChangeTable()
    assert table.headerData(1, Qt.Orientation.Horizontal) == "Image"
    assert table.counts() == {}
