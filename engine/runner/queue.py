"""The queue without a daemon: each tick takes up what was left alone, and starts what can be started."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import UserError
from engine.executors.spare import SparePlace, keep_ready
from engine.protocol.events import RunEnded
from engine.protocol.home import Home
from engine.protocol.interpreter import child_environment, engine_command, engine_interpreter, keyholders
from engine.protocol.job import Failure, ProcessRecord
from engine.protocol.operating_system import Launch, is_same_process, spawn_detached
from engine.protocol.run_folder import RunFolder, read_record, write_record
from engine.runner.devices import host_resources, machine_resources
from engine.runner.scratch import sweep_scratch
from engine.runner.supervision import add_supervision
from engine.store.database import Store
from engine.store.runs import RunRow

RUNNER_LOG = "runner.log"


@dataclass(slots=True)
class _Starting:
    """How this process starts others that shall outlive it."""

    start: Callable[[Launch], object] = spawn_detached


_STARTING = _Starting()


def start_processes_with(start: Callable[[Launch], object]) -> None:
    """Start runners in another way from now on: the window does it through Qt, which leaves no zombies behind."""
    _STARTING.start = start


def tick(home: Home) -> list[str]:
    """Adopt runs whose runner is gone, then start waiting runs whose device is free. Gives the runs that got a runner.

    Safe to call from any process at any time: claiming is one transaction, and a second runner of a run ends at once.
    """
    sweep_scratch(home)
    if not home.store_path.exists():
        return []
    with Store.open(home.store_path) as store:
        left = store.unsettled()
        started = [row.run for row in left if _adopt(store, RunFolder(home.runs / row.run), row)]
        resources = [*machine_resources(), *_elsewhere(home)]
        while (claimed := store.claim(resources)) is not None:
            folder = RunFolder(home.runs / claimed.run)
            if _start(store, folder, claimed.attempt, claimed.resource or "cpu"):
                started.append(claimed.run)
    return started


def keep_spare(home: Home) -> bool:
    """Let an engine process wait for the next run; an open window asks for it again and again."""
    return keep_ready(home, _STARTING.start)


def forget_spare(home: Home) -> None:
    """Let the waiting process end soon: the window closes."""
    with contextlib.suppress(OSError):
        SparePlace(home).wanted_path.unlink()


def has_runner(folder: RunFolder) -> bool:
    """Say whether a live process owns the run."""
    if not folder.runner_path.exists():
        return False
    try:
        record = read_record(folder.runner_path, ProcessRecord)
    except UserError:  # being removed, or cut off by a crash: the lock decides
        return False
    return is_same_process(record.pid, record.start_time)


def spawn_runner(folder: RunFolder) -> None:
    """Start a runner that outlives this process."""
    home = Home(folder.path.parents[1])
    environment = child_environment({"LENSMITH_HOME": str(home.path), **keyholders()})
    command = engine_command("run", str(folder.path), interpreter=engine_interpreter(home))
    _STARTING.start(Launch(command, folder.path, environment, folder.path / RUNNER_LOG))


def _elsewhere(home: Home) -> list[str]:
    try:
        return host_resources(home)
    except UserError:  # a damaged list of hosts must not keep the runs of this machine waiting
        return []


def _adopt(store: Store, folder: RunFolder, row: RunRow) -> bool:
    """Give a run that nobody settles a runner, whatever its state: what is left to do is in its folder."""
    if has_runner(folder):
        return False
    if row.state != "queued":
        return _start(store, folder, row.attempt, None)
    if store.is_waiting(row.run):
        store.release(row.run)  # an earlier attempt's, whose runner is gone
        return False
    return _start(store, folder, row.attempt, store.leases().get(row.run))


def _start(store: Store, folder: RunFolder, attempt: int, device: str | None) -> bool:
    """Spawn the runner of a run that holds its device; a folder that is broken or gone ends the run."""
    try:
        if device is not None:
            _place(folder, attempt, device)
        elif not folder.job_path.is_file():
            folder.job()  # says what is wrong with it
        spawn_runner(folder)
    except UserError as error:
        _give_up(store, folder, attempt, error)
        return False
    except OSError:  # no process or no disk space left at the moment; the next tick tries again
        return False
    return True


def _give_up(store: Store, folder: RunFolder, attempt: int, error: UserError) -> None:
    failure = Failure(cause="bug", code=error.code, message=error.message, hint=error.hint)
    seq = store.last_seq(folder.run, attempt, "supervision") + 1
    ended = RunEnded(seq=seq, state="failed", failure=failure)
    if folder.path.is_dir():
        with contextlib.suppress(OSError):
            told = add_supervision(folder.attempt(attempt), ended)[0]
            ended = told.model_copy(update={"seq": max(seq, told.seq)})
    store.ingest(folder.run, attempt, "supervision", [ended])
    store.release(folder.run)


def _place(folder: RunFolder, attempt: int, resource: str) -> None:
    """Write the device that was given into the attempt, before its worker exists."""
    path = folder.attempt(attempt).spec_path
    spec = folder.attempt(attempt).spec()
    resource = resource.rpartition("/")[2]  # which machine it is on does not change
    if spec.placement.resource != resource:
        placement = spec.placement.model_copy(update={"resource": resource})
        write_record(path, spec.model_copy(update={"placement": placement}))
