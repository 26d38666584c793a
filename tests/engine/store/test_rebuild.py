"""The rebuilt store equals the one that grew: row by row, after failures and resumed attempts."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UserError
from engine.protocol.events import StateChanged
from engine.protocol.home import Home
from engine.protocol.interpreter import child_environment
from engine.protocol.run_folder import RunFolder
from engine.runner.attempts import extend_run, resume_run
from engine.runner.run_life import main
from engine.runner.supervision import add_supervision
from engine.store.database import Store
from engine.store.migrations import MIGRATIONS
from engine.store.rebuild import rebuild
from tests.fixtures.stand_in_runs import FAST, claimed, enqueue, local, quiet_home, row

TABLES = ("runs", "cursors", "metrics", "checkpoints", "results", "exports", "phases", "notices", "queue")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = quiet_home(tmp_path / "home")
    with Store.open(made.store_path) as store:
        store.pause_queue()
    return made


def content(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with sqlite3.connect(path) as connection:
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in TABLES
        }


def go_on(home: Home, folder: RunFolder) -> None:
    """What the queue does, with a worker of ours."""
    with Store.open(home.store_path) as store:
        store.dequeue(folder.run)
        store.lease(folder.run, "cpu")
    main(folder.path, local(), FAST)


def lived_through_much(home: Home) -> RunFolder:
    """A run that died, was tried again, failed, was resumed, completed, and was extended."""
    config: dict[str, object] = {"epochs": 3, "steps": 4, "fault": "kill", "fault_at": 6, "fault_attempts": 1}
    folder = claimed(home, "r", config)
    main(folder.path, local(), FAST)
    extend_run("r", home, epochs=4)
    go_on(home, folder)
    return folder


def test_that_a_rebuilt_store_equals_the_original_row_by_row(home: Home) -> None:
    lived_through_much(home)
    failed = claimed(home, "failed", {"fault": "fail", "cause": "oom"})
    main(failed.path, local(), FAST)
    resume_run("failed", home)
    enqueue(home, "waiting")
    before = content(home.store_path)

    assert rebuild(home)["damaged"] == 0

    after = content(home.store_path)
    for table in TABLES:
        assert after[table] == before[table], table
    assert row(home, "r").attempt == 3


def test_that_rebuilding_twice_changes_nothing(home: Home) -> None:
    lived_through_much(home)
    first = rebuild(home), content(home.store_path)

    assert (rebuild(home), content(home.store_path)) == first


def test_that_who_has_the_store_open_sees_what_was_rebuilt(home: Home) -> None:
    lived_through_much(home)
    with Store.open(home.store_path) as watching:
        watching.forget_run("r")
        assert watching.runs() == []
        rebuild(home)
        assert [run.run for run in watching.runs()] == ["r"]


def test_that_the_old_content_is_kept_beside_the_new(home: Home) -> None:
    enqueue(home, "r")
    with Store.open(home.store_path) as store, store.transaction() as connection:
        connection.execute("UPDATE runs SET notes = 'mine'")
    rebuild(home)

    with sqlite3.connect(home.store_path.with_name("store.db.before-rebuild")) as kept:
        assert kept.execute("SELECT notes FROM runs").fetchall() == [("mine",)]


def test_that_a_damaged_store_is_moved_away_and_made_anew(home: Home) -> None:
    lived_through_much(home)
    home.store_path.write_bytes(b"no database " * 1000)
    for suffix in ("-wal", "-shm"):
        home.store_path.with_name(f"store.db{suffix}").unlink(missing_ok=True)
    with pytest.raises(UserError, match="damaged"):
        Store.open(home.store_path)

    assert rebuild(home)["runs"] == 1
    assert row(home, "r").state == "completed"
    assert home.store_path.with_name("store.db.before-rebuild").read_bytes()[:12] == b"no database "


def test_that_a_store_that_is_gone_is_made_anew(home: Home) -> None:
    lived_through_much(home)
    home.store_path.unlink()
    rebuild(home)

    assert row(home, "r").step == 16


def test_that_a_newer_store_is_not_replaced(home: Home) -> None:
    enqueue(home, "r")
    with sqlite3.connect(home.store_path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")

    with pytest.raises(UserError, match="newer Lensmith"):
        rebuild(home)
    with sqlite3.connect(home.store_path) as connection:
        assert connection.execute("SELECT run FROM runs").fetchall() == [("r",)]


def test_that_a_run_at_work_is_not_disturbed(home: Home) -> None:
    folder = enqueue(home, "r")
    hold = (
        "import os, sys; from pathlib import Path\n"
        "from engine.protocol.job import ProcessRecord\n"
        "from engine.protocol.operating_system import process_identity\n"
        "from engine.protocol.run_folder import write_record\n"
        "record = ProcessRecord(pid=os.getpid(), start_time=process_identity(os.getpid()), host='here')\n"
        "write_record(Path(sys.argv[1]), record); print('ready', flush=True); input()"
    )
    runner = subprocess.Popen(
        [sys.executable, "-c", hold, str(folder.runner_path)],
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert runner.stdout is not None
    assert runner.stdout.readline() == "ready\n"

    with pytest.raises(UserError, match="Run r is at work") as caught:
        rebuild(home)
    assert caught.value.code == "store_in_use"
    runner.communicate("\n")
    assert rebuild(home)["runs"] == 1


def test_that_a_damaged_folder_is_counted_and_leaves_nothing(home: Home) -> None:
    enqueue(home, "whole")
    enqueue(home, "no job").job_path.write_text("{half", encoding="utf-8")
    enqueue(home, "no attempt").attempt(1).spec_path.unlink()
    (home.runs / ".draft-x").mkdir()
    (home.runs / "a file.txt").write_text("not a run", encoding="utf-8")

    assert rebuild(home) == {"runs": 1, "events": 1, "damaged": 2}
    with Store.open(home.store_path) as store:
        assert [run.run for run in store.runs()] == ["whole"]


def test_that_a_run_at_work_without_a_runner_gets_its_device_back(home: Home) -> None:
    for folder in (enqueue(home, "training"), enqueue(home, "evaluation", kind="evaluate")):
        add_supervision(folder.attempt(1), StateChanged(state="preparing"), StateChanged(state="starting"))
    rebuild(home)

    with sqlite3.connect(home.store_path) as connection:
        leases = connection.execute("SELECT run, resource, exclusive FROM leases ORDER BY run").fetchall()
    assert leases == [("evaluation", "cpu", 0), ("training", "cpu", 1)]
