"""What each task calls right, against cases worked by hand and against the verdicts of its own view."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from desktop.models.result import Result, ResultKey, open_result
from desktop.models.result_history_lists import Judged
from desktop.tasks.task import CORRECT, Selection, task_view
from engine.protocol.home import Home
from tests.desktop.measured_runs import MeasuredRun, measured_run
from tests.desktop.task_runs import detector_run, segmenter_run


def judged(run: MeasuredRun, bound: float | None = None) -> tuple[Result, Judged]:
    result = open_result(run.home, ResultKey(run.run, "0001"))
    rule = task_view(result.summary.task).history
    stored = {name: result.column(name) for name in ("item", *rule.columns)}
    stored |= {name: result.arrays[name] for name in rule.arrays}
    return result, rule.judge(stored, bound)


def test_that_a_class_is_right_or_wrong_and_the_loss_says_how_hard_it_was(tmp_path: Path) -> None:
    result, told = judged(measured_run(Home(tmp_path / "home"), tmp_path))

    assert told.right.tolist() == [False] * 3 + [True] * 9
    assert told.difficulty == pytest.approx(result.column("loss"))


def test_that_a_loss_that_is_no_number_is_the_hardest(tmp_path: Path) -> None:
    rule = task_view("classification").history

    told = rule.judge({"correct": np.array([True, False]), "loss": np.array([0.5, np.nan])}, None)

    assert told.difficulty.tolist() == [0.5, np.inf]


@pytest.mark.parametrize(
    ("confidence", "right", "f1"),
    [
        # One found; one missed with a wrong class and one missed; one found with a wrong box; nothing there.
        (0.3, [True, False, False, True], [1.0, 0.0, 0.0, 1.0]),
        (0.5, [True, False, False, True], [1.0, 0.0, 0.0, 1.0]),
        (0.95, [False, False, False, True], [0.0, 0.0, 0.0, 1.0]),
    ],
)
def test_that_objects_are_right_where_all_are_found_and_nothing_else(
    tmp_path: Path, confidence: float, right: list[bool], f1: list[float]
) -> None:
    result, told = judged(detector_run(Home(tmp_path / "home"), tmp_path), confidence)
    view = task_view(result.summary.task)
    shown = view.at(result, confidence)

    assert told.right[0] == right[0]
    assert told.right[1] == right[1]
    assert told.right[3] == right[3]
    assert told.difficulty[[0, 1, 3]].tolist() == [1 - f1[0], 1 - f1[1], 1 - f1[3]]
    assert told.right.tolist() == view.chosen(shown, Selection(CORRECT)).tolist()
    assert 1 - told.difficulty == pytest.approx(shown.column("f1").astype(np.float64))


@pytest.mark.parametrize(("bound", "right"), [(0.5, [True, False]), (0.1, [True, True])])
def test_that_pixels_are_right_where_their_overlap_reaches_the_bound(
    tmp_path: Path, bound: float, right: list[bool]
) -> None:
    result, told = judged(segmenter_run(Home(tmp_path / "home"), tmp_path), bound)
    view = task_view(result.summary.task)

    assert told.right.tolist() == right
    assert told.right.tolist() == view.chosen(view.at(result, bound), Selection(CORRECT)).tolist()
    assert told.difficulty == pytest.approx(1 - result.column("iou").astype(np.float64))
