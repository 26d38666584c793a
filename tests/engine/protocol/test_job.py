"""The states of a run, and the records that travel with it."""

from __future__ import annotations

import math
from typing import get_args

import pytest
from pydantic import ValidationError

from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.job import (
    ACTIVE_STATES,
    END_STATES,
    TRANSITIONS,
    AttemptSpec,
    EndState,
    JobSpec,
    PluginRef,
    RunState,
    can_follow,
)

STATES: tuple[RunState, ...] = get_args(RunState)


def job(**changes: object) -> JobSpec:
    values = {"run": "r1", "created": "2026-01-01T00:00:00+00:00", **changes}
    return JobSpec(plugin=PluginRef(id="p", model="P", source_hash="00"), **values)  # type: ignore[arg-type]  # checked by pydantic


def test_that_every_state_has_its_row_in_the_table() -> None:
    assert set(TRANSITIONS) == set(STATES)


def test_that_every_state_is_waiting_active_or_ended() -> None:
    assert {"queued"} | ACTIVE_STATES | END_STATES == set(STATES)
    assert set() == ACTIVE_STATES & END_STATES
    assert set(get_args(EndState)) == END_STATES


def test_that_a_run_can_only_go_on_from_its_end_by_being_queued_again() -> None:
    for state in ("paused", "stopped", "failed", "completed"):
        assert TRANSITIONS[state] == {"queued"}


def test_that_a_cancelled_run_is_over_for_good() -> None:
    assert TRANSITIONS["cancelled"] == frozenset()


def test_that_every_active_state_can_fail_be_cancelled_or_be_lost() -> None:
    for state in ACTIVE_STATES:
        assert {"failed", "cancelled", "lost"} <= TRANSITIONS[state]


@pytest.mark.parametrize(
    ("current", "wanted", "allowed"),
    [
        ("queued", "preparing", True),
        ("queued", "running", False),
        ("running", "held", True),
        ("held", "running", True),
        ("running", "queued", False),
        ("paused", "running", False),
        ("lost", "running", True),
        ("completed", "running", False),
        ("stopping", "running", False),
    ],
)
def test_that_only_what_the_table_says_can_follow(current: RunState, wanted: RunState, allowed: bool) -> None:
    assert can_follow(current, wanted) is allowed


def test_that_every_state_can_be_reached_from_the_queue() -> None:
    reached: set[RunState] = {"queued"}
    while True:
        further = reached.union(*(TRANSITIONS[state] for state in reached))
        if further == reached:
            break
        reached = further

    assert reached == set(STATES)


def test_that_a_record_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        job().run = "other"  # type: ignore[misc]  # that is what is tried


def test_that_a_key_of_a_later_version_does_not_disturb() -> None:
    text = job().model_dump_json()[:-1] + ',"colour_of_the_bike_shed":"red"}'

    assert JobSpec.model_validate_json(text) == job()


def test_that_job_and_attempt_survive_json() -> None:
    spec = job(config={"epochs": 3, "optimizer.lr": 1e-3, "clip_norm": None}, preset="easy")
    attempt = AttemptSpec(attempt=2, reason="resume", from_checkpoint="checkpoints/last")

    assert JobSpec.model_validate_json(spec.model_dump_json()) == spec
    assert AttemptSpec.model_validate_json(attempt.model_dump_json()) == attempt


def test_that_a_measure_that_is_no_number_survives_json() -> None:
    meta = CheckpointMeta(
        kind="last",
        run="r",
        attempt=1,
        epoch=1,
        step=1,
        plugin="p",
        plugin_hash="",
        config_hash="",
        metrics={"val/loss": math.nan, "val/accuracy": 0.5, "train/loss": math.inf},
    )

    again = CheckpointMeta.model_validate_json(meta.model_dump_json())

    assert math.isnan(again.metrics["val/loss"])
    assert again.metrics["train/loss"] == math.inf
    assert again.metrics["val/accuracy"] == 0.5
