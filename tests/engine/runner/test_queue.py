"""The queue with real runners and workers: one device, several runs, no daemon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.interpreter import child_environment
from engine.protocol.operating_system import Launch, spawn_detached
from engine.protocol.run_folder import RunFolder
from engine.runner.attempts import resume_run
from engine.runner.commands import send_command
from engine.runner.queue import has_runner, spawn_runner, start_processes_with, tick
from engine.store.database import Store
from tests.fixtures.stand_in_runs import (
    LONG,
    end_all,
    enqueue,
    quiet_home,
    row,
    spoken,
    states,
    wait_for,
    wait_for_state,
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = quiet_home(tmp_path / "home")
    yield made
    end_all(made)


@pytest.fixture(autouse=True)
def one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine has."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def moments(folder: RunFolder) -> tuple[float, float]:
    """When the worker's first and last word were said."""
    events = spoken(folder, 1)
    return events[0].time, events[-1].time


def test_that_runs_follow_each_other_in_order_and_a_failure_stops_nobody(home: Home) -> None:
    first = enqueue(home, "first", {"epochs": 1, "steps": 5})
    broken = enqueue(home, "broken", {"fault": "fail", "cause": "plugin"})
    last = enqueue(home, "last", {"epochs": 1, "steps": 5})
    with Store.open(home.store_path) as store:
        store.move("last", 2)

    assert tick(home) == ["first"]
    wait_for_state(home, "broken", "failed", timeout_s=40)

    assert (row(home, "first").state, row(home, "last").state) == ("completed", "completed")
    assert moments(first)[1] <= moments(last)[0]
    assert moments(last)[1] <= moments(broken)[0]
    assert states(first, 1) == ["queued", "preparing", "starting"]
    wait_for(lambda: not has_runner(broken))


def test_that_a_paused_queue_starts_nothing_when_a_run_ends(home: Home) -> None:
    first = enqueue(home, "first", {"epochs": 1})
    enqueue(home, "second", {"epochs": 1})
    tick(home)
    with Store.open(home.store_path) as store:
        store.pause_queue()
    wait_for(lambda: row(home, "first").state == "completed" and not has_runner(first))
    assert (tick(home), row(home, "second").state) == ([], "queued")

    with Store.open(home.store_path) as store:
        store.resume_queue()
    assert tick(home) == ["second"]
    wait_for_state(home, "second", "completed")


def test_that_an_evaluation_does_not_wait_for_a_training(home: Home) -> None:
    training = enqueue(home, "training", LONG)
    enqueue(home, "evaluation", {"epochs": 1}, kind="evaluate")

    assert tick(home) == ["training", "evaluation"]
    wait_for_state(home, "evaluation", "completed")
    wait_for_state(home, "training", "running")
    send_command(training, "cancel", home)
    wait_for_state(home, "training", "cancelled")


def test_that_a_resumed_run_waits_behind_the_one_that_runs(home: Home) -> None:
    paused = enqueue(home, "paused", LONG)
    running = enqueue(home, "running", LONG)
    tick(home)
    wait_for_state(home, "paused", "running")
    send_command(paused, "pause", home)
    wait_for_state(home, "running", "running")

    resume_run("paused", home)
    assert row(home, "paused").state == "queued"
    send_command(running, "stop", home)
    wait_for_state(home, "paused", "running")

    assert row(home, "paused").attempt == 2
    assert paused.attempt(2).spec().from_checkpoint == "checkpoints/last"
    send_command(paused, "cancel", home)
    wait_for_state(home, "paused", "cancelled")


@pytest.mark.parametrize("order", ["stop", "cancel"])
def test_that_a_waiting_run_is_taken_out_at_once(home: Home, order: str) -> None:
    folder = enqueue(home, "r")
    assert send_command(folder, "stop" if order == "stop" else "cancel", home) == 0

    assert row(home, "r").state == "cancelled"
    assert tick(home) == []
    assert states(folder, 1) == ["queued", "cancelled"]


def test_that_a_waiting_run_cannot_be_paused(home: Home) -> None:
    folder = enqueue(home, "r")

    with pytest.raises(UserError, match="waits in the queue, so there is nothing to validate now"):
        send_command(folder, "validate_now", home)
    assert row(home, "r").state == "queued"


def test_that_a_runner_reaches_the_holders_of_keys_and_its_worker_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/the-agent")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    started: list[Launch] = []
    home = quiet_home(tmp_path)
    folder = enqueue(home, "a-run")
    start_processes_with(started.append)
    try:
        spawn_runner(folder)
    finally:
        start_processes_with(spawn_detached)

    assert started[0].env["SSH_AUTH_SOCK"] == "/run/the-agent"
    assert "AWS_SECRET_ACCESS_KEY" not in started[0].env
    assert "SSH_AUTH_SOCK" not in child_environment()
