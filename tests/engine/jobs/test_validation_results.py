"""What a training keeps of its validations, and what can be seen of one while it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.evaluation.partial import Judging, Pace, PartialResults, partial_folders
from engine.evaluation.result_folder import ResultFacts
from engine.jobs import validation
from engine.protocol.events import Notice
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import RunFolder, read_record
from engine.training.patience import Direction
from tests.engine.jobs.run_maker import make_run, write_pictures


def summaries(folder: RunFolder) -> list[ResultSummary]:
    names = sorted(entry.name for entry in folder.results.iterdir())
    return [read_record(folder.results / name / "summary.json", ResultSummary) for name in names]


def test_that_old_results_are_dropped_as_the_settings_say_and_it_is_said_once(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data")
    run = make_run(tmp_path, data, {"epochs": 4, "validation.keep": "newest_and_best"})
    assert run.work().failure is None

    found = summaries(run.folder)
    assert [summary.epoch for summary in found] == [1, 2, 3, 4]
    kept = [summary for summary in found if summary.dropped == ""]
    best = max(summary.metrics["val/accuracy"] for summary in found)
    assert found[-1] in kept
    assert best in [summary.metrics["val/accuracy"] for summary in kept]
    assert len(kept) <= 2
    assert all("reliability_images" in summary.arrays for summary in found)
    told = [event for event in run.events() if isinstance(event, Notice) and event.code == "results_dropped"]
    assert len(told) == 1
    assert "newest and the best" in told[0].message


def test_that_no_room_at_all_leaves_the_numbers_of_every_validation(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data")
    run = make_run(tmp_path, data, {"epochs": 2, "validation.keep": "numbers"})
    assert run.work().failure is None
    assert [(summary.images, summary.columns) for summary in summaries(run.folder)] == [(6, ()), (6, ())]
    assert all((run.folder.results / name / "confusion.npy").is_file() for name in ("0001", "0002"))


@pytest.mark.parametrize(("direction", "better"), [("max", 0.9), ("min", 0.1)])
def test_that_what_is_no_number_is_never_the_better_one(direction: Direction, better: float) -> None:
    def told(metrics: dict[str, float]) -> ResultSummary:
        return ResultSummary(task="points", split="val", epoch=1, step=1, metrics=metrics)

    one, other, none = (told({"val/loss": value}) for value in (better, 0.5, float("nan")))
    without = told({})

    def is_better(first: ResultSummary, second: ResultSummary) -> bool:
        return validation.is_better(first, second, "val/loss", direction)

    assert is_better(one, other)
    assert not is_better(other, one)
    assert not is_better(other, other)
    assert is_better(other, none)
    assert not is_better(none, other)
    assert is_better(other, without)
    assert not is_better(none, without)


def test_that_a_validation_can_be_looked_into_while_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int, tuple[str, ...]]] = []

    class Watched(PartialResults):
        def __init__(self, results: Path, facts: ResultFacts, expected: int, _pace: Pace) -> None:
            super().__init__(results, facts, expected, Pace(1.0, least_pause_s=0.0))

        def look(self, collector: Judging) -> None:
            super().look(collector)
            for name in partial_folders(self._results)[-1:]:
                summary = read_record(self._results / name / "summary.json", ResultSummary)
                seen.append((summary.images, summary.expected, summary.columns))

    monkeypatch.setattr(validation, "PartialResults", Watched)
    data = write_pictures(tmp_path / "data")
    run = make_run(tmp_path, data, {"epochs": 1, "batch_size": 2})
    assert run.work().failure is None
    assert seen[0][0] == 2
    assert [images for images, _, _ in seen] == sorted(images for images, _, _ in seen)
    assert {expected for _, expected, _ in seen} == {6}
    assert all("scores" in columns for _, _, columns in seen)
    assert [entry.name for entry in run.folder.results.iterdir()] == ["0001"]
