"""Results opened from the run folder: columns, images, and what is said when they are gone or cut."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from desktop.models.result import ResultKey, open_result, summary_path
from engine.errors import UserError
from engine.protocol.home import Home
from tests.desktop.measured_runs import CLASSES, VAL_PER_CLASS, MeasuredRun, measured_run


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home)


@pytest.fixture
def run(home: Home, tmp_path: Path) -> MeasuredRun:
    return measured_run(home, tmp_path)


def test_that_a_result_opens_with_its_columns_and_the_paths_of_its_images(
    home: Home, run: MeasuredRun
) -> None:
    result = open_result(home, ResultKey(run.run, "0001"))

    assert result.images == len(CLASSES) * VAL_PER_CLASS
    assert result.classes == CLASSES
    assert result.confusion is not None
    assert int(result.confusion.sum()) == result.images
    assert int((~result.column("correct").astype(bool)).sum()) == 3
    assert result.metric("accuracy") == pytest.approx(9 / 12)
    assert result.root is not None
    assert all((result.root / path).is_file() for path in result.paths)
    assert all(
        f"val/{CLASSES[t]}/" in path for t, path in zip(result.column("target"), result.paths, strict=True)
    )


def test_that_a_result_without_columns_has_no_images_but_its_numbers(home: Home, run: MeasuredRun) -> None:
    folder = run.measure(4, per_image=False)

    result = open_result(home, ResultKey(run.run, folder))

    assert result.images == 0
    assert result.metric("accuracy") == 1.0


def test_that_a_result_whose_dataset_was_forgotten_keeps_its_numbers_and_names_the_place_of_the_run(
    home: Home, run: MeasuredRun, tmp_path: Path
) -> None:
    shutil.rmtree(home.datasets)

    result = open_result(home, ResultKey(run.run, "0001"))

    assert result.metric("accuracy") == pytest.approx(9 / 12)
    assert result.root == tmp_path / "pictures"


def test_that_a_result_that_vanished_is_said_to_be_gone(home: Home, run: MeasuredRun) -> None:
    shutil.rmtree(run.folder.results / "0002")

    with pytest.raises(UserError) as told:
        open_result(home, ResultKey(run.run, "0002"))

    assert told.value.code == "result_missing"
    assert "0002" in told.value.message


@pytest.mark.parametrize("name", ["image_loss.npy", "confusion.npy", "summary.json"])
def test_that_a_file_that_is_cut_off_is_told_with_its_folder(home: Home, run: MeasuredRun, name: str) -> None:
    file = run.folder.results / "0001" / name
    file.write_bytes(file.read_bytes()[:40])

    with pytest.raises(UserError) as told:
        open_result(home, ResultKey(run.run, "0001"))

    assert told.value.code == "result_damaged"
    assert str(file.parent) in told.value.message


def test_that_a_column_that_is_missing_is_told(home: Home, run: MeasuredRun) -> None:
    (run.folder.results / "0001" / "image_confidence.npy").unlink()

    with pytest.raises(UserError, match="image_confidence"):
        open_result(home, ResultKey(run.run, "0001"))


def test_that_columns_of_different_lengths_are_refused(home: Home, run: MeasuredRun) -> None:
    np.save(run.folder.results / "0001" / "image_loss.npy", np.zeros(3, dtype=np.float32))

    with pytest.raises(UserError, match="differ in length"):
        open_result(home, ResultKey(run.run, "0001"))


def test_that_a_class_number_beyond_the_names_is_refused(home: Home, run: MeasuredRun) -> None:
    predicted = np.full(12, 7, dtype=np.int32)
    np.save(run.folder.results / "0001" / "image_predicted.npy", predicted)

    with pytest.raises(UserError, match="class"):
        open_result(home, ResultKey(run.run, "0001"))


def test_that_no_file_of_a_small_result_stays_open(home: Home, run: MeasuredRun) -> None:
    result = open_result(home, ResultKey(run.run, "0001"))

    assert not any(isinstance(column, np.memmap) for column in result.columns.values())
    assert summary_path(home, result.key).is_file()
