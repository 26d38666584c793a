"""kill -9 of runner, worker and client, each alone and together: what another process finds and settles."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engine.protocol.home import Home
from engine.protocol.interpreter import child_environment
from engine.protocol.operating_system import process_identity
from engine.protocol.run_folder import RunFolder
from engine.runner.queue import has_runner, tick
from engine.store.database import Store
from tests.fixtures.stand_in_runs import (
    LONG,
    claimed,
    counts,
    end_all,
    enqueue,
    kill,
    quiet_home,
    row,
    runner_pid,
    spoken,
    start_runner,
    wait_for,
    wait_for_state,
    worker_pid,
)

TICK = """
import sys
from pathlib import Path
from engine.protocol.home import Home
from engine.runner.queue import tick
print(len(tick(Home(Path(sys.argv[1])))))
"""
NOTHING_AMISS = {"unknown": 0, "refused": 0, "gaps": 0}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = quiet_home(tmp_path / "home")
    yield made
    end_all(made)


def kill_runner(folder: RunFolder) -> None:
    pid = runner_pid(folder)
    kill(pid)
    wait_for(lambda: process_identity(pid) is None)


def stored_steps(home: Home, run: str) -> int:
    with Store.open(home.store_path) as store:
        return len(store.metrics(run, "train/loss"))


def settled(home: Home, folder: RunFolder) -> bool:
    return not has_runner(folder) and row(home, folder.run).state in (
        "completed",
        "failed",
        "stopped",
        "cancelled",
    )


def test_that_the_worker_goes_on_without_its_runner_and_the_next_tick_adopts_it(home: Home) -> None:
    folder = claimed(home, "r", {"epochs": 6, "steps": 20, "step_s": 0.02})
    runner = start_runner(folder)
    wait_for(lambda: row(home, "r").step >= 20)
    kill_runner(folder)
    runner.wait()
    pid, before = worker_pid(folder), stored_steps(home, "r")

    assert tick(home) == ["r"]
    wait_for(lambda: settled(home, folder), timeout_s=30)

    assert worker_pid(folder) == pid
    assert (row(home, "r").state, row(home, "r").step, len(folder.attempts())) == ("completed", 120, 1)
    assert before < stored_steps(home, "r") == 120
    assert counts(home, "r") == NOTHING_AMISS


def test_that_a_worker_that_ended_while_no_runner_lived_is_settled(home: Home) -> None:
    folder = claimed(home, "r", {"epochs": 3, "steps": 10, "step_s": 0.02})
    runner = start_runner(folder)
    wait_for_state(home, "r", "running")
    kill_runner(folder)
    runner.wait()
    wait_for(lambda: folder.attempt(1).exit_record() is not None)
    assert row(home, "r").state == "running"

    tick(home)
    wait_for(lambda: settled(home, folder))

    assert (row(home, "r").state, stored_steps(home, "r")) == ("completed", 30)
    assert counts(home, "r") == NOTHING_AMISS
    with Store.open(home.store_path) as store:
        assert store.leases() == {}


def test_that_runner_and_worker_killed_together_are_told_and_the_run_goes_on(home: Home) -> None:
    folder = claimed(home, "r", {"epochs": 4, "steps": 10, "step_s": 0.02})
    runner = start_runner(folder)
    wait_for(lambda: (folder.checkpoints / "last" / "meta.json").exists())
    kill(worker_pid(folder))
    kill_runner(folder)
    runner.wait()

    second = start_runner(folder)
    assert second.wait(30) == 0

    assert (row(home, "r").state, row(home, "r").attempt, row(home, "r").step) == ("completed", 2, 40)
    assert stored_steps(home, "r") == 40
    assert counts(home, "r") == NOTHING_AMISS
    ended = [e for e in spoken(folder, 1, "supervision.jsonl") if getattr(e, "state", "") == "failed"]
    assert len(ended) == 1


def test_that_a_runner_killed_before_the_next_try_is_made_up_for(home: Home) -> None:
    folder = claimed(home, "r", {"epochs": 2, "fault": "kill", "fault_at": 3, "fault_attempts": 1})
    runner = start_runner(folder, retry_backoff_s=[60.0])
    wait_for_state(home, "r", "failed")
    kill_runner(folder)
    runner.wait()

    assert tick(home) == ["r"]
    wait_for(lambda: row(home, "r").state == "completed", timeout_s=30)

    assert row(home, "r").attempt == 2


def test_that_the_run_does_not_notice_the_end_of_its_client(home: Home) -> None:
    folder = enqueue(home, "r", {"epochs": 3, "steps": 10, "step_s": 0.02})
    client = subprocess.Popen(
        [sys.executable, "-P", "-m", "engine", "runs", "list"],
        env={**child_environment(), "LENSMITH_HOME": str(home.path)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(lambda: folder.attempt(1).process() is not None)
    client.kill()
    client.wait()
    wait_for(lambda: settled(home, folder))

    assert (row(home, "r").state, row(home, "r").step) == ("completed", 30)


def test_that_ticks_at_the_same_instant_start_one_worker(home: Home) -> None:
    folder = enqueue(home, "r", {"epochs": 2, "steps": 20, "step_s": 0.02})
    command = [sys.executable, "-c", TICK, str(home.path)]
    ticks = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in ticks:
        process.communicate(timeout=60)
        assert process.returncode == 0
    wait_for(lambda: settled(home, folder), timeout_s=30)

    assert row(home, "r").state == "completed"
    log = folder.attempt(1).log_path.read_text(encoding="utf-8")
    assert log.count("stand-in for attempt") == 1
    assert counts(home, "r") == NOTHING_AMISS


def test_that_a_second_runner_leaves_the_run_to_the_first(home: Home) -> None:
    folder = claimed(home, "r", LONG)
    first = start_runner(folder)
    wait_for_state(home, "r", "running")
    second = start_runner(folder)

    assert second.wait(20) == 0
    assert first.poll() is None
    assert runner_pid(folder) == first.pid


def test_that_a_runner_does_not_start_a_run_that_waits_for_its_turn(home: Home) -> None:
    folder = enqueue(home, "r")
    with Store.open(home.store_path) as store:
        store.pause_queue()

    assert start_runner(folder).wait(20) == 0
    assert row(home, "r").state == "queued"
    assert folder.attempt(1).process() is None


def test_that_a_lost_run_keeps_its_device_and_is_adopted(home: Home) -> None:
    folder = claimed(home, "r", LONG)
    runner = start_runner(folder, lost_after_s=0.8)
    wait_for_state(home, "r", "running")
    psutil.Process(worker_pid(folder)).suspend()
    wait_for_state(home, "r", "lost")
    kill_runner(folder)
    runner.wait()

    assert tick(home) == ["r"]
    psutil.Process(worker_pid(folder)).resume()
    wait_for(lambda: has_runner(folder))
    kill(worker_pid(folder))
    wait_for(lambda: row(home, "r").attempt == 2, timeout_s=30)


def test_that_a_run_whose_folder_is_gone_ends_and_gives_its_device_back(home: Home, tmp_path: Path) -> None:
    folder = claimed(home, "r")
    folder.path.rename(tmp_path / "carried away")

    assert tick(home) == []

    told = row(home, "r")
    assert told.failure is not None
    assert (told.state, told.failure.code) == ("failed", "run_folder_damaged")
    with Store.open(home.store_path) as store:
        assert store.leases() == {}


def test_that_one_damaged_run_does_not_keep_the_others_waiting(home: Home) -> None:
    damaged = enqueue(home, "damaged")
    damaged.attempt(1).spec_path.write_text("{half", encoding="utf-8")
    folder = enqueue(home, "whole", {"epochs": 1})

    assert tick(home) == ["whole"]
    wait_for(lambda: settled(home, folder))

    assert (row(home, "damaged").state, row(home, "whole").state) == ("failed", "completed")


def test_that_the_lease_of_a_run_that_has_ended_long_ago_is_given_back(home: Home) -> None:
    folder = claimed(home, "r", {"epochs": 1})
    assert start_runner(folder).wait(20) == 0
    with Store.open(home.store_path) as store:
        store.lease("r", "cpu")

    tick(home)

    def is_free() -> bool:
        with Store.open(home.store_path) as store:
            return store.leases() == {}

    wait_for(is_free)
    assert (row(home, "r").state, row(home, "r").attempt) == ("completed", 1)
