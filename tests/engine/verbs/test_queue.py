"""`lensmith queue`, as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main as lensmith_main
from engine.protocol.home import Home
from engine.store.database import Store
from tests.fixtures.stand_in_runs import enqueue, quiet_home, wait_for_state

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    """With a paused queue of three."""
    made = quiet_home(lensmith_home)
    with Store.open(made.store_path) as store:
        store.pause_queue()
    for run in ("one", "two", "three"):
        enqueue(made, run, {"epochs": 1})
    return made


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    def type_it(*words: str, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert lensmith_main([*words, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return type_it


def test_that_the_queue_is_listed_and_reordered(home: Home, ask: Ask) -> None:
    assert ask("queue", "list") == {
        "queue": [
            {"run": "one", "position": 1, "attempt": 1},
            {"run": "two", "position": 2, "attempt": 1},
            {"run": "three", "position": 3, "attempt": 1},
        ],
        "paused": True,
    }

    moved = ask("queue", "move", "name of three", "--to", "1")["queue"]
    assert [waiting["run"] for waiting in moved] == ["three", "one", "two"]
    moved = ask("queue", "move", "three", "--to", "99")["queue"]
    assert [waiting["run"] for waiting in moved] == ["one", "two", "three"]


def test_that_a_place_that_is_none_and_a_run_that_does_not_wait_are_refused(home: Home, ask: Ask) -> None:
    assert ask("queue", "move", "one", "--to", "0", code=2)["error"]["code"] == "place_invalid"
    ask("runs", "cancel", "one")
    error = ask("queue", "move", "one", "--to", "1", code=2)["error"]
    assert error["message"] == "Run one is cancelled and does not wait in the queue."


def test_that_the_queue_goes_on_when_it_is_resumed(home: Home, ask: Ask) -> None:
    ask("runs", "cancel", "three")
    assert ask("queue", "resume")["paused"] is False
    for run in ("one", "two"):
        wait_for_state(home, run, "completed", timeout_s=40)
    assert ask("queue", "pause") == {"queue": [], "paused": True}


def test_that_an_empty_queue_says_so(home: Home, ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    for run in ("one", "two", "three"):
        ask("runs", "cancel", run)
    lensmith_main(["queue", "list"])

    assert capsys.readouterr().out.strip() == "Nothing waits. The queue is paused."
