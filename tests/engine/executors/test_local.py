"""Workers on this machine: processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from engine.executors.local import LocalExecutor
from engine.protocol.operating_system import process_identity
from tests.fixtures.stand_in_runs import LONG, WORKER, claimed, kill, local, quiet_home, wait_for, worker_pid

LAUNCH_AND_DIE = """
import sys
from pathlib import Path
from engine.executors.local import LocalExecutor
from engine.protocol.run_folder import RunFolder
LocalExecutor(sys.argv[2:]).launch(RunFolder(Path(sys.argv[1])), 1)
"""


def test_that_a_worker_outlives_the_process_that_launched_it(tmp_path: Path) -> None:
    run = claimed(quiet_home(tmp_path), "r", LONG)
    subprocess.run([sys.executable, "-c", LAUNCH_AND_DIE, str(run.path), *WORKER], check=True)

    executor = local()
    assert executor.status(run, 1) == "alive"
    kill(worker_pid(run))
    wait_for(lambda: executor.status(run, 1) == "gone")


def test_that_a_process_with_the_number_of_a_dead_worker_is_not_taken_for_it(tmp_path: Path) -> None:
    run = claimed(quiet_home(tmp_path), "r", LONG)
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    record = f'{{"pid": {other.pid}, "start_time": "an earlier start", "host": "here"}}'
    run.attempt(1).pid_path.write_text(record, encoding="utf-8")

    executor = local()
    assert executor.status(run, 1) == "gone"
    executor.kill(run, 1)
    assert process_identity(other.pid) is not None
    other.communicate(b"\n")


def test_that_a_worker_that_dies_at_once_is_not_started_again(tmp_path: Path) -> None:
    run = claimed(quiet_home(tmp_path), "r")
    executor = LocalExecutor([sys.executable, "-c", "print('started')"])
    executor.launch(run, 1)
    wait_for(lambda: executor.status(run, 1) == "gone")
    executor.launch(run, 1)

    assert executor.read(run, 1, "log.txt", 0) == b"started\n"


def test_that_the_worker_knows_no_credentials_and_works_in_its_run_folder(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    run = claimed(quiet_home(tmp_path), "r")
    show = "import os; print(os.getcwd()); print(sorted(os.environ))"
    executor = LocalExecutor([sys.executable, "-c", show])
    executor.launch(run, 1)
    wait_for(lambda: executor.status(run, 1) == "gone")

    folder, names = executor.read(run, 1, "log.txt", 0).decode().splitlines()
    assert Path(folder).resolve() == run.path.resolve()
    assert "LENSMITH_HOME" in names
    assert not {"AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_PASSWORD"} & set(names.split("'"))
