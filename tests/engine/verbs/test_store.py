"""`lensmith store`, as it is typed; and a store that other verbs meet in a bad state."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main as lensmith_main
from engine.protocol.home import Home
from engine.store.database import Store
from engine.store.migrations import MIGRATIONS
from tests.fixtures.stand_in_runs import enqueue, quiet_home, row

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    made = quiet_home(lensmith_home)
    with Store.open(made.store_path) as store:
        store.pause_queue()
    enqueue(made, "r")
    return made


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    def type_it(*words: str, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert lensmith_main([*words, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return type_it


def test_that_the_store_is_rebuilt_and_counted(home: Home, ask: Ask) -> None:
    home.store_path.unlink()

    assert ask("store", "rebuild") == {"rebuilt": {"runs": 1, "events": 1, "damaged": 0}}
    assert row(home, "r").state == "queued"


def test_that_a_backup_is_a_whole_store(home: Home, ask: Ask, tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "copy ä.db"
    assert ask("store", "backup", str(target)) == {"backup": str(target)}

    with Store.open(target) as copy:
        assert [run.run for run in copy.runs()] == ["r"]


def test_that_a_backup_that_cannot_be_written_is_told(home: Home, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    error = ask("store", "backup", str(tmp_path / "file" / "copy.db"), code=2)["error"]
    assert error["code"] == "backup_failed"


@pytest.mark.parametrize(
    "words", [("runs", "list"), ("queue", "list"), ("runs", "show", "r"), ("store", "rebuild")]
)
def test_that_a_newer_store_is_refused_by_every_verb(home: Home, ask: Ask, words: tuple[str, ...]) -> None:
    with sqlite3.connect(home.store_path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")

    error = ask(*words, code=2)["error"]
    assert error["code"] == "store_newer"
    assert "Nothing was changed" in error["hint"]


def test_that_a_damaged_store_names_the_verb_that_mends_it(home: Home, ask: Ask) -> None:
    home.store_path.write_bytes(b"no database " * 1000)
    for suffix in ("-wal", "-shm"):
        home.store_path.with_name(f"store.db{suffix}").unlink(missing_ok=True)

    error = ask("runs", "list", code=2)["error"]
    assert (error["code"], "lensmith store rebuild" in error["hint"]) == ("store_damaged", True)
    ask("store", "rebuild")
    assert [run["run"] for run in ask("runs", "list")["runs"]] == ["r"]
