"""`lensmith compare` on stored results: numbers, sentences, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.protocol.home import Home
from tests.conftest import CommandLine
from tests.desktop.measured_runs import MeasuredRun, evaluation_of, measured_run
from tests.desktop.task_runs import detector_run, segmenter_run

QUICK = ("--resamples", "200")


@pytest.fixture
def run(lensmith_home: Path, tmp_path: Path) -> MeasuredRun:
    return measured_run(Home(lensmith_home), tmp_path)


def second_run(first: MeasuredRun, *, per_image: bool = True) -> MeasuredRun:
    """Another training on the same dataset, whose first two epochs make no mistake."""
    made = MeasuredRun(first.home, "20260102-000000-cccc", first.manifest).create()
    for epoch in (1, 2):
        made.measure(epoch, per_image=per_image)
    made.checkpoint("best", "best", 2)
    return made.tell()


def test_that_checkpoints_of_a_run_are_compared_on_the_same_images(
    lensmith: CommandLine, run: MeasuredRun
) -> None:
    told = lensmith("compare", f"{run.run}:1", f"{run.run}:best", *QUICK)

    assert (told["common_images"], told["resamples"], told["class_measure"]) == (12, 200, "f1")
    assert [each["epoch"] for each in told["results"]] == [1, 3]
    accuracy = next(line for line in told["metrics"] if line["name"] == "accuracy")
    assert accuracy["values"] == pytest.approx([9 / 12, 11 / 12])
    assert accuracy["differences"][1]["value"] == pytest.approx(2 / 12)
    low, high = accuracy["differences"][1]["interval"]
    assert 0 <= low < 2 / 12 < high
    assert accuracy["differences"][1]["finding"] == "not distinguishable"
    assert told["flips"][0]["broken"] == []
    assert told["flips"][0]["fixed"] == ["val/circle/circle-2.png", "val/circle/circle-1.png"]
    assert (told["settings"], told["datasets"]) == ({}, {})


def test_that_the_text_tells_noise_and_names_the_runs(lensmith: CommandLine, run: MeasuredRun) -> None:
    text = lensmith.run("compare", run.run, second_run(run).run, *QUICK).stdout

    assert "All were measured on the same 12 images." in text
    assert "B  20260102-000000-cccc (after epoch 2, 12 images of pictures val)" in text
    assert "distinguishable" in text


def test_that_settings_that_differ_are_told(lensmith: CommandLine, run: MeasuredRun) -> None:
    other = second_run(run)
    job = other.folder.job()
    other.folder.job_path.write_text(
        job.model_copy(update={"config": {**job.config, "epochs": 2, "optimizer.lr": 0.1}}).model_dump_json()
    )
    told = lensmith("compare", run.run, other.run, *QUICK)

    assert told["settings"] == {"epochs": [9, 2], "optimizer.lr": [None, 0.1]}


def test_that_an_evaluation_of_a_checkpoint_is_found_by_split(
    lensmith: CommandLine, run: MeasuredRun
) -> None:
    evaluation = evaluation_of(run)
    told = lensmith("compare", run.run, evaluation.run, "--split", "test", *QUICK)

    assert [each["run"] for each in told["results"]] == [evaluation.run, evaluation.run]
    assert told["common_images"] == 3


def test_that_another_version_of_the_dataset_is_told(lensmith: CommandLine, run: MeasuredRun) -> None:
    items = list(run.manifest.items)
    changed = items[0].model_copy(update={"label": 2})
    other = MeasuredRun(run.home, "20260102-000000-cccc", run.manifest.with_items([changed, *items[1:]]))
    other.create().measure(1)
    other.tell()
    told = lensmith("compare", run.run, other.run, *QUICK)

    (sentences,) = told["datasets"].values()
    assert "1 image relabelled" in sentences


def test_that_runs_of_different_tasks_are_refused(
    lensmith: CommandLine, run: MeasuredRun, tmp_path: Path
) -> None:
    detector = detector_run(run.home, tmp_path)
    refused = lensmith("compare", run.run, detector.run, code=2)["error"]

    assert refused["code"] == "comparison_tasks"
    assert "they answer different questions" in refused["message"]


def test_that_other_tasks_are_compared_too(
    lensmith: CommandLine, lensmith_home: Path, tmp_path: Path
) -> None:
    home = Home(lensmith_home)
    for made, measure in ((detector_run(home, tmp_path), "map50"), (segmenter_run(home, tmp_path), "iou")):
        told = lensmith("compare", f"{made.run}:1", f"{made.run}:2", *QUICK)
        assert told["class_measure"] == measure
        assert {line["differences"][1]["finding"] for line in told["metrics"]} <= {"the same", "not tested"}


def test_that_a_run_without_results_by_image_is_refused(lensmith: CommandLine, run: MeasuredRun) -> None:
    bare = second_run(run, per_image=False)
    refused = lensmith("compare", run.run, bare.run, code=2)["error"]

    assert refused["code"] == "comparison_no_rows"
    assert bare.run in refused["message"]


def test_that_a_run_that_was_deleted_meanwhile_is_told(lensmith: CommandLine, run: MeasuredRun) -> None:
    other = second_run(run)
    shutil.rmtree(other.folder.path)
    refused = lensmith("compare", run.run, other.run, code=2)["error"]
    assert (refused["code"], refused["hint"].split(".")[0]) == ("result_unknown", "It has no result at all")

    assert lensmith("compare", run.run, "nobody", code=2)["error"]["code"] == "run_unknown"


def test_that_a_wish_that_nothing_fits_says_what_there_is(lensmith: CommandLine, run: MeasuredRun) -> None:
    number = lensmith("compare", run.run, f"{run.run}:77", code=2)["error"]
    assert number["message"] == f"Run {run.run} has no result 77."
    assert lensmith("compare", run.run, f"{run.run}:²", code=2)["error"]["code"] == "result_unknown"
    named = lensmith("compare", run.run, f"{run.run}:epoch-0009", code=2)["error"]
    assert "no result of the checkpoint epoch-0009 on its val images" in named["message"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["x"], "comparison_few"),
        (["x"] * 7, "comparison_few"),
        (["x", "y", "--resamples", "5"], "comparison_resamples"),
    ],
)
def test_that_numbers_that_make_no_sense_are_refused(
    lensmith: CommandLine, lensmith_home: Path, given: list[str], code: str
) -> None:
    Home(lensmith_home).ensure()
    assert lensmith("compare", *given, code=2)["error"]["code"] == code
