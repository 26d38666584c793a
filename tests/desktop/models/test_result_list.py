"""The list of results of a run, and which of them a change is told against."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from desktop.models.result import ResultKey, summary_path
from desktop.models.result_checkpoints import checkpoints_of
from desktop.models.result_evaluation import evaluable
from desktop.models.result_list import list_results, result_before, runs_with_results
from engine.errors import UserError
from engine.protocol.home import Home
from tests.desktop.measured_runs import MeasuredRun, evaluation_of, measured_run
from tests.desktop.task_runs import detector_run, segmenter_run


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home)


@pytest.fixture
def run(home: Home, tmp_path: Path) -> MeasuredRun:
    made = measured_run(home, tmp_path)
    for number in (1, 2, 3):  # written one after the other, whatever the clock of the disk
        path = summary_path(home, ResultKey(made.run, f"{number:04}"))
        os.utime(path, ns=(number * 10**9, number * 10**9))
    return made


def test_that_results_are_listed_newest_first_with_evaluations_among_them(
    home: Home, run: MeasuredRun
) -> None:
    evaluation_of(run)

    titles = [entry.title for entry in list_results(home, run.run)]

    assert titles == ["Epoch 3 · test · best", "Epoch 3 · val", "Epoch 2 · val", "Epoch 1 · val"]


def test_that_a_result_whose_folder_is_gone_is_not_offered(home: Home, run: MeasuredRun) -> None:
    shutil.rmtree(run.folder.results / "0003")

    assert [entry.epoch for entry in list_results(home, run.run)] == [2, 1]


def test_that_a_change_is_told_against_the_validation_before(home: Home, run: MeasuredRun) -> None:
    evaluation = evaluation_of(run)
    listed = list_results(home, run.run)

    before = result_before(listed, ResultKey(run.run, "0003"))

    assert before is not None
    assert before.epoch == 2
    assert result_before(listed, ResultKey(run.run, "0001")) is None
    assert result_before(listed, ResultKey(evaluation.run, "0001")) is None, (
        "no earlier result on test images"
    )


def test_that_only_runs_with_results_are_named(home: Home, run: MeasuredRun) -> None:
    bare = MeasuredRun(home, "20260101-000200-cccc", run.manifest).create().tell("failed")

    assert runs_with_results(home) == {run.run}
    assert bare.run not in runs_with_results(home)


def test_that_checkpoints_are_offered_best_first_with_the_splits_that_have_images(
    home: Home, run: MeasuredRun
) -> None:
    run.checkpoint("epoch-0002", "auto", 2)

    offered = evaluable(home, run.run)

    assert [fact.name for fact in offered.checkpoints] == ["best", "last", "epoch-0002"]
    assert offered.splits == (("test", 3), ("val", 12), ("train", 6))


def test_that_images_with_objects_or_masks_can_be_measured_on(home: Home, tmp_path: Path) -> None:
    assert evaluable(home, detector_run(home, tmp_path).run).splits == (("val", 4), ("train", 1))
    assert evaluable(home, segmenter_run(home, tmp_path).run).splits == (("val", 2), ("train", 1))


def test_that_a_run_without_checkpoints_says_what_to_wait_for(home: Home, run: MeasuredRun) -> None:
    bare = MeasuredRun(home, "20260101-000200-cccc", run.manifest).create().tell("running")

    assert checkpoints_of(home, bare.run) == ()
    with pytest.raises(UserError, match="no checkpoint yet"):
        evaluable(home, bare.run)
