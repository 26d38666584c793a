"""A real spare process becomes a run's worker, and one that nobody wants ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.executors.local import LocalExecutor
from engine.executors.spare import Order, SparePlace, keep_ready
from engine.jobs.spare import wait_for_order
from engine.protocol.home import Home
from engine.protocol.operating_system import Launch, kill_group
from engine.protocol.run_folder import write_record
from tests.fixtures.stand_in_runs import claimed, quiet_home, wait_for

STARTS_WITHIN_S = 120.0


class Starter:
    """Starts processes as the window does, not at the head of a group; and ends them with the test."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []

    def __call__(self, launch: Launch) -> None:
        with launch.log.open("ab") as log:
            process = subprocess.Popen(
                list(launch.argv),
                cwd=launch.cwd,
                env=dict(launch.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)

    def close(self) -> None:
        for process in self.processes:
            kill_group(process.pid)
            process.wait()


def ready(home: Home, starter: Starter) -> subprocess.Popen[bytes]:
    assert keep_ready(home, starter)
    wait_for(SparePlace(home).ready_path.exists, STARTS_WITHIN_S, what="the spare to be ready")
    return starter.processes[-1]


@pytest.mark.slow
def test_that_a_spare_becomes_the_worker_of_a_run_and_another_one_ends_unwanted(tmp_path: Path) -> None:
    home = quiet_home(tmp_path)
    starter = Starter()
    try:
        process = ready(home, starter)
        assert os.getpgid(process.pid) == process.pid  # so that a run's children end with it
        run = claimed(home, "r")
        own = run.attempt(1).spec().model_copy(update={"interpreter": sys.executable})
        write_record(run.attempt(1).spec_path, own)

        LocalExecutor().launch(run, 1)

        record = run.attempt(1).process()
        assert record is not None
        assert record.pid == process.pid
        assert process.wait(STARTS_WITHIN_S) in (0, 1)
        assert run.attempt(1).exit_record() is not None
        assert LocalExecutor().status(run, 1) == "gone"
        os.utime(SparePlace(home).used_path, (0, 0))

        unwanted = ready(home, starter)
        os.utime(SparePlace(home).wanted_path, (0, 0))

        assert unwanted.wait(STARTS_WITHIN_S) == 0
        assert not SparePlace(home).ready_path.exists()
    finally:
        starter.close()


@pytest.mark.slow
def test_that_an_order_to_an_earlier_process_of_the_same_number_is_not_obeyed(tmp_path: Path) -> None:
    home = quiet_home(tmp_path)
    path = SparePlace(home).order_path(os.getpid())
    write_record(path, Order(run=str(home.runs / "ended"), log=str(tmp_path / "log.txt"), environment={}))

    assert wait_for_order(home) is None
    assert not path.exists()
