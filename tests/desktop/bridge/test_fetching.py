"""Bringing checkpoints home by a child of the engine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.bridge.fetching import ALL, Fetching
from desktop.bridge.settings import Settings
from engine.errors import UserError
from engine.protocol.home import Home

WAIT_MS = 30_000
_PROGRAM = """#!{python}
import json, pathlib, sys, time
folder = pathlib.Path({folder!r})
with (folder / "heard.jsonl").open("a") as heard:
    heard.write(json.dumps(sys.argv[sys.argv.index("runs"):]) + "\\n")
sys.stderr.write('{{"progress": {{"done": 25, "total": 100, "phase": "bytes"}}}}\\n')
sys.stderr.flush()
while not (folder / "go").exists():
    time.sleep(0.01)
sys.stdout.write((folder / "answer.json").read_text())
sys.exit(2 if "error" in (folder / "answer.json").read_text() else 0)
"""


class StandIn:
    """The engine's Python: it waits for `answer`."""

    def __init__(self, home: Home, folder: Path) -> None:
        self._folder = folder
        program = folder / "python"
        program.write_text(_PROGRAM.format(python=sys.executable, folder=str(folder)), encoding="utf-8")
        program.chmod(0o700)
        Settings(home).set("engine.interpreter", str(program))

    def answer(self, document: dict[str, object]) -> None:
        (self._folder / "answer.json").write_text(json.dumps(document), encoding="utf-8")
        (self._folder / "go").touch()

    def heard(self) -> list[list[str]]:
        path = self._folder / "heard.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]


@pytest.fixture
def engine(lensmith_home: Path, tmp_path: Path) -> StandIn:
    return StandIn(Home(lensmith_home).ensure(), tmp_path)


@pytest.fixture
def fetching(qtbot: QtBot, lensmith_home: Path, engine: StandIn) -> Iterator[Fetching]:
    assert engine.heard() == []
    made = Fetching(Home(lensmith_home))
    yield made
    made.close()


def test_that_one_checkpoint_is_fetched_once_and_says_how_far_it_is(
    fetching: Fetching, engine: StandIn, qtbot: QtBot
) -> None:
    assert fetching.share("a", "best") is None
    fetching.fetch("a", "best")
    fetching.fetch("a", "best")
    qtbot.waitUntil(lambda: fetching.share("a", "best") == 0.25, timeout=WAIT_MS)
    with qtbot.waitSignal(fetching.brought, timeout=WAIT_MS) as brought:
        engine.answer({"run": "a", "checkpoints": ["best"]})
    assert brought.args == ["a", "best"]
    assert fetching.share("a", "best") is None
    assert engine.heard() == [["runs", "fetch", "a", "--checkpoint", "best", "--json"]]


def test_that_all_means_each(fetching: Fetching, engine: StandIn, qtbot: QtBot) -> None:
    fetching.fetch("a")
    qtbot.waitUntil(lambda: fetching.share("a", "any") == 0.25, timeout=WAIT_MS)
    assert fetching.share("b", "any") is None
    with qtbot.waitSignal(fetching.brought, timeout=WAIT_MS) as brought:
        engine.answer({"run": "a", "checkpoints": []})
    assert brought.args == ["a", ALL]
    assert engine.heard() == [["runs", "fetch", "a", "--json"]]


def test_that_a_machine_out_of_reach_is_said_and_it_can_be_asked_again(
    fetching: Fetching, engine: StandIn, qtbot: QtBot
) -> None:
    fetching.fetch("a", "best")
    with qtbot.waitSignal(fetching.failed, timeout=WAIT_MS) as failed:
        engine.answer({"error": {"code": "host_unreachable", "message": "It is away.", "hint": "Wait."}})
    assert failed.args is not None
    error = failed.args[0]
    assert isinstance(error, UserError)
    assert error.code == "host_unreachable"
    assert fetching.share("a", "best") is None
    fetching.fetch("a", "best")
    assert fetching.share("a", "best") == 0.0
