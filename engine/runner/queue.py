"""The queue without a daemon: each tick takes up what was left alone, and starts what can be started."""

from __future__ import annotations

from pathlib import Path

from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.interpreter import child_environment, engine_command
from engine.protocol.job import ACTIVE_STATES, END_STATES, ProcessRecord
from engine.protocol.operating_system import Launch, is_same_process, spawn_detached
from engine.protocol.run_folder import RunFolder, read_record, write_record
from engine.runner.devices import machine_resources
from engine.store.database import Store

RUNNER_LOG = "runner.log"


def tick(home: Home) -> list[str]:
    """Adopt runs whose runner is gone, then start waiting runs whose device is free. Gives the runs that got a runner.

    Safe to call from any process at any time: claiming is one transaction, and a second runner of a run ends at once.
    """
    if not home.store_path.exists():
        return []
    started: list[str] = []
    with Store.open(home.store_path) as store:
        leases = store.leases()
        for row in store.runs():
            folder = RunFolder(home.runs / row.run)
            if row.state in ACTIVE_STATES or (row.run in leases and row.state == "queued"):
                if not has_runner(folder) and folder.path.is_dir():
                    spawn_runner(folder)
                    started.append(row.run)
            elif row.run in leases and row.state in END_STATES and not has_runner(folder):
                store.release(row.run)
        while (claimed := store.claim(machine_resources())) is not None:
            folder = RunFolder(home.runs / claimed.run)
            _place(folder, claimed.attempt, claimed.resource or "cpu")
            spawn_runner(folder)
            started.append(claimed.run)
    return started


def has_runner(folder: RunFolder) -> bool:
    """Say whether a live process owns the run."""
    if not folder.runner_path.exists():
        return False
    try:
        record = read_record(folder.runner_path, ProcessRecord)
    except UserError:  # being replaced, or cut off by a crash: the lock decides
        return False
    return is_same_process(record.pid, record.start_time)


def spawn_runner(folder: RunFolder) -> None:
    """Start a runner that outlives this process."""
    home: Path = folder.path.parents[1]
    environment = child_environment({"LENSMITH_HOME": str(home)})
    spawn_detached(
        Launch(engine_command("run", str(folder.path)), folder.path, environment, folder.path / RUNNER_LOG)
    )


def _place(folder: RunFolder, attempt: int, resource: str) -> None:
    """Write the device that was given into the attempt, before its worker exists."""
    path = folder.attempt(attempt).spec_path
    spec = folder.attempt(attempt).spec()
    placement = spec.placement.model_copy(update={"resource": resource})
    write_record(path, spec.model_copy(update={"placement": placement}))
