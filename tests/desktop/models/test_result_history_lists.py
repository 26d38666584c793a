"""Lists over all validations of a run, against cases worked by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from desktop.models.result import Column, ResultKey
from desktop.models.result_history import Moment
from desktop.models.result_history_lists import (
    HistoryRule,
    ImageHistory,
    Judged,
    forgotten,
    hardest,
    learned_late,
    list_csv,
    never_right,
    read_history,
    run_manifest,
)
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import RunFolder, read_record, write_record
from tests.desktop.measured_runs import MeasuredRun, import_pictures

LAST = 9


def by_column(stored: Mapping[str, Column], _bound: float | None) -> Judged:
    return Judged(stored["correct"].astype(np.bool_), stored["loss"].astype(np.float64))


RULE = HistoryRule(("correct", "loss"), (), "Right: as the column says.", "loss", by_column)


@pytest.fixture
def run(tmp_path: Path) -> MeasuredRun:
    """Four images matter: always right; right from the third on; right, wrong, right, wrong; never right."""
    home = Home(tmp_path / "home")
    return MeasuredRun(home, "20260101-000000-aaaa", import_pictures(home, tmp_path)).create()


RIGHT = {0: "yyyy", 1: "nnyy", 2: "ynyn", 3: "nnnn"}
LOSSES = {0: 0.1, 1: 1.0, 2: 2.0, 3: 4.0}


def keep(run: MeasuredRun, place: int, images: Sequence[int] = (3, 0, 2, 1)) -> None:
    """Leave a validation as the engine's writer would, in another order of images than the dataset's."""
    run.measure(place + 1)
    folder = run.folder.results / f"{place + 1:04d}"
    numbers = _val(run)
    np.save(folder / "image_item.npy", np.array([numbers[n] for n in images]))
    np.save(folder / "image_correct.npy", np.array([RIGHT[n][place] == "y" for n in images]))
    np.save(folder / "image_loss.npy", np.array([LOSSES[n] + place / 10 for n in images]))


def _val(run: MeasuredRun) -> list[int]:
    return [n for n, item in enumerate(run.manifest.items) if item.split == "val"]


def moments_of(run: MeasuredRun, count: int) -> list[Moment]:
    return [Moment(ResultKey(run.run, f"{n:04d}"), n, n * 10) for n in range(1, count + 1)]


def read(run: MeasuredRun, count: int = 4) -> ImageHistory:
    found = read_history(run.home, moments_of(run, count), RULE, None)
    assert found is not None
    return found


def test_that_each_list_has_its_images_in_its_order_with_a_note(run: MeasuredRun) -> None:
    for place in range(4):
        keep(run, place)
    numbers = _val(run)

    history = read(run)

    late, lost, never, hard = (make(history) for make in (learned_late, forgotten, never_right, hardest))
    assert (late.images.tolist(), late.note(numbers[1])) == ([numbers[1]], "right from epoch 3")
    assert (lost.images.tolist(), lost.note(numbers[2])) == (
        [numbers[2]],
        "forgotten 2×, last 4",
    )
    assert (never.images.tolist(), never.note(numbers[3])) == ([numbers[3]], "never right, loss 4.30")
    assert hard.images.tolist() == [numbers[n] for n in (3, 2, 1, 0)]
    assert hard.note(numbers[1]) == "mean loss 1.15"
    assert (history.used, history.left_out) == (4, 0)


def test_that_the_latest_learned_and_the_most_often_forgotten_come_first(run: MeasuredRun) -> None:
    numbers = _val(run)[:3]
    history = blank(len(run.manifest.items))
    history.seen[numbers] = 10
    history.last_wrong[numbers] = [3, 7, 3]
    history.first_right[numbers] = [4, 8, 4]
    history.mean[numbers] = [0.5, 0.1, 0.9]
    assert learned_late(history).images.tolist() == [numbers[1], numbers[2], numbers[0]]

    history.forgotten[numbers] = [1, 3, 1]
    history.last_forgotten[numbers] = [9, 2, 8]
    assert forgotten(history).images.tolist() == [numbers[1], numbers[0], numbers[2]]
    assert forgotten(history).note(numbers[0]) == "forgotten at epoch 10"


def test_that_an_image_that_was_right_in_between_was_not_learned_late(run: MeasuredRun) -> None:
    history = blank(1)
    history.seen[0] = 5
    history.first_right[0], history.last_wrong[0] = 1, 3

    assert learned_late(history).images.tolist() == []
    assert never_right(history).images.tolist() == []


def test_that_images_that_a_validation_lacks_are_followed_where_they_are(run: MeasuredRun) -> None:
    keep(run, 0)
    keep(run, 1, images=(0, 3))
    keep(run, 2, images=(2, 1, 3, 0))
    numbers = _val(run)

    history = read(run, 3)

    assert history.seen[numbers[:4]].tolist() == [3, 2, 2, 3]
    assert forgotten(history).images.tolist() == [], "the image was not measured when it was wrong"
    assert int(history.seen.sum()) == 10


def test_that_validations_without_images_damaged_or_of_another_version_are_left_out(run: MeasuredRun) -> None:
    for place in range(3):
        keep(run, place)
    run.measure(4, per_image=False)
    (run.folder.results / "0001" / "image_loss.npy").write_bytes(b"nothing")
    summary_path = run.folder.results / "0002" / "summary.json"
    other = read_record(summary_path, ResultSummary).model_copy(update={"dataset_version": "f" * 64})
    write_record(summary_path, other)

    history = read(run)

    assert (history.used, history.left_out) == (1, 3)


def test_that_columns_that_do_not_fit_together_are_left_out(run: MeasuredRun) -> None:
    keep(run, 0)
    keep(run, 1)
    np.save(run.folder.results / "0001" / "image_item.npy", np.array([0, 1, 2, 999_999]))
    np.save(run.folder.results / "0002" / "image_correct.npy", np.array([True]))

    history = read(run, 2)

    assert (history.used, history.left_out, int(history.seen.sum())) == (0, 2, 0)


def test_that_what_is_not_wanted_any_more_is_not_read_to_its_end(run: MeasuredRun) -> None:
    keep(run, 0)

    assert read_history(run.home, moments_of(run, 1), RULE, None, lambda: False) is None
    assert read_history(run.home, [], RULE, None) is None


def test_that_a_run_folder_that_is_gone_is_told(run: MeasuredRun) -> None:
    gone = [replace(moment, key=ResultKey("none", "0001")) for moment in moments_of(run, 1)]

    with pytest.raises(UserError):
        read_history(run.home, gone, RULE, None)


def test_that_a_list_is_written_with_file_class_and_figures(run: MeasuredRun) -> None:
    for place in range(4):
        keep(run, place)
    history = read(run)
    manifest = run_manifest(run.home, run.run)

    rows = list(csv.DictReader(io.StringIO(list_csv(hardest(history), history, manifest))))

    third = next(row for row in rows if row["file"] == manifest.items[_val(run)[2]].path)
    label = manifest.items[_val(run)[2]].label
    assert label is not None
    assert third["class"] == manifest.classes[label]
    assert (third["times_forgotten"], third["last_forgotten_epoch"], third["right_now"]) == ("2", "4", "no")
    assert (third["right_from_epoch"], third["last_wrong_epoch"], third["validations"]) == ("1", "4", "4")
    assert float(third["mean loss"]) == pytest.approx(2.15)
    assert rows[0]["file"] == manifest.items[_val(run)[3]].path


def blank(images: int) -> ImageHistory:
    return ImageHistory(
        titles=tuple(f"Epoch {n + 1}" for n in range(LAST + 1)),
        epochs=tuple(range(1, LAST + 2)),
        seen=np.zeros(images, dtype=np.int64),
        first_right=np.full(images, -1),
        last_wrong=np.full(images, -1),
        is_right=np.ones(images, dtype=np.bool_),
        forgotten=np.zeros(images, dtype=np.int64),
        last_forgotten=np.full(images, -1),
        mean=np.zeros(images),
        newest=np.zeros(images),
        difficulty="loss",
        used=LAST,
        left_out=0,
    )


def test_that_the_run_folder_is_where_the_run_is(run: MeasuredRun) -> None:
    assert run_manifest(run.home, run.run).items == run.manifest.items
    assert RunFolder(run.home.runs / run.run).manifest_path.is_file()
