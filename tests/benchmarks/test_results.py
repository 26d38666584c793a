"""The benchmark of results goes through the product's own writer and views, and prints what it promises."""

from __future__ import annotations

import json

import pytest

from benchmarks import results
from benchmarks.__main__ import main
from benchmarks.results import AIMS, worst
from benchmarks.results_made import CLASSES, make


def test_that_the_worst_of_the_tasks_is_told() -> None:
    names = list(AIMS)
    told = worst(
        [dict(zip(names, (9.0, 1.0, 4.0, 3.0), strict=True)), dict(zip(names, (8, 2, 3, 0), strict=True))]
    )
    assert told == {"ingest_rows_per_s": 8, "open_ms": 2, "filter_ms": 4, "threshold_ms": 3}


@pytest.mark.parametrize("task", list(CLASSES))
def test_that_what_is_made_is_the_same_each_time_and_not_all_right(task: str) -> None:
    first, second = make(task, 12).judge(), make(task, 12).judge()
    assert first.metrics == second.metrics
    assert first.images == 12
    assert all(0 <= value <= 1 for name, value in first.metrics.items() if name != "loss")
    assert any(0.05 < value < 0.99 for name, value in first.metrics.items() if name != "loss")


def test_that_it_prints_one_object_of_four_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results", "--images", "30", "--repeats", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["ingest_rows_per_s", "open_ms", "filter_ms", "threshold_ms"]
    assert all(value > 0 for value in told.values())


def test_that_without_json_each_task_has_a_line_a_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert results.main(["--images", "30", "--repeats", "1", "--task", "segmentation"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines[1:]] == [
        f"segmentation: {what}" for what in ("writing a row", "open", "filter", "threshold")
    ]
