"""Workers on this machine: detached processes that outlive their runner and work in the run folder itself."""

from __future__ import annotations

import platform
import subprocess

from engine.executors.executor import WorkerStatus
from engine.protocol.interpreter import child_environment, engine_command
from engine.protocol.job import ProcessRecord
from engine.protocol.operating_system import (
    Launch,
    is_same_process,
    kill_group,
    process_identity,
    spawn_detached,
    terminate_group,
)
from engine.protocol.run_folder import RunFolder, write_record


class LocalExecutor:
    """Implements `engine.executors.executor.Executor`.

    Args:
        command: the worker's argv before the run folder; None takes `python -m engine work`.
    """

    name = "local"

    def __init__(self, command: list[str] | None = None) -> None:
        self._command = command
        self._children: list[subprocess.Popen[bytes]] = []

    def place(self, run: RunFolder) -> None:
        """Everything is here already."""

    def launch(self, run: RunFolder, attempt: int) -> None:
        if self.status(run, attempt) == "alive":
            return
        folder = run.attempt(attempt)
        spec = folder.spec()
        command = self._command or engine_command("work", interpreter=spec.interpreter)
        environment = child_environment({"LENSMITH_HOME": str(run.path.parents[1])})
        if spec.placement.resource.startswith("cuda:"):
            environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        child = spawn_detached(Launch([*command, str(run.path)], run.path, environment, folder.log_path))
        self._children.append(child)
        identity = process_identity(child.pid)
        if identity is not None:
            record = ProcessRecord(pid=child.pid, start_time=identity, host=platform.node())
            write_record(folder.pid_path, record)
            write_record(run.path / "pid.json", record)

    def status(self, run: RunFolder, attempt: int) -> WorkerStatus:
        for child in self._children:
            child.poll()  # lets the system forget a child that has ended
        record = run.attempt(attempt).process()
        return "alive" if record is not None and is_same_process(record.pid, record.start_time) else "gone"

    def read(self, run: RunFolder, attempt: int, name: str, offset: int) -> bytes:
        try:
            with (run.attempt(attempt).path / name).open("rb") as file:
                file.seek(offset)
                return file.read()
        except FileNotFoundError:
            return b""

    def deliver_commands(self, run: RunFolder) -> None:
        """The worker reads the very folder they are written to."""

    def terminate(self, run: RunFolder, attempt: int) -> None:
        record = run.attempt(attempt).process()
        if record is not None and is_same_process(record.pid, record.start_time):
            terminate_group(record.pid)

    def kill(self, run: RunFolder, attempt: int) -> None:
        record = run.attempt(attempt).process()
        if record is not None and is_same_process(record.pid, record.start_time):
            kill_group(record.pid)

    def collect(self, run: RunFolder, attempt: int) -> None:
        """Everything is here already."""
