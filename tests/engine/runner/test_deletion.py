"""Runs into the trash and back, with nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.job import RunState
from engine.runner.deletion import delete_run, restore_run
from engine.runner.run_life import main
from engine.store.database import Store
from engine.store.rebuild import rebuild
from tests.fixtures.stand_in_runs import FAST, claimed, enqueue, local, quiet_home, row


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = quiet_home(tmp_path / "home")
    with Store.open(made.store_path) as store:
        store.pause_queue()
    return made


def listed(home: Home) -> list[str]:
    with Store.open(home.store_path) as store:
        return [run.run for run in store.runs()]


def test_that_a_deleted_run_can_be_brought_back_whole(home: Home) -> None:
    folder = claimed(home, "20260101-abcd", {"epochs": 1})
    main(folder.path, local(), FAST)
    files = sorted(str(path.relative_to(folder.path)) for path in folder.path.rglob("*"))
    before = row(home, folder.run)

    delete_run(folder.run, home)
    assert (listed(home), folder.path.exists()) == ([], False)
    with pytest.raises(UserError, match="There is no run"):
        row(home, folder.run)

    assert restore_run("20260101-a", home) == folder.run
    assert sorted(str(path.relative_to(folder.path)) for path in folder.path.rglob("*")) == files
    assert row(home, folder.run) == before


@pytest.mark.parametrize("state", ["preparing", "starting", "running", "held", "stopping"])
def test_that_a_run_at_work_is_not_deleted(home: Home, state: RunState) -> None:
    folder = claimed(home, "r")
    with Store.open(home.store_path) as store, store.transaction() as connection:
        store.release("r")
        connection.execute("UPDATE runs SET state = ?", (state,))

    with pytest.raises(UserError, match=f"Run r is {state}") as caught:
        delete_run("r", home)
    assert "lensmith runs stop r" in caught.value.hint
    assert folder.path.exists()


def test_that_a_run_that_is_just_being_started_is_not_deleted(home: Home) -> None:
    folder = claimed(home, "r")

    with pytest.raises(UserError, match="Run r is queued and a process works on it"):
        delete_run("r", home)
    assert folder.path.exists()


def test_that_a_waiting_run_leaves_the_queue_and_waits_again_when_it_is_back(home: Home) -> None:
    enqueue(home, "r")
    delete_run("r", home)
    with Store.open(home.store_path) as store:
        assert store.queue() == []

    restore_run("r", home)
    with Store.open(home.store_path) as store:
        assert [waiting.run for waiting in store.queue()] == ["r"]


def test_that_a_run_can_be_deleted_again_after_it_was_back(home: Home) -> None:
    folder = enqueue(home, "r")
    for _ in range(2):
        delete_run("r", home)
        restore_run("r", home)

    assert (listed(home), folder.job_path.exists()) == (["r"], True)


@pytest.mark.parametrize("named", ["nothing", "", "../runs", "."])
def test_that_what_is_not_in_the_trash_is_not_restored(home: Home, named: str) -> None:
    enqueue(home, "r")
    enqueue(home, "other")
    delete_run("r", home)

    with pytest.raises(UserError, match="The trash holds no run") as caught:
        restore_run(named, home)
    assert caught.value.hint == "It holds: r."


def test_that_a_name_that_fits_several_deleted_runs_is_asked_back(home: Home) -> None:
    for run in ("run-a", "run-b"):
        enqueue(home, run)
        delete_run(run, home)

    with pytest.raises(UserError, match="may mean several runs: run-a, run-b"):
        restore_run("run", home)


def test_that_the_trash_survives_a_rebuild_of_the_store(home: Home) -> None:
    folder = claimed(home, "r", {"epochs": 1})
    main(folder.path, local(), FAST)
    delete_run("r", home)
    rebuild(home)
    assert listed(home) == []

    restore_run("r", home)
    assert (listed(home), row(home, "r").state) == (["r"], "completed")


def test_that_a_run_the_store_forgot_is_restored_too(home: Home) -> None:
    folder = claimed(home, "r", {"epochs": 1})
    main(folder.path, local(), FAST)
    delete_run("r", home)
    with Store.open(home.store_path) as store:
        store.forget_run("r")

    restore_run("r", home)
    assert row(home, "r").best_value == 0.5
