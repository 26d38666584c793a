"""Runs on another machine: a real SSH server, real runners, the stand-in worker; and everything that can break."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.protocol.events import CheckpointSaved
from engine.protocol.job import ExitRecord, ProcessRecord
from engine.protocol.run_folder import read_record
from engine.runner.commands import send_command
from engine.runner.fetching import fetch_checkpoints
from tests.fixtures.desktop_with_host import STEADY, Desktop, contacts, notices, steps, stored_steps
from tests.fixtures.ssh_host import SshHost
from tests.fixtures.stand_in_runs import (
    LONG,
    kill,
    row,
    runner_pid,
    spoken,
    states,
    wait_for,
)


def test_that_a_run_goes_there_and_all_of_it_comes_home(desktop: Desktop) -> None:
    folder = desktop.run("there", STEADY)

    desktop.wait(folder, "completed")
    wait_for(lambda: not desktop.there(folder).path.exists(), what="the host to be tidied")

    assert states(folder, 1) == ["queued", "preparing", "starting"]
    assert steps(folder) == list(range(1, 41))
    assert stored_steps(desktop.home, "there") == list(range(1, 41))
    assert (folder.checkpoints / "last" / "meta.json").is_file()
    assert read_record(folder.attempt(1).exit_path, ExitRecord).state == "completed"
    assert folder.attempt(1).spec().placement.executor == "ssh:box"


def test_that_checkpoints_come_home_while_the_run_goes_on(desktop: Desktop) -> None:
    folder = desktop.run("early", LONG)
    wait_for(
        lambda: any(isinstance(event, CheckpointSaved) for event in spoken(folder, 1)),
        timeout_s=40,
        what="one",
    )

    wait_for(lambda: (folder.checkpoints / "last" / "meta.json").is_file(), what="the checkpoint to be here")

    assert row(desktop.home, "early").state == "running"


def test_that_checkpoints_are_left_there_on_demand_until_they_are_fetched(
    tmp_path: Path, ssh_host: SshHost
) -> None:
    desktop = Desktop(tmp_path / "desktop", ssh_host, bring_home="on_demand")
    folder = desktop.run("lean", {"epochs": 1, "steps": 5})
    desktop.wait(folder, "completed")
    wait_for(lambda: not folder.runner_path.exists(), what="the runner to end")
    there = sorted(path.name for path in (desktop.there(folder).checkpoints / "last").iterdir())
    assert [path.name for path in (folder.checkpoints / "last").iterdir()] == ["meta.json"]

    fetch_checkpoints("lean", desktop.home, "last")

    assert sorted(path.name for path in (folder.checkpoints / "last").iterdir()) == there


def test_that_a_killed_runner_is_followed_by_one_that_takes_the_run_up(desktop: Desktop) -> None:
    folder = desktop.run("orphan", STEADY)
    desktop.wait_for_steps(folder, 5)
    worker = desktop.worker(folder)
    kill(runner_pid(folder))

    desktop.start(folder)
    desktop.wait(folder, "completed")

    assert stored_steps(desktop.home, "orphan") == list(range(1, 41))
    assert folder.attempt(1).log_path.read_text(encoding="utf-8").count("stand-in for attempt 1") == 1
    assert read_record(folder.attempt(1).pid_path, ProcessRecord).pid == worker


def test_that_a_killed_worker_goes_on_there_from_its_checkpoint(desktop: Desktop) -> None:
    folder = desktop.run("killed", {**STEADY, "fault": "kill", "fault_at": 15, "fault_attempts": 1})

    wait_for(lambda: row(desktop.home, "killed").attempt == 2, timeout_s=40)
    desktop.wait(folder, "completed")

    assert "automatic_retry" in notices(folder, 2)
    assert folder.attempt(2).spec().placement.executor == "ssh:box"
    assert folder.attempt(2).spec().from_checkpoint == "checkpoints/last"
    assert steps(folder, 2) == list(range(11, 41))
    assert sorted(set(stored_steps(desktop.home, "killed"))) == list(range(1, 41))


def test_that_cut_connections_do_not_touch_the_run(shaky: Desktop) -> None:
    folder = shaky.run("cut", {**STEADY, "epochs": 8})
    for count in (5, 25, 45):
        shaky.wait_for_steps(folder, count)
        shaky.host.kill_children()

    shaky.wait(folder, "completed")

    assert stored_steps(shaky.home, "cut") == list(range(1, 81))
    assert len(folder.attempts()) == 1


def test_that_a_frozen_connection_is_left_for_a_new_one(
    shaky: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shaky.run("frozen", {**STEADY, "epochs": 30})
    shaky.wait_for_steps(folder, 5)

    frozen = shaky.host.freeze_children()
    seen = len(steps(folder))
    wait_for(lambda: len(steps(folder)) > seen + 20, timeout_s=60, what="news over a new connection")

    assert all(process.status() == "stopped" for process in frozen if process.is_running())
    for process in frozen:
        process.kill()


def test_that_a_host_out_of_sight_is_said_to_be_so_and_nothing_is_started_anew(shaky: Desktop) -> None:
    folder = shaky.run("lost", {**STEADY, "epochs": 30}, lost_after_s=4.0)
    shaky.wait_for_steps(folder, 5)
    shaky.host.stop()

    shaky.wait(folder, "lost")
    assert contacts(folder) == [False]
    shaky.host.start()
    shaky.wait(folder, "completed", timeout_s=90)

    assert contacts(folder) == [False, True]
    assert len(folder.attempts()) == 1
    assert stored_steps(shaky.home, "lost") == list(range(1, 301))


def test_that_a_run_waits_for_a_host_that_is_away(shaky: Desktop) -> None:
    shaky.host.stop()
    folder = shaky.run("early-bird", {"epochs": 1, "steps": 3})
    wait_for(lambda: "host_unreachable" in notices(folder), timeout_s=40)
    assert row(shaky.home, "early-bird").state == "preparing"

    shaky.host.start()

    shaky.wait(folder, "completed")
    assert notices(folder).count("host_unreachable") == 1


@pytest.mark.parametrize(
    ("order", "state"), [("cancel", "cancelled"), ("stop", "stopped"), ("pause", "paused")]
)
def test_that_a_run_that_waits_for_its_host_can_be_ended(shaky: Desktop, order: str, state: str) -> None:
    shaky.host.stop()
    folder = shaky.run("unwanted", LONG)
    wait_for(lambda: "host_unreachable" in notices(folder), timeout_s=40)

    send_command(folder, order, shaky.home)  # pyright: ignore[reportArgumentType]  # one of its kinds

    shaky.wait(folder, state)


def test_that_a_refused_login_fails_the_run_with_the_remedy(shaky: Desktop) -> None:
    (shaky.host.folder / "authorized_keys").write_text("")

    folder = shaky.run("refused", LONG)
    shaky.wait(folder, "failed")

    failure = row(shaky.home, "refused").failure
    assert failure is not None
    assert failure.code == "host_login_refused"
    assert "ssh-copy-id" in failure.hint


def test_that_after_a_restart_of_the_host_the_run_goes_on_from_its_checkpoint(shaky: Desktop) -> None:
    folder = shaky.run("reboot", {**STEADY, "step_s": 0.1})
    shaky.wait_for_steps(folder, 12)
    shaky.host.stop()
    kill(shaky.worker(folder))
    shaky.host.start()

    wait_for(lambda: row(shaky.home, "reboot").attempt == 2, timeout_s=60)
    shaky.wait(folder, "completed", timeout_s=60)

    assert sorted(set(stored_steps(shaky.home, "reboot"))) == list(range(1, 41))


def test_that_orders_reach_a_run_there(desktop: Desktop) -> None:
    folder = desktop.run("obedient", LONG)
    desktop.wait(folder, "running")

    send_command(folder, "hold", desktop.home)
    desktop.wait(folder, "held")
    send_command(folder, "resume", desktop.home)
    desktop.wait(folder, "running")
    send_command(folder, "checkpoint", desktop.home)
    send_command(folder, "pause", desktop.home)
    desktop.wait(folder, "paused")

    assert (folder.checkpoints / "last" / "meta.json").is_file()


def test_that_a_cancelled_run_leaves_nothing_on_the_host(desktop: Desktop) -> None:
    folder = desktop.run("unwanted", LONG)
    desktop.wait(folder, "running")

    send_command(folder, "cancel", desktop.home)

    desktop.wait(folder, "cancelled")
    wait_for(lambda: not desktop.there(folder).path.exists(), what="its folder there to be gone")
