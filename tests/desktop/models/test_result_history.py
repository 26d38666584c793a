"""The validations of a run in the order of its training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from desktop.models.result import ResultKey, open_result
from desktop.models.result_history import (
    curve_of,
    moments,
    neighbours,
    place_of,
    row_of_path,
    without_images,
)
from desktop.models.result_list import ListedResult
from engine.protocol.home import Home
from tests.desktop.measured_runs import measured_run


def listed(folder: str, epoch: int, *, step: int | None = None, split: str = "val") -> ListedResult:
    metrics = {f"{split}/accuracy": epoch / 10}
    at = epoch * 10 if step is None else step
    return ListedResult(ResultKey("r", folder), split, epoch, at, None, "pictures", metrics, True)


def test_that_validations_are_in_the_order_of_the_training_and_the_best_one_is_marked() -> None:
    shown = moments([listed("0003", 3), listed("0002", 2), listed("0001", 1)], best_epoch=2)

    assert [(moment.title, moment.is_best) for moment in shown] == [
        ("Epoch 1", False),
        ("Epoch 2", True),
        ("Epoch 3", False),
    ]
    assert place_of(shown, ResultKey("r", "0003")) == 2
    assert place_of(shown, ResultKey("other", "0003")) == -1
    assert place_of(shown, None) == -1


def test_that_of_an_epoch_measured_twice_the_later_measurement_counts() -> None:
    shown = moments([listed("0003", 2), listed("0002", 2), listed("0001", 1)])

    assert [moment.key.folder for moment in shown] == ["0001", "0003"]


def test_that_a_validation_within_the_first_epoch_is_named_by_its_step() -> None:
    assert [moment.title for moment in moments([listed("0001", 0, step=1500)])] == ["Step 1,500"]


def test_that_evaluations_and_results_of_other_images_are_not_among_them() -> None:
    evaluation = replace(listed("0009", 3), is_own=False)
    other = listed("0001", 1, split="train")

    shown = moments([evaluation, listed("0002", 2), other])

    assert [moment.key.folder for moment in shown] == ["0002"]
    assert moments([evaluation]) == []


def test_that_neighbours_come_nearest_first_and_end_with_the_line() -> None:
    shown = moments([listed(f"{n:04d}", n) for n in range(6, 0, -1)])

    assert [key.folder for key in neighbours(shown, 1, 2)] == ["0003", "0001", "0004"]
    assert [key.folder for key in neighbours(shown, 5, 2)] == ["0005", "0004"]


def test_that_the_curve_has_a_gap_where_nothing_was_measured() -> None:
    results = [listed("0002", 2), replace(listed("0001", 1), metrics={})]

    assert curve_of(results, moments(results), "accuracy") == [None, 0.2]
    assert curve_of(results, moments(results), "map") == [None, None]


def test_that_validations_without_results_by_image_are_told(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    run = measured_run(home, tmp_path, epochs=(1, 2))
    bare = run.measure(3, per_image=False)
    shown = moments([listed(folder, int(folder)) for folder in ("0001", "0002", bare)])
    shown = [replace(moment, key=ResultKey(run.run, moment.key.folder)) for moment in shown]

    assert without_images(home, shown) == {ResultKey(run.run, bare)}


def test_that_an_image_is_found_again_in_another_result(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    run = measured_run(home, tmp_path)
    result = open_result(home, ResultKey(run.run, "0001"))

    assert row_of_path(result, result.paths[5], near=5) == 5
    assert row_of_path(result, result.paths[5], near=9) == 5
    assert row_of_path(result, "val/none.png", near=2) == -1
