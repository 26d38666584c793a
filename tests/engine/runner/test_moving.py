"""Runs that go on elsewhere, desktops that share a host, and hosts that never come back: over a real SSH server."""

from __future__ import annotations

from pathlib import Path

import psutil

from engine.protocol.checkpoint import read_meta
from engine.protocol.hosts import GpuFacts, HostBook, HostFacts
from engine.runner.commands import send_command
from engine.runner.move import move_run
from engine.runner.queue import tick
from engine.store.database import Store
from tests.fixtures.desktop_with_host import STEADY, Desktop, notices, steps, stored_steps
from tests.fixtures.ssh_host import SshHost
from tests.fixtures.stand_in_runs import (
    LONG,
    enqueue,
    kill,
    row,
    wait_for,
)


def test_that_a_run_whose_host_stays_away_goes_on_here_from_what_has_come_home(shaky: Desktop) -> None:
    folder = shaky.run("orphan", {**STEADY, "epochs": 60}, lost_after_s=4.0)
    wait_for(lambda: (folder.checkpoints / "last" / "meta.json").is_file(), timeout_s=40, what="one here")
    worker = shaky.worker(folder)
    shaky.host.stop()
    shaky.wait(folder, "lost")
    came_home = read_meta(folder.checkpoints / "last").step

    move_run("orphan", shaky.home, "local")
    wait_for(lambda: len(folder.attempts()) == 2 and steps(folder, 2), timeout_s=40, what="it to go on here")
    assert steps(folder, 2)[0] == came_home + 1

    shaky.host.start()
    move_run("orphan", shaky.home, "ssh:box")
    wait_for(
        lambda: len(folder.attempts()) == 3 and steps(folder, 3), timeout_s=60, what="it to be there again"
    )
    assert steps(folder, 3)[0] == steps(folder, 2)[-1] + 1
    assert not psutil.pid_exists(worker) or psutil.Process(worker).status() == psutil.STATUS_ZOMBIE


def test_that_a_run_whose_host_stays_away_can_be_cancelled(shaky: Desktop) -> None:
    folder = shaky.run("unwanted", LONG, lost_after_s=3.0)
    shaky.wait_for_steps(folder, 3)
    worker = shaky.worker(folder)
    shaky.host.stop()
    shaky.wait(folder, "lost")

    send_command(folder, "cancel", shaky.home)

    shaky.wait(folder, "cancelled")
    assert "given_up" in notices(folder)
    kill(worker)


def test_that_a_run_moves_there_and_back_in_one_unbroken_line(desktop: Desktop) -> None:
    folder = enqueue(desktop.home, "traveller", {"epochs": 40, "steps": 10, "step_s": 0.02})
    tick(desktop.home)
    desktop.started.append(folder)
    desktop.wait(folder, "running")

    move_run("traveller", desktop.home, "ssh:box")
    wait_for(lambda: len(folder.attempts()) == 2 and len(steps(folder, 2)) > 5, timeout_s=60, what="it there")
    move_run("traveller", desktop.home, "local")
    wait_for(lambda: len(folder.attempts()) == 3, timeout_s=60, what="it back")
    desktop.wait(folder, "completed", timeout_s=90)

    places = [attempt.spec().placement.executor for attempt in folder.attempts()]
    assert places == ["local", "ssh:box", "local"]
    assert [attempt.spec().reason for attempt in folder.attempts()] == ["start", "move", "move"]
    told = [steps(folder, number) for number in (1, 2, 3)]
    assert told[1][0] == told[0][-1] + 1
    assert told[2][0] == told[1][-1] + 1
    assert stored_steps(desktop.home, "traveller") == list(range(1, 401))
    wait_for(lambda: not desktop.there(folder).path.exists(), what="the host to be tidied")


def test_that_a_waiting_run_moves_where_it_waits(desktop: Desktop) -> None:
    folder = enqueue(desktop.home, "patient", {"epochs": 1, "steps": 2})
    with Store.open(desktop.home.store_path) as store:
        store.pause_queue()

    move_run("patient", desktop.home, "ssh:box")
    with Store.open(desktop.home.store_path) as store:
        assert [waiting.resource for waiting in store.queue()] == ["ssh:box"]
        store.resume_queue()
    tick(desktop.home)
    desktop.started.append(folder)

    desktop.wait(folder, "completed")
    assert folder.attempt(1).spec().placement.executor == "ssh:box"
    assert folder.attempt(1).spec().placement.resource == "cpu"


def test_that_two_desktops_share_the_gpu_of_a_host_one_run_at_a_time(
    tmp_path: Path, ssh_host: SshHost
) -> None:
    first, second = (Desktop(tmp_path / name, ssh_host) for name in ("first", "second"))
    holder = first.placed("holder", LONG, resource="cuda:0")
    waiter = second.placed("waiter", {"epochs": 1, "steps": 2}, resource="cuda:0")
    first.start(holder)
    first.wait(holder, "running")

    second.start(waiter)
    wait_for(lambda: "device_busy" in notices(waiter), timeout_s=40)
    assert row(second.home, "waiter").state == "preparing"
    send_command(holder, "stop", first.home)

    second.wait(waiter, "completed")
    first.wait(holder, "stopped")


def test_that_the_queue_gives_out_the_gpus_that_were_seen_there(desktop: Desktop) -> None:
    gpus = tuple(GpuFacts(index=index, name="test") for index in range(2))
    HostBook(desktop.home).keep_facts("box", HostFacts(gpus=gpus))
    for name in ("a", "b", "c"):
        enqueue(desktop.home, name)
        with Store.open(desktop.home.store_path) as store:
            store.enqueue(name, 1, "ssh:box")

    with Store.open(desktop.home.store_path) as store:
        resources = ["cpu", "ssh:box/cuda:0", "ssh:box/cuda:1"]
        got = [store.claim(resources), store.claim(resources), store.claim(resources)]

    assert [claimed.resource if claimed else None for claimed in got] == [
        "ssh:box/cuda:0",
        "ssh:box/cuda:1",
        None,
    ]
