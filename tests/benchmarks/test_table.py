"""The page of measurements: verdicts, ratios and what stays of earlier ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.goals import GOALS, Goal, Row, merged, read_rows, write_rows
from benchmarks.measurements import _ratio, _speed
from benchmarks.sides import in_turn, run_side
from benchmarks.table import page


@pytest.mark.parametrize(
    ("value", "expected"), [(1.8, "reached"), (1.5, "target missed"), (1.39, "FLOOR MISSED")]
)
def test_that_a_ratio_is_judged_by_its_target_and_its_floor(value: float, expected: str) -> None:
    assert Goal("speed", 1.8, 1.4).verdict(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0.9, "reached"), (1.5, "target missed"), (2.1, "FLOOR MISSED")]
)
def test_that_a_cost_is_judged_the_other_way_round(value: float, expected: str) -> None:
    goal = Goal("cost", 1, 2, "%", is_more_better=False)

    assert goal.verdict(value) == expected
    assert goal.bound(2) == "≤ 2 %"


def test_that_the_best_peer_is_what_is_compared_with() -> None:
    told = {
        "torch": [{"cpu": 70.0, "wall": 60.0}, {"cpu": 72.0, "wall": 60.0}, {"cpu": 99.0, "wall": 61.0}],
        "lightning": [{"cpu": 80.0, "wall": 50.0}],
        "ours": [{"cpu": 120.0, "wall": 100.0}, {"cpu": 160.0, "wall": 100.0}],
    }

    (row,) = _ratio("loop_defaults", told, "ours", ["torch", "lightning"])

    assert row.value == pytest.approx(140 / 80)
    assert "lightning" in row.detail
    assert "torch 72" in row.detail
    assert "2.00 ×" in row.detail
    assert _ratio("loop_defaults", {"torch": told["torch"]}, "ours", ["torch"]) == []


def test_that_the_first_epoch_is_not_counted() -> None:
    epochs = [{"wall": 100.0, "cpu": 100.0, "images": 64}, {"wall": 2.0, "cpu": 4.0, "images": 64}]

    assert _speed({"epochs": epochs}) == {"wall": 32.0, "cpu": 16.0}


def test_that_rows_that_are_not_measured_again_stay(tmp_path: Path) -> None:
    old = [Row("metrics", 26.0, date="2026-01-01"), Row("event", 4.0, date="2026-01-01")]
    rows = merged(old, [Row("event", 3.0, date="2026-02-02")])
    write_rows(tmp_path / "rows.json", rows)

    assert [(row.goal, row.value) for row in read_rows(tmp_path / "rows.json")] == [
        ("event", 3.0),
        ("metrics", 26.0),
    ]
    assert read_rows(tmp_path / "none.json") == []


def test_that_the_page_has_a_line_for_each_goal_and_says_what_was_not_measured() -> None:
    text = page([Row("event", 3.46, "one", "2026-01-01", 17.2)], "a processor", "## Notes")

    assert "| 3.46 µs | reached | one | 2026-01-01, 17 |" in text
    assert text.count("not measured") == len(GOALS) - 1
    assert "a processor" in text
    assert text.endswith("## Notes\n")


def test_that_sides_take_turns_and_a_failed_one_is_left_out() -> None:
    asked: list[str] = []

    def side(name: str, value: float | None) -> dict[str, float] | None:
        asked.append(name)
        return None if value is None else {"value": value}

    told = in_turn({"a": lambda: side("a", 1.0), "b": lambda: side("b", None)}, rounds=2)

    assert asked == ["a", "b", "b", "a"]
    assert told == {"a": [{"value": 1.0}, {"value": 1.0}], "b": []}


def test_that_a_program_without_an_answer_gives_none() -> None:
    assert run_side(["true"]) is None
