"""The arithmetic of a profile's table, against numbers that were worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from engine.jobs.profile_table import MOST_OPERATORS, Setup, Timed, operators_of, rows_of
from engine.protocol.profile import Part, ProfileRow

ON_CPU = Setup(on_gpu=False, precision="fp32")
ON_GPU = Setup(on_gpu=True, precision="fp32")
PARTS: dict[Part, float] = {"copy": 0.5, "forward": 3.0, "backward": 4.0, "optimizer": 0.5}


def by_name(rows: list[ProfileRow]) -> dict[str, tuple[Any, Any]]:
    return {row.name: (pytest.approx(row.seconds), pytest.approx(row.share)) for row in rows}


def remedies(rows: list[ProfileRow]) -> dict[str, str]:
    return {row.name: row.remedy for row in rows if row.remedy}


def test_that_on_a_processor_the_parts_lie_one_after_another_and_the_rest_is_other() -> None:
    rows = rows_of(Timed(seconds=10, waited_s=1.5, parts_s=PARTS, validation_s=2.5), ON_CPU)

    assert by_name(rows) == {
        "data": (1.5, 0.12),
        "copy": (0.5, 0.04),
        "forward": (3.0, 0.24),
        "backward": (4.0, 0.32),
        "optimizer": (0.5, 0.04),
        "other": (0.5, 0.04),
        "validation": (2.5, 0.2),
    }
    assert sum(row.share for row in rows) == pytest.approx(1)
    assert set(remedies(rows)) == {"data", "validation"}


def test_that_on_a_gpu_waiting_for_images_counts_only_while_it_stands_idle() -> None:
    # The loop waited 6 s for images, but the GPU was at work for 8 of 10 s.
    rows = rows_of(Timed(seconds=10, waited_s=6, parts_s=PARTS), ON_GPU)
    assert by_name(rows)["data"] == (2.0, 0.2)
    assert by_name(rows)["waiting"] == (0.0, 0.0)
    assert "other" not in by_name(rows)

    rows = rows_of(Timed(seconds=10, waited_s=0.25, parts_s=PARTS), ON_GPU)
    assert by_name(rows)["data"] == (0.25, 0.025)
    assert by_name(rows)["waiting"] == (1.75, 0.175)
    assert "larger batch_size" in remedies(rows)["waiting"]


def test_that_a_loop_of_its_own_has_waiting_for_images_and_all_the_rest() -> None:
    setup = Setup(on_gpu=True, own_loop=True)
    rows = rows_of(Timed(seconds=4, waited_s=1, parts_s={}), setup)

    assert by_name(rows) == {"data": (1.0, 0.25), "other": (3.0, 0.75)}
    assert "own loop" in remedies(rows)["other"]


def test_that_the_remedy_of_computing_depends_on_where_and_how() -> None:
    timed = Timed(seconds=10, waited_s=0, parts_s={"forward": 4.5, "backward": 5.5})

    assert "use a GPU" in remedies(rows_of(timed, ON_CPU))["forward"]
    assert "precision" in remedies(rows_of(timed, ON_GPU))["backward"]
    assert "compile" in remedies(rows_of(timed, Setup(on_gpu=True, precision="bf16")))["forward"]
    assert "cache" in remedies(rows_of(Timed(10, 5, {"forward": 5}), Setup(on_gpu=False, caches=False))).get(
        "data", ""
    )


def test_that_clocks_that_disagree_a_little_give_no_negative_part() -> None:
    rows = rows_of(Timed(seconds=7.9, waited_s=0.1, parts_s=PARTS), ON_CPU)
    assert all(row.seconds >= 0 for row in rows)
    assert sum(row.share for row in rows) == pytest.approx(1)


def test_that_operators_come_by_their_own_time_and_their_shares_are_of_all() -> None:
    times = {"add": (10, 1.0), "conv": (2, 6.0), "relu": (4, 3.0), "view": (9, 0.0)}

    found = operators_of(times)

    assert [(one.name, one.calls, one.seconds) for one in found] == [
        ("conv", 2, 6.0),
        ("relu", 4, 3.0),
        ("add", 10, 1.0),
    ]
    assert [one.share for one in found] == [pytest.approx(0.6), pytest.approx(0.3), pytest.approx(0.1)]
    assert len(operators_of({str(number): (1, number) for number in range(1, 40)})) == MOST_OPERATORS
    assert operators_of({}) == []
