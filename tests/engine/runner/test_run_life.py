"""One run's life with a real worker process: from the queue to its end, through failures and orders."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from engine.executors.inline import InlineExecutor
from engine.protocol.events import CommandDone, Notice, RunEnded
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.runner.commands import send_command
from engine.runner.run_life import main
from engine.runner.timing import Timing
from engine.store.database import Store
from tests.fixtures import stand_in_worker
from tests.fixtures.stand_in_runs import (
    FAST,
    LONG,
    SENSITIVE,
    claimed,
    counts,
    kill,
    local,
    quiet_home,
    row,
    spoken,
    states,
    wait_for,
    wait_for_log,
    wait_for_state,
    worker_pid,
)

NOTHING_AMISS = {"unknown": 0, "refused": 0, "gaps": 0}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return quiet_home(tmp_path / "a home with 'quotes'")


class Living:
    """A runner in a thread of the test, its worker a process."""

    def __init__(self, folder: RunFolder, timing: Timing = FAST) -> None:
        self.thread = threading.Thread(target=main, args=(folder.path, local(), timing))
        self.thread.start()

    def join(self) -> None:
        self.thread.join(30)
        assert not self.thread.is_alive()


@pytest.fixture
def live() -> Iterator[Callable[..., Living]]:
    """Gives runners in threads; what they started ends with the test."""
    folders: list[RunFolder] = []

    def start(folder: RunFolder, timing: Timing = FAST) -> Living:
        folders.append(folder)
        return Living(folder, timing)

    yield start
    for folder in folders:
        local().kill(folder, folder.latest_attempt().number)


def leases(home: Home) -> dict[str, str]:
    with Store.open(home.store_path) as store:
        return store.leases()


def test_that_a_run_goes_through_its_states_to_completed(home: Home) -> None:
    folder = claimed(home, "r", {"epochs": 3, "steps": 4})
    main(folder.path, local(), FAST)

    told = row(home, "r")
    assert (told.state, told.epoch, told.step, told.best_value) == ("completed", 3, 12, 0.75)
    assert states(folder, 1) == ["queued", "preparing", "starting"]
    with Store.open(home.store_path) as store:
        assert len(store.metrics("r", "train/loss")) == 12
        assert [c.name for c in store.checkpoints("r")] == ["best", "last"]
    assert counts(home, "r") == NOTHING_AMISS
    assert leases(home) == {}
    assert not folder.runner_path.exists()


def test_that_a_run_lives_the_same_with_the_worker_inside_the_runner(home: Home) -> None:
    folder = claimed(home, "r", {"epochs": 2, "steps": 3})
    main(folder.path, InlineExecutor(stand_in_worker.main), FAST)

    assert (row(home, "r").state, row(home, "r").step) == ("completed", 6)
    assert counts(home, "r") == NOTHING_AMISS


def test_that_a_failure_keeps_its_cause(home: Home) -> None:
    folder = claimed(home, "r", {"fault": "fail", "cause": "oom", "fault_at": 2})
    main(folder.path, local(), FAST)

    failure = row(home, "r").failure
    assert failure is not None
    assert (row(home, "r").state, failure.cause) == ("failed", "oom")
    assert len(folder.attempts()) == 1


def test_that_a_worker_that_dies_is_tried_again_from_its_last_checkpoint(home: Home) -> None:
    folder = claimed(
        home, "r", {"epochs": 4, "steps": 5, "fault": "kill", "fault_at": 12, "fault_attempts": 1}
    )
    main(folder.path, local(), FAST)

    assert (row(home, "r").state, row(home, "r").attempt, row(home, "r").step) == ("completed", 2, 20)
    first, second = folder.attempts()
    ended = spoken(folder, 1, "supervision.jsonl")[-1]
    assert isinstance(ended, RunEnded)
    assert ended.failure is not None
    assert (ended.failure.cause, ended.failure.log_tail[-1]) == ("worker_died", "about to kill")
    spec = second.spec()
    assert (spec.reason, spec.automatic, spec.from_checkpoint) == ("retry", True, "checkpoints/last")
    assert spec.interpreter == first.spec().interpreter
    assert counts(home, "r") == NOTHING_AMISS
    with Store.open(home.store_path) as store:
        assert len(store.metrics("r", "train/loss")) == 20


@pytest.mark.parametrize("fault", ["kill", "exit"])
def test_that_a_worker_that_dies_again_and_again_is_tried_three_times_more(home: Home, fault: str) -> None:
    folder = claimed(home, "r", {"fault": fault, "fault_at": 2})
    main(folder.path, local(), FAST)

    told = row(home, "r")
    assert (told.state, told.attempt) == ("failed", 4)
    assert told.failure is not None
    assert told.failure.cause == "worker_died"
    with Store.open(home.store_path) as store:
        messages = [n.message for n in store.notices("r") if n.code == "automatic_retry"]
    assert [message[-7:] for message in messages] == ["1 of 3.", "2 of 3.", "3 of 3."]
    assert leases(home) == {}


def test_that_a_network_failure_is_tried_again_with_growing_pauses(home: Home) -> None:
    folder = claimed(home, "r", {"fault": "fail", "cause": "network", "fault_attempts": 2})
    began = time.monotonic()
    main(folder.path, local(), replace(FAST, retry_backoff_s=(0.3, 0.5, 9.0)))

    assert time.monotonic() - began > 0.8
    assert (row(home, "r").state, row(home, "r").attempt) == ("completed", 3)


def test_that_a_worker_without_room_for_its_last_words_is_not_tried_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.runner.last_words.free_disk_bytes", lambda _path: 1000)
    folder = claimed(home, "r", {"fault": "exit", "fault_at": 2})
    main(folder.path, local(), FAST)

    failure = row(home, "r").failure
    assert failure is not None
    assert (failure.cause, row(home, "r").attempt) == ("disk_full", 1)


def test_that_a_worker_that_cannot_be_started_fails_with_a_sentence(home: Home) -> None:
    folder = claimed(home, "r")
    from engine.executors.local import LocalExecutor

    main(folder.path, LocalExecutor(["/no/such/program"]), FAST)

    failure = row(home, "r").failure
    assert failure is not None
    assert failure.code == "launch_failed"
    assert "No such file" in failure.message


def test_that_pause_ends_the_process_and_keeps_a_checkpoint(home: Home, live: Callable[..., Living]) -> None:
    folder = claimed(home, "r", LONG)
    life = live(folder)
    wait_for_state(home, "r", "running")
    number = send_command(folder, "pause", home)
    life.join()

    assert row(home, "r").state == "paused"
    done = [event for event in spoken(folder, 1) if isinstance(event, CommandDone)]
    assert [(event.number, event.kind, event.ok) for event in done] == [(number, "pause", True)]
    assert leases(home) == {}


def test_that_hold_keeps_the_process_and_resume_goes_on(home: Home, live: Callable[..., Living]) -> None:
    folder = claimed(home, "r", LONG)
    life = live(folder)
    wait_for_state(home, "r", "running")
    send_command(folder, "hold", home)
    wait_for_state(home, "r", "held")
    pid = worker_pid(folder)
    send_command(folder, "resume", home)
    wait_for_state(home, "r", "running")
    assert worker_pid(folder) == pid
    send_command(folder, "stop", home)
    life.join()

    assert (row(home, "r").state, row(home, "r").attempt) == ("stopped", 1)


def test_that_cancel_discards_what_was_made(home: Home, live: Callable[..., Living]) -> None:
    folder = claimed(home, "r", LONG)
    life = live(folder)
    wait_for(lambda: (folder.checkpoints / "last" / "meta.json").exists())
    send_command(folder, "cancel", home)
    life.join()

    assert row(home, "r").state == "cancelled"
    assert not folder.checkpoints.exists()
    with Store.open(home.store_path) as store:
        assert store.checkpoints("r") == []


@pytest.mark.parametrize("stubborn", [False, True])
def test_that_a_cancel_that_is_not_obeyed_becomes_a_signal_and_then_a_kill(
    home: Home, live: Callable[..., Living], stubborn: bool
) -> None:
    folder = claimed(home, "r", {**LONG, "fault": "hang", "fault_at": 3, "ignores_sigterm": stubborn})
    life = live(folder)
    wait_for_log(folder, "about to hang")
    began = time.monotonic()
    send_command(folder, "cancel", home)
    life.join()

    took = time.monotonic() - began
    assert took > FAST.cancel_term_after_s + (FAST.cancel_kill_after_s if stubborn else 0)
    assert row(home, "r").state == "cancelled"
    assert len(folder.attempts()) == 1


def test_that_a_worker_that_was_told_to_stop_and_dies_is_not_tried_again(
    home: Home, live: Callable[..., Living]
) -> None:
    folder = claimed(home, "r", {**LONG, "fault": "hang", "fault_at": 3})
    life = live(folder)
    wait_for_log(folder, "about to hang")
    send_command(folder, "stop", home)
    kill(worker_pid(folder))
    life.join()

    assert (row(home, "r").state, row(home, "r").attempt) == ("failed", 1)


def test_that_a_stop_calls_off_the_next_try(home: Home, live: Callable[..., Living]) -> None:
    folder = claimed(home, "r", {"fault": "kill", "fault_at": 2})
    life = live(folder, replace(FAST, retry_backoff_s=(60.0,)))
    wait_for_state(home, "r", "failed")
    send_command(folder, "stop", home)
    life.join()

    assert (row(home, "r").state, len(folder.attempts())) == ("failed", 1)


def test_that_a_process_that_stays_after_its_last_word_is_ended(home: Home) -> None:
    folder = claimed(home, "r", {"epochs": 1, "fault": "linger"})
    main(folder.path, local(), FAST)

    assert row(home, "r").state == "completed"
    assert leases(home) == {}


def test_that_a_frozen_worker_is_lost_and_comes_back(home: Home, live: Callable[..., Living]) -> None:
    folder = claimed(home, "r", LONG)
    life = live(folder, SENSITIVE)
    wait_for_state(home, "r", "running")
    psutil.Process(worker_pid(folder)).suspend()
    wait_for_state(home, "r", "lost")
    assert leases(home) == {"r": "cpu"}
    psutil.Process(worker_pid(folder)).resume()
    wait_for_state(home, "r", "running")
    send_command(folder, "stop", home)
    life.join()

    assert row(home, "r").state == "stopped"
    assert states(folder, 1)[:3] == ["queued", "preparing", "starting"]
    assert states(folder, 1)[-2:] == ["lost", "running"]
    assert counts(home, "r") == NOTHING_AMISS


def test_that_a_frozen_worker_can_be_cancelled(home: Home, live: Callable[..., Living]) -> None:
    folder = claimed(home, "r", LONG)
    life = live(folder, SENSITIVE)
    wait_for_state(home, "r", "running")
    psutil.Process(worker_pid(folder)).suspend()
    wait_for_state(home, "r", "lost")
    send_command(folder, "cancel", home)
    life.join()

    assert row(home, "r").state == "cancelled"


def test_that_a_store_that_does_not_know_the_run_learns_of_it(home: Home) -> None:
    folder = claimed(home, "r", {"epochs": 1})
    with Store.open(home.store_path) as store:
        store.forget_run("r")

    main(folder.path, local(), FAST)

    assert row(home, "r").state == "completed"
    assert counts(home, "r") == NOTHING_AMISS


def test_that_a_notice_of_the_runner_is_kept_with_its_attempt(home: Home) -> None:
    folder = claimed(home, "r", {"fault": "exit", "fault_at": 1, "fault_attempts": 1})
    main(folder.path, local(), FAST)

    told = [event for event in spoken(folder, 2, "supervision.jsonl") if isinstance(event, Notice)]
    assert [notice.code for notice in told] == ["automatic_retry"]
