"""Runs on another machine: a real SSH server, real runners, the stand-in worker; and everything that can break."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engine.protocol.checkpoint import read_meta
from engine.protocol.commands import write_command
from engine.protocol.events import CheckpointSaved, Contact, MetricsLogged, Notice
from engine.protocol.home import Home
from engine.protocol.hosts import GpuFacts, HostBook, HostFacts
from engine.protocol.job import ExitRecord, ProcessRecord
from engine.protocol.run_folder import RunFolder, read_record, write_record
from engine.runner.commands import send_command
from engine.runner.fetching import fetch_checkpoints
from engine.runner.move import move_run
from engine.runner.queue import tick
from engine.store.database import Store
from tests.fixtures.ssh_host import SshHost
from tests.fixtures.stand_in_runs import (
    LONG,
    enqueue,
    interpreter,
    kill,
    quiet_home,
    row,
    runner_pid,
    spoken,
    start_runner,
    states,
    wait_for,
    wait_for_state,
)

STEADY: dict[str, object] = {"epochs": 4, "steps": 10, "step_s": 0.05}
"""Two seconds of work."""


class Desktop:
    """One user's Lensmith, and the runs it has on a host."""

    def __init__(self, folder: Path, host: SshHost, **changes: object) -> None:
        self.home = quiet_home(folder)
        self.host = host
        self.record = host.known(self.home, environment=interpreter(self.home), **changes)
        self.started: list[RunFolder] = []

    def placed(self, run: str, config: dict[str, object] | None = None, resource: str = "cpu") -> RunFolder:
        """A run that is to go to the host and has its device there."""
        folder = enqueue(self.home, run, config)
        spec = folder.attempt(1).spec()
        placement = spec.placement.model_copy(update={"executor": "ssh:box", "resource": resource})
        write_record(folder.attempt(1).spec_path, spec.model_copy(update={"placement": placement}))
        with Store.open(self.home.store_path) as store:
            store.dequeue(run)
            store.lease(run, f"ssh:box/{resource}")
        return folder

    def run(self, run: str, config: dict[str, object] | None = None, **timing: object) -> RunFolder:
        folder = self.placed(run, config)
        self.start(folder, **timing)
        return folder

    def start(self, folder: RunFolder, **timing: object) -> None:
        self.started.append(folder)
        start_runner(folder, **timing)

    def wait(self, folder: RunFolder, *wanted: str, timeout_s: float = 40.0) -> None:
        wait_for_state(self.home, folder.run, *wanted, timeout_s=timeout_s)

    def wait_for_steps(self, folder: RunFolder, count: int) -> None:
        wait_for(
            lambda: len(steps(folder)) >= count, timeout_s=40, what=f"{count} steps, {steps(folder)[-3:]}"
        )

    def there(self, folder: RunFolder) -> RunFolder:
        """The run's folder on the host."""
        return RunFolder(self.host.root / "runs" / folder.run)

    def worker(self, folder: RunFolder) -> int:
        attempt = self.there(folder).latest_attempt()
        return read_record(attempt.pid_path, ProcessRecord).pid

    def end(self) -> None:
        for folder in self.started:
            if folder.runner_path.exists():
                write_command(folder.commands, "cancel", folder.latest_attempt().number)
                kill(runner_pid(folder))


@pytest.fixture
def desktop(tmp_path: Path, ssh_host: SshHost) -> Iterator[Desktop]:
    made = Desktop(tmp_path / "desktop", ssh_host)
    yield made
    made.end()


@pytest.fixture
def shaky(tmp_path: Path, own_ssh_host: SshHost) -> Iterator[Desktop]:
    """A desktop whose host may be broken."""
    made = Desktop(tmp_path / "desktop", own_ssh_host)
    yield made
    made.end()


def steps(folder: RunFolder, attempt: int = 1) -> list[int]:
    told = [event for event in spoken(folder, attempt) if isinstance(event, MetricsLogged)]
    return [event.step for event in told if event.scope == "step"]


def notices(folder: RunFolder, attempt: int = 1) -> list[str]:
    return [e.code for e in spoken(folder, attempt, "supervision.jsonl") if isinstance(e, Notice)]


def contacts(folder: RunFolder) -> list[bool]:
    return [e.reachable for e in spoken(folder, 1, "supervision.jsonl") if isinstance(e, Contact)]


def stored_steps(home: Home, run: str) -> list[int]:
    with Store.open(home.store_path) as store:
        return [measured.step for measured in store.metrics(run, "train/loss")]


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
