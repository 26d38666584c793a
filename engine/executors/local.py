"""Workers on this machine: detached processes that outlive their runner and work in the run folder itself."""

from __future__ import annotations

import platform
import subprocess

from engine.executors.executor import WorkerStatus
from engine.executors.spare import hand_over
from engine.protocol.home import Home
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
        folder = run.attempt(attempt)
        if folder.process() is not None or folder.exit_record() is not None:
            return
        spec = folder.spec()
        command = self._command or engine_command("work", interpreter=spec.interpreter)
        environment = child_environment({"LENSMITH_HOME": str(run.path.parents[1])})
        if spec.placement.resource.startswith("cuda:"):
            environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        launch = Launch([*command, str(run.path)], run.path, environment, folder.log_path)
        pid = hand_over(Home(run.path.parents[1]), launch) if self._command is None else None
        if pid is None:
            child = spawn_detached(launch)
            self._children.append(child)
            pid = child.pid
        # One that is gone already has no identity any more; the record still says that it was started.
        identity = process_identity(pid) or ""
        record = ProcessRecord(pid=pid, start_time=identity, host=platform.node())
        write_record(folder.pid_path, record)
        write_record(run.path / "pid.json", record)

    def status(self, run: RunFolder, attempt: int) -> WorkerStatus:
        for child in self._children:
            child.poll()  # lets the system forget a child that has ended
        return "alive" if self._living(run, attempt) is not None else "gone"

    def heartbeat(self, run: RunFolder, attempt: int) -> str | None:
        try:
            return str(run.attempt(attempt).heartbeat_path.stat().st_mtime_ns)
        except OSError:
            return None

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
        pid = self._living(run, attempt)
        if pid is not None:
            terminate_group(pid)

    def kill(self, run: RunFolder, attempt: int) -> None:
        pid = self._living(run, attempt)
        if pid is not None:
            kill_group(pid)

    def collect(self, run: RunFolder, attempt: int) -> None:
        """Everything is here already."""

    def tidy(self, run: RunFolder, *, is_discarded: bool = False) -> None:
        """Here is where it stays."""

    def close(self) -> None:
        """Nothing is held."""

    def _living(self, run: RunFolder, attempt: int) -> int | None:
        """The worker's process number while it lives."""
        record = run.attempt(attempt).process()
        return record.pid if record is not None and is_same_process(record.pid, record.start_time) else None
