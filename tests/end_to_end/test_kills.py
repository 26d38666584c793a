"""Processes are killed in the middle of real trainings: nothing is lost, and the weights end up the same to the bit."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch

from engine.checkpoints.read import read_weights
from engine.protocol.job import ProcessRecord
from engine.protocol.operating_system import is_same_process
from engine.protocol.run_folder import RunFolder, read_record
from engine.store.database import Store
from tests.conftest import CommandLine
from tests.end_to_end.conftest import QUICK, write_pictures

pytestmark = pytest.mark.slow
EPOCHS = 80
# Saves in mid-epoch too, so that a kill does not always fall back to an epoch's end.
LONG = (
    *QUICK,
    "--set",
    f"epochs={EPOCHS}",
    "--set",
    "checkpoint.every_minutes=0.001",
    "--set",
    "ema.enabled=true",
)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A user folder with a dataset, shared by the tests of this file."""
    place = tmp_path_factory.mktemp("killed")
    write_pictures(place / "data")
    lensmith = CommandLine(place / "home")
    lensmith("data", "import", place / "data", "--name", "colours")
    return lensmith


@pytest.fixture(scope="module")
def undisturbed(machine: CommandLine) -> dict[str, torch.Tensor]:
    """Weights of the run that nobody disturbs."""
    answer = machine("train", "--plugin", "example_minimal", "--data", "colours", *LONG)
    return last_weights(RunFolder(Path(answer["folder"])))


def start(machine: CommandLine) -> RunFolder:
    answer = machine("train", "--plugin", "example_minimal", "--data", "colours", *LONG, "--detach")
    return RunFolder(Path(answer["folder"]))


def last_weights(folder: RunFolder) -> dict[str, torch.Tensor]:
    return read_weights(folder.checkpoints / "last")


def until(condition: Callable[[], bool], what: str, timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        time.sleep(0.05)


def state_of(machine: CommandLine, folder: RunFolder) -> str:
    with Store.open(machine.home / "store.db") as store:
        return store.run(folder.run).state


def epoch_of(machine: CommandLine, folder: RunFolder) -> int:
    with Store.open(machine.home / "store.db") as store:
        return store.run(folder.run).epoch


def in_mid_run(machine: CommandLine, folder: RunFolder, epoch: int = 4) -> None:
    until(lambda: epoch_of(machine, folder) >= epoch, f"epoch {epoch}")


def kill(record: Path) -> None:
    process = read_record(record, ProcessRecord)
    psutil.Process(process.pid).kill()  # SIGKILL; on Windows TerminateProcess
    until(lambda: not is_same_process(process.pid, process.start_time), "the process to be gone")


def wait_for(machine: CommandLine, folder: RunFolder, state: str) -> None:
    until(lambda: state_of(machine, folder) == state, f"the state {state}", 180)


def assert_same_bits(folder: RunFolder, expected: dict[str, torch.Tensor]) -> None:
    found = last_weights(folder)
    assert [name for name in expected if not torch.equal(found[name], expected[name])] == []


def assert_nothing_lost(machine: CommandLine, folder: RunFolder) -> None:
    with Store.open(machine.home / "store.db") as store:
        assert store.counts(folder.run) == {"unknown": 0, "refused": 0, "gaps": 0}
        epochs = {row.epoch for row in store.metrics(folder.run, "val/accuracy")}
    assert epochs == set(range(1, EPOCHS + 1))


def test_that_a_killed_worker_is_started_again_and_ends_with_the_same_bits(
    machine: CommandLine, undisturbed: dict[str, torch.Tensor]
) -> None:
    folder = start(machine)
    in_mid_run(machine, folder)
    kill(folder.path / "pid.json")

    wait_for(machine, folder, "completed")

    assert [attempt.spec().automatic for attempt in folder.attempts()] == [False, True]
    assert_same_bits(folder, undisturbed)
    assert_nothing_lost(machine, folder)


def test_that_a_killed_runner_is_replaced_and_its_worker_goes_on(
    machine: CommandLine, undisturbed: dict[str, torch.Tensor]
) -> None:
    folder = start(machine)
    in_mid_run(machine, folder)
    worker = read_record(folder.path / "pid.json", ProcessRecord)
    kill(folder.runner_path)
    assert is_same_process(worker.pid, worker.start_time)

    machine("runs", "list")
    wait_for(machine, folder, "completed")

    assert len(folder.attempts()) == 1
    assert_same_bits(folder, undisturbed)
    assert_nothing_lost(machine, folder)


def test_that_a_run_goes_on_after_both_of_its_processes_were_killed(
    machine: CommandLine, undisturbed: dict[str, torch.Tensor]
) -> None:
    folder = start(machine)
    in_mid_run(machine, folder)
    kill(folder.runner_path)
    kill(folder.path / "pid.json")

    machine("queue", "list")
    wait_for(machine, folder, "completed")

    assert_same_bits(folder, undisturbed)
    assert_nothing_lost(machine, folder)


def test_that_killing_the_client_leaves_the_run_alone(machine: CommandLine) -> None:
    client = machine.start(
        "train", "--plugin", "example_minimal", "--data", "colours", *LONG, "--name", "watched"
    )

    def known() -> bool:
        with Store.open(machine.home / "store.db") as store:
            return any(row.name == "watched" and row.epoch >= 2 for row in store.runs())

    until(known, "the run")
    with Store.open(machine.home / "store.db") as store:
        folder = RunFolder(machine.home / "runs" / store.run("watched").run)
    client.kill()
    client.wait()

    wait_for(machine, folder, "completed")
    assert_nothing_lost(machine, folder)


def test_that_a_paused_run_has_no_process_and_goes_on_to_the_same_bits(
    machine: CommandLine, undisturbed: dict[str, torch.Tensor]
) -> None:
    folder = start(machine)
    in_mid_run(machine, folder)
    machine("runs", "pause", folder.run)
    wait_for(machine, folder, "paused")
    worker = read_record(folder.path / "pid.json", ProcessRecord)
    until(lambda: not is_same_process(worker.pid, worker.start_time), "the worker to be gone")

    answer = machine("runs", "resume", folder.run)

    assert answer["state"] == "completed"
    assert_same_bits(folder, undisturbed)
    assert_nothing_lost(machine, folder)


def test_that_a_held_run_keeps_its_process_and_goes_on_when_told(machine: CommandLine) -> None:
    folder = start(machine)
    in_mid_run(machine, folder)
    machine("runs", "hold", folder.run)
    wait_for(machine, folder, "held")
    worker = read_record(folder.path / "pid.json", ProcessRecord)
    used = psutil.Process(worker.pid).cpu_times().user
    time.sleep(1.0)
    assert psutil.Process(worker.pid).cpu_times().user - used < 0.5

    machine("runs", "resume", folder.run)
    wait_for(machine, folder, "completed")
    assert len(folder.attempts()) == 1


def test_that_a_stopped_run_keeps_its_model_and_a_cancelled_one_does_not(machine: CommandLine) -> None:
    stopped, cancelled = start(machine), start(machine)
    in_mid_run(machine, stopped)
    machine("runs", "checkpoint", stopped.run)
    machine("runs", "stop", stopped.run)
    wait_for(machine, stopped, "stopped")
    in_mid_run(machine, cancelled)
    machine("runs", "cancel", cancelled.run)
    wait_for(machine, cancelled, "cancelled")

    names = [row["name"] for row in machine("runs", "checkpoints", stopped.run)["checkpoints"]]
    assert {"last", "best"} < set(names)
    assert any(name.startswith("manual-") for name in names)
    until(lambda: not any(cancelled.checkpoints.glob("*")), "the checkpoints to be gone")
    refused = machine("runs", "resume", cancelled.run, code=2)
    assert refused["error"]["code"] == "run_not_resumable"


def test_that_the_queue_goes_on_after_a_run_that_fails(machine: CommandLine, tmp_path: Path) -> None:
    broken = machine.home / "plugins" / "raises"
    broken.mkdir(parents=True)
    (broken / "model.py").write_text(
        "from engine.plugin import ModelMetadata, TorchModel\n"
        "class Raises(TorchModel):\n"
        "    @classmethod\n"
        "    def get_metadata(cls):\n"
        "        return ModelMetadata(name='raises', task_type='classification')\n"
        "    def build(self):\n"
        "        raise KeyError('nowhere')\n",
        encoding="utf-8",
    )
    short = (*QUICK, "--set", "epochs=1", "--detach")
    folders = [
        RunFolder(Path(machine("train", "--plugin", plugin, "--data", "colours", *short)["folder"]))
        for plugin in ("example_minimal", "raises", "example_minimal")
    ]

    wait_for(machine, folders[2], "completed")

    assert [state_of(machine, folder) for folder in folders] == ["completed", "failed", "completed"]
    failure = machine("runs", "show", folders[1].run)["failure"]
    assert failure["cause"] == "plugin"
    assert "KeyError" in failure["message"]
    assert any("build" in line for line in failure["log_tail"])
    assert json.dumps(failure["traceback"]).count("model.py") >= 1


def test_that_a_plugin_with_its_own_loop_survives_the_kill_of_its_worker_too(
    machine: CommandLine, repository: Path
) -> None:
    shutil.copytree(
        repository / "tests" / "fixtures" / "plan_example", machine.home / "plugins" / "plan_example"
    )
    settings = (
        "--set",
        "epochs=25",
        "--set",
        "image_size=32",
        "--set",
        "batch_size=8",
        "--set",
        "warmup_epochs=0",
    )
    start_it = ("train", "--plugin", "my-custom-resnet50", "--data", "colours", *settings, "--detach")
    whole, killed = (RunFolder(Path(machine(*start_it)["folder"])) for _ in range(2))
    wait_for(machine, whole, "completed")
    in_mid_run(machine, killed, epoch=3)
    kill(killed.path / "pid.json")

    wait_for(machine, killed, "completed")

    assert len(killed.attempts()) == 2
    with Store.open(machine.home / "store.db") as store:
        assert {row.epoch for row in store.metrics(killed.run, "train/loss")} >= set(range(1, 26))
    one, other = (
        torch.load(folder.checkpoints / "last" / "plugin" / "checkpoint.pt", weights_only=True)["model"]
        for folder in (whole, killed)
    )
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
