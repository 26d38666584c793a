"""The sheet that asks what a model is tested on: datasets, folders that are dropped, classes with other names."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.models.result_evaluation import Source
from desktop.pages.validate_evaluate_sheet import EvaluateSheet
from engine.datasets.library import ImportOptions, Library
from engine.runner.derived import Derived
from engine.runner.given_data import Wanted
from tests.desktop.measured_runs import MeasuredRun
from tests.desktop.pages.validate_stage import WAIT_MS, opened
from tests.desktop.task_runs import import_animals


def write_shapes(folder: Path, names: tuple[str, ...], count: int = 2) -> Path:
    rng = np.random.default_rng(5)
    for name in names:
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 255, (12, 16, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def asked(context: Context, monkeypatch: pytest.MonkeyPatch) -> list[Derived]:
    """What the engine was asked for."""
    given: list[Derived] = []
    monkeypatch.setattr(context.actions, "derive", lambda wanted, **_told: given.append(wanted))
    return given


@pytest.fixture
def sheet(qtbot: QtBot, context: Context, run: MeasuredRun, asked: list[Derived]) -> EvaluateSheet:
    page = opened(qtbot, context, run=run.run, evaluate=True)
    qtbot.waitUntil(lambda: page.evaluation.sheet is not None, timeout=WAIT_MS)
    assert page.evaluation.sheet is not None
    del asked
    return page.evaluation.sheet


def import_for_tests(context: Context, folder: Path) -> str:
    return Library(context.home).import_dataset(folder, options=ImportOptions(is_test_only=True)).name


@pytest.fixture
def choose(qtbot: QtBot, sheet: EvaluateSheet) -> Callable[..., None]:
    """Choose data, and wait for what it offers."""

    def chosen(name: str = "", folder: Path | None = None) -> None:
        if folder is not None:
            sheet.drops.dropped.emit([folder])
        else:
            sheet.data.choose_dataset(name)
        qtbot.waitUntil(lambda: sheet.offer is not None, timeout=WAIT_MS)

    return chosen


def test_that_every_split_and_all_images_of_its_own_data_are_offered(
    sheet: EvaluateSheet, run: MeasuredRun, asked: list[Derived]
) -> None:
    sheet.splits.choose("all")
    sheet.batch_size.setText("7")
    sheet.start.click()

    wanted = Derived("evaluate", run.run, "best", data=Wanted(split="all"), changes={"batch_size": 7})
    assert asked == [wanted]


def test_that_classes_with_other_names_can_be_mapped_and_left_out(
    qtbot: QtBot,
    context: Context,
    sheet: EvaluateSheet,
    choose: Callable[..., None],
    asked: list[Derived],
    run: MeasuredRun,
    tmp_path: Path,
) -> None:
    name = import_for_tests(context, write_shapes(tmp_path / "street", ("Circle", "crosses", "star", "tree")))

    choose(name)
    assert {one: box.currentText() for one, box in sheet.classes.boxes.items()} == {
        "Circle": "circle", "crosses": "Leave out", "tree": "Leave out",
    }  # fmt: skip
    assert sheet.offer is not None
    assert [size for _, size in sheet.offer.splits] == [4, 4]
    sheet.classes.boxes["crosses"].setCurrentText("cross")
    qtbot.waitUntil(lambda: sheet.offer is not None and sheet.offer.splits[0][1] == 6, timeout=WAIT_MS)
    assert sheet.classes.boxes["crosses"].currentText() == "cross"
    sheet.start.click()

    mapping = {"Circle": "circle", "crosses": "cross", "tree": None}
    wanted = Wanted(name, split="test", mapping=mapping)
    assert asked == [Derived("evaluate", run.run, "best", data=wanted)]


def test_that_data_that_say_nothing_are_refused_with_the_reason_until_they_are_mapped(
    qtbot: QtBot, context: Context, sheet: EvaluateSheet, choose: Callable[..., None], tmp_path: Path
) -> None:
    import_animals(context.home, tmp_path)
    letters = import_for_tests(context, write_shapes(tmp_path / "letters", ("a", "b")))

    choose("animals")
    assert not sheet.start.isEnabled()
    assert "is for detection, the model for classification" in sheet.banner.accessibleName()
    choose(letters)
    assert not sheet.start.isEnabled()
    assert "no class in common" in sheet.banner.accessibleName()
    sheet.classes.boxes["a"].setCurrentText("circle")
    sheet.classes.boxes["b"].setCurrentText("star")

    qtbot.waitUntil(sheet.start.isEnabled, timeout=WAIT_MS)
    assert sheet.banner.isHidden()


def test_that_a_dataset_whose_drive_is_away_is_refused(
    context: Context, sheet: EvaluateSheet, choose: Callable[..., None], tmp_path: Path
) -> None:
    folder = write_shapes(tmp_path / "stick", ("circle", "star"))
    name = import_for_tests(context, folder)
    folder.rename(tmp_path / "unplugged")

    choose(name)

    assert not sheet.start.isEnabled()
    assert "is not there" in sheet.banner.accessibleName()


def test_that_a_dropped_folder_with_labels_is_imported_for_tests_and_then_offered(
    qtbot: QtBot, context: Context, sheet: EvaluateSheet, choose: Callable[..., None], tmp_path: Path
) -> None:
    folder = write_shapes(tmp_path / "found", ("circle", "star", "cross"))
    (folder / "star" / "broken.png").write_bytes(b"no image")
    shutil.copy(folder / "star" / "0.png", folder / "star" / "copy.png")

    choose(folder=folder)
    assert (sheet.start.text(), sheet.data.name.text()) == ("Import for tests", "found")
    sheet.data.name.setText("found shapes")
    sheet.start.click()
    assert not sheet.start.isEnabled()
    qtbot.waitUntil(lambda: sheet.start.text() == "Evaluate" and sheet.start.isEnabled(), timeout=WAIT_MS)

    assert sheet.data.source() == Source(dataset="found shapes")
    assert sheet.offer is not None
    assert sheet.offer.splits == (("test", 7), ("all", 7))
    assert "Imported as found shapes, with 2 problems." in sheet.banner.accessibleName()
    choose(folder=folder)
    qtbot.waitUntil(lambda: sheet.data.source() == Source(dataset="found shapes"), timeout=WAIT_MS)


def test_that_a_folder_without_labels_is_only_asked_about(
    sheet: EvaluateSheet,
    choose: Callable[..., None],
    asked: list[Derived],
    run: MeasuredRun,
    tmp_path: Path,
) -> None:
    shapes = write_shapes(tmp_path / "shapes", ("circle",))
    photos = (shapes / "circle").rename(tmp_path / "photos")

    choose(folder=photos)
    assert sheet.start.text() == "Evaluate"
    assert sheet.splits.isHidden()
    assert "no metrics" in sheet.data.told.text()
    sheet.start.click()

    assert asked == [Derived("evaluate", run.run, "best", data=Wanted(folder=photos))]


def test_that_labels_can_be_left_alone(
    qtbot: QtBot, sheet: EvaluateSheet, choose: Callable[..., None], tmp_path: Path
) -> None:
    choose(folder=write_shapes(tmp_path / "by year", ("2024", "2025")))
    assert not sheet.start.isEnabled()

    sheet.data.labels.choose("ask")
    sheet.data.labels.changed.emit("ask")

    qtbot.waitUntil(sheet.start.isEnabled, timeout=WAIT_MS)
    assert sheet.start.text() == "Evaluate"
    assert sheet.data.source() == Source(folder=tmp_path / "by year", is_labelled=False)


def test_that_a_folder_without_images_and_several_at_once_are_told(
    sheet: EvaluateSheet, choose: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()

    choose(folder=tmp_path / "empty")
    assert "There is no image in" in sheet.banner.accessibleName()
    assert not sheet.start.isEnabled()
    sheet.drops.dropped.emit([tmp_path / "a", tmp_path / "b"])

    assert "One folder at a time" in sheet.banner.accessibleName()


def test_that_images_that_the_model_has_learnt_from_are_told(
    context: Context, sheet: EvaluateSheet, choose: Callable[..., None], tmp_path: Path
) -> None:
    folder = write_shapes(tmp_path / "again", ("circle", "star"))
    shutil.copy(tmp_path / "pictures" / "train" / "star" / "star-0.png", folder / "star" / "old.png")

    choose(import_for_tests(context, folder))

    assert "has learnt from 1 of these images" in sheet.advice.text()
