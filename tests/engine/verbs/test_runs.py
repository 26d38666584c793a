"""`lensmith runs`, as it is typed: what is shown, what is refused and in which words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main as lensmith_main
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.runner.run_life import main
from engine.store.database import Store
from tests.fixtures.stand_in_runs import (
    FAST,
    LONG,
    claimed,
    enqueue,
    kill,
    local,
    quiet_home,
    row,
    start_runner,
    wait_for,
    wait_for_state,
    worker_pid,
)

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    """With a paused queue."""
    made = quiet_home(lensmith_home)
    with Store.open(made.store_path) as store:
        store.pause_queue()
    return made


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Type a verb with --json; its document, after a look at the exit code."""

    def type_it(*words: str, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert lensmith_main([*words, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return type_it


@pytest.fixture
def done(home: Home) -> RunFolder:
    """A finished run of two epochs."""
    folder = claimed(home, "20260101-done", {"epochs": 2, "steps": 3, "optimizer.lr": 0.1})
    main(folder.path, local(), FAST)
    return folder


def test_that_the_list_names_every_run_newest_first(done: RunFolder, home: Home, ask: Ask) -> None:
    enqueue(home, "waiting")

    assert [(run["run"], run["state"], run["epoch"]) for run in ask("runs", "list")["runs"]] == [
        ("waiting", "queued", 0),
        ("20260101-done", "completed", 2),
    ]


def test_that_an_empty_list_says_how_to_start(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert lensmith_main(["runs", "list"]) == 0
    assert "Start one with `lensmith train`" in capsys.readouterr().out


def test_that_a_run_is_shown_with_what_other_programs_rely_on(done: RunFolder, ask: Ask) -> None:
    shown = ask("runs", "show", "name of 20260101-done")

    assert (shown["run"], shown["state"], shown["epoch"], shown["failure"]) == (
        done.run,
        "completed",
        2,
        None,
    )
    assert shown["best"] == {"metric": "val/accuracy", "value": pytest.approx(2 / 3), "epoch": 2}
    assert Path(shown["folder"]).name == done.run
    assert shown["config"]["optimizer.lr"] == 0.1


def test_that_a_failure_is_shown_with_cause_and_log(home: Home, ask: Ask) -> None:
    folder = claimed(home, "r", {"fault": "fail", "cause": "oom"})
    main(folder.path, local(), FAST)

    failure = ask("runs", "show", "r")["failure"]
    assert (failure["cause"], failure["message"]) == ("oom", "It failed: oom.")


def test_that_an_unknown_run_is_asked_back(done: RunFolder, ask: Ask) -> None:
    for verb in ("show", "metrics", "events", "log", "checkpoints", "pause", "resume", "retry", "delete"):
        error = ask("runs", verb, "20260101-dome", code=2)["error"]
        assert error == {
            "code": "run_unknown",
            "message": "There is no run '20260101-dome'.",
            "hint": "Did you mean 20260101-done?",
        }


def test_that_metrics_events_log_and_checkpoints_are_shown(done: RunFolder, ask: Ask) -> None:
    metrics = ask("runs", "metrics", done.run, "--name", "val/accuracy")["metrics"]
    assert [(value["epoch"], value["value"]) for value in metrics] == [(1, 0.5), (2, pytest.approx(2 / 3))]
    events = [json.loads(line) for line in ask("runs", "events", done.run)["events"]]
    assert (events[0]["state"], events[-1]["type"]) == ("queued", "run_ended")
    assert "stand-in for attempt 1" in ask("runs", "log", done.run)["log"]
    checkpoints = ask("runs", "checkpoints", done.run)["checkpoints"]
    assert [(saved["name"], saved["epoch"]) for saved in checkpoints] == [("best", 2), ("last", 2)]


def test_that_a_comparison_shows_only_what_differs(done: RunFolder, home: Home, ask: Ask) -> None:
    other = claimed(home, "other", {"epochs": 2, "steps": 3, "optimizer.lr": 0.2})
    main(other.path, local(), FAST)

    compared = ask("runs", "compare", done.run, "other")["runs"]
    best = pytest.approx(2 / 3)
    assert compared == {
        done.run: {"best": best, "optimizer.lr": 0.1},
        "other": {"best": best, "optimizer.lr": 0.2},
    }


@pytest.mark.parametrize("verb", ["pause", "hold", "stop", "cancel", "checkpoint", "validate"])
def test_that_a_finished_run_takes_no_orders(done: RunFolder, ask: Ask, verb: str) -> None:
    error = ask("runs", verb, done.run, code=2)["error"]

    assert error["code"] == "run_not_active"
    assert error["message"] == f"Run {done.run} is completed; no process works on it."


def test_that_a_finished_run_is_extended_and_not_resumed(done: RunFolder, ask: Ask) -> None:
    error = ask("runs", "resume", done.run, "--detach", code=2)["error"]
    assert f"lensmith runs extend {done.run} --epochs N" in error["hint"]

    answer = ask("runs", "extend", done.run, "--epochs", "4", "--schedule", "restart", "--detach")
    assert answer == {"run": done.run, "state": "queued"}
    assert done.attempt(2).spec().overrides["extension.schedule"] == "restart"


def test_that_a_running_run_is_paused_and_resumed_by_commands(home: Home, ask: Ask) -> None:
    folder = claimed(home, "r", LONG)
    runner = start_runner(folder)
    wait_for_state(home, "r", "running")
    assert ask("runs", "delete", "r", code=2)["error"]["code"] == "run_active"
    assert ask("runs", "pause", "r")["command"] == 1
    assert runner.wait(20) == 0

    assert ask("runs", "resume", "r", "--from", "best", "--detach")["state"] == "queued"
    assert folder.attempt(2).spec().from_checkpoint == "checkpoints/best"
    assert ask("runs", "cancel", "r")["command"] == 0
    assert ask("runs", "show", "r")["state"] == "cancelled"


def test_that_every_look_at_the_runs_takes_up_what_was_left_alone(home: Home, ask: Ask) -> None:
    for number, words in enumerate((("runs", "metrics", "r0"), ("queue", "list"))):
        folder = claimed(home, f"r{number}", {"epochs": 1, "steps": 10, "step_s": 0.02})
        runner = start_runner(folder)
        wait_for_state(home, folder.run, "running")
        kill(runner.pid)
        runner.wait()
        ask(*words)
        wait_for(lambda run=folder.run: row(home, run).state == "completed")


def test_that_a_deleted_run_comes_back(done: RunFolder, ask: Ask) -> None:
    assert ask("runs", "delete", done.run) == {"deleted": done.run}
    assert ask("runs", "list")["runs"] == []
    assert ask("runs", "restore", done.run) == {"restored": done.run}
    assert ask("runs", "show", done.run)["state"] == "completed"


def test_that_following_a_resumed_run_waits_for_its_end(home: Home, ask: Ask) -> None:
    folder = claimed(
        home, "r", {"epochs": 2, "steps": 5, "fault": "fail", "cause": "data", "fault_attempts": 1}
    )
    main(folder.path, local(), FAST)
    with Store.open(home.store_path) as store:
        store.resume_queue()

    answer = ask("runs", "retry", "r")
    assert (answer["state"], answer["epoch"]) == ("completed", 2)
    assert worker_pid(folder) > 0
