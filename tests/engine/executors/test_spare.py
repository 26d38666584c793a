"""A spare engine process: who may have it, and when it is left alone."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.executors import spare
from engine.executors.spare import (
    Order,
    Ready,
    SparePlace,
    environment_hash,
    hand_over,
    keep_ready,
    sources_hash,
)
from engine.protocol.home import Home
from engine.protocol.operating_system import Launch, process_identity, try_lock
from engine.protocol.run_folder import read_record, write_record
from engine.runner.queue import forget_spare

ENVIRONMENT = {"PATH": "/bin", "LENSMITH_HOME": "/home", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def launch(home: Home) -> Launch:
    run = home.runs / "r"
    run.mkdir(parents=True, exist_ok=True)
    return Launch([sys.executable, "-m", "engine", "work", str(run)], run, ENVIRONMENT, run / "log.txt")


def waiting(home: Home, **changes: str) -> Ready:
    """Let this very process be the spare."""
    place = SparePlace(home)
    place.folder.mkdir(parents=True, exist_ok=True)
    facts = {"interpreter": sys.executable, "sources": sources_hash(), **changes}
    ready = Ready.model_validate(
        {
            "pid": os.getpid(),
            "start_time": process_identity(os.getpid()),
            "environment": environment_hash({"PATH": "/bin"}),
            **facts,
        }
    )
    write_record(place.ready_path, ready)
    return ready


def accept(place: SparePlace, taken: list[Order]) -> None:
    path = place.order_path(os.getpid())
    while not path.exists():
        time.sleep(0.01)
    taken.append(read_record(path, Order))
    path.unlink()


def test_that_a_spare_takes_a_run_with_the_variables_that_are_the_runs_own(tmp_path: Path) -> None:
    home = Home(tmp_path)
    waiting(home)
    taken: list[Order] = []
    accepting = threading.Thread(target=accept, args=(SparePlace(home), taken))
    accepting.start()

    pid = hand_over(home, launch(home))

    accepting.join()
    assert pid == os.getpid()
    assert taken[0].run == str(home.runs / "r")
    assert taken[0].environment == {"LENSMITH_HOME": "/home", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    assert hand_over(home, launch(home)) is None  # it is taken only once


def test_that_without_a_spare_nothing_is_handed_over(tmp_path: Path) -> None:
    assert hand_over(Home(tmp_path), launch(Home(tmp_path))) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"interpreter": "/another/python"},
        {"sources": "of an earlier version"},
        {"environment": environment_hash({"PATH": "/elsewhere"})},
        {"start_time": "of a process that is gone"},
    ],
)
def test_that_a_spare_that_does_not_suit_is_not_used(tmp_path: Path, changes: dict[str, str]) -> None:
    home = Home(tmp_path)
    waiting(home, **changes)

    assert hand_over(home, launch(home)) is None
    assert not SparePlace(home).order_path(os.getpid()).exists()


def test_that_an_order_that_nobody_takes_is_withdrawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    ready = waiting(home)
    ended: list[int] = []
    monkeypatch.setattr(spare, "SPARE_ORDER_S", 0.1)
    monkeypatch.setattr(spare, "kill_group", ended.append)

    assert hand_over(home, launch(home)) is None
    assert not SparePlace(home).order_path(ready.pid).exists()
    assert ended == [ready.pid]  # it would come back to life beside the process that is started now


def test_that_a_disk_that_takes_no_order_leaves_the_run_to_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    waiting(home)

    def refuse(_path: Path, _record: object) -> None:
        raise UserError("disk_full", "The disk is full.")

    monkeypatch.setattr(spare, "write_record", refuse)

    assert hand_over(home, launch(home)) is None


def test_that_a_spare_from_before_packages_were_installed_is_known_by_its_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sources_hash.__wrapped__()
    monkeypatch.setattr(spare.sysconfig, "get_path", lambda _name: str(tmp_path))
    os.utime(tmp_path, (1, 1))
    changed = sources_hash.__wrapped__()
    os.utime(tmp_path, (2, 2))

    assert len({before, changed, sources_hash.__wrapped__()}) == 3
    assert sources_hash.__wrapped__() == sources_hash.__wrapped__()


def test_that_one_spare_is_started_and_none_beside_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    started: list[Launch] = []

    assert keep_ready(home, started.append)
    lock = try_lock(SparePlace(home).lock_path)
    assert lock is not None
    assert not keep_ready(home, started.append)
    lock.release()

    assert len(started) == 1
    assert started[0].argv[-1] == "spare"
    # CUDA reads it once, and the spare's first backward pass asks for the GPUs: too early for the run's own.
    assert started[0].env["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert SparePlace(home).is_wanted()


def test_that_one_that_ended_before_it_was_ready_is_not_started_again_and_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    started: list[Launch] = []

    assert keep_ready(home, started.append)
    assert not keep_ready(home, started.append)  # its interpreter has no torch: it would end in the same way
    long_ago = time.time() - 3600
    os.utime(SparePlace(home).started_path, (long_ago, long_ago))

    assert keep_ready(home, started.append)


def forbid(home: Home, _monkeypatch: pytest.MonkeyPatch) -> None:
    home.settings_path.write_text(json.dumps({"engine": {"spare": False}}), encoding="utf-8")


def use_one(home: Home, _monkeypatch: pytest.MonkeyPatch) -> None:
    place = SparePlace(home)
    place.folder.mkdir()
    place.used_path.touch()


def fill_memory(_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare, "LEAST_FREE_BYTES", 1 << 60)


@pytest.mark.parametrize("hinder", [forbid, use_one, fill_memory])
def test_that_none_is_started_when_it_is_unwanted_or_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hinder: Callable[[Home, pytest.MonkeyPatch], None]
) -> None:
    hinder(Home(tmp_path), monkeypatch)

    assert not keep_ready(Home(tmp_path), lambda _launch: pytest.fail("one was started"))


def test_that_a_wish_is_forgotten_after_a_while(tmp_path: Path) -> None:
    home = Home(tmp_path)
    keep_ready(home, lambda _launch: None)
    place = SparePlace(home)
    long_ago = time.time() - 3600
    os.utime(place.wanted_path, (long_ago, long_ago))

    assert not place.is_wanted()
    keep_ready(home, lambda _launch: None)
    assert place.is_wanted()
    forget_spare(home)
    forget_spare(home)
    assert not place.is_wanted()
