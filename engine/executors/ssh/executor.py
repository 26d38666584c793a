"""Workers on a host over SSH: the run travels there, its worker outlives every connection, and all of it comes home."""

from __future__ import annotations

import platform
from pathlib import PurePosixPath
from typing import Protocol

from engine.errors import RemoteError
from engine.executors.executor import Hooks, WorkerStatus
from engine.executors.ssh.clock import measure_clock
from engine.executors.ssh.contact import Contact
from engine.executors.ssh.homecoming import Homecoming
from engine.executors.ssh.mirror import EVENTS, FOLLOWED, Mirror, attempt_folder, run_folder_on_host
from engine.executors.ssh.placing import Placing, place_data, place_run
from engine.protocol.events import CLOCK_VARIABLE
from engine.protocol.home import Home
from engine.protocol.hosts import SSH_PREFIX, HostRecord
from engine.protocol.job import AttemptSpec, ProcessRecord
from engine.protocol.run_folder import RunFolder, write_record

CLOCK_LOOKS = 3


class WorkerCommand(Protocol):
    """Gives the argv of the worker on the host, before the run folder; prepares the host for it first, if need be."""

    def __call__(self, contact: Contact, hooks: Hooks, run: RunFolder, /) -> list[str]: ...


class SshExecutor:
    """Implements `engine.executors.executor.Executor`.

    Args:
        host: where the workers run.
        home: the user's folder.
        worker: how a worker is started there.
        hooks: the runner.
    """

    def __init__(
        self, host: HostRecord, home: Home, worker: WorkerCommand, hooks: Hooks | None = None
    ) -> None:
        self.name = f"{SSH_PREFIX}{host.name}"
        self._host = host
        self._worker = worker
        self._hooks = hooks or Hooks()
        self._contact = Contact(host, home, self._hooks.tell)
        self._mirror = Mirror(self._contact)
        self._homecoming = Homecoming(self._contact, self._hooks.tell)
        self._delivered: dict[str, set[str]] = {}
        self._commands: dict[str, list[str]] = {}

    def place(self, run: RunFolder) -> None:
        spec = run.latest_attempt().spec()
        self._end_earlier(run, spec.attempt)
        self._commands[run.run] = self._worker(self._contact, self._hooks, run)
        link = self._contact.own_link()
        try:
            placing = Placing(run, link, self._host.name, self._hooks.tell, self._hooks.is_called_off)
            data = place_data(placing)
            place_run(placing, self._placed(spec, data))
        finally:
            link.close()
        self._hold(run, spec)

    def launch(self, run: RunFolder, attempt: int) -> None:
        folder = run.attempt(attempt)
        if folder.process() is not None or folder.exit_record() is not None:
            return
        argv = self._commands.get(run.run) or self._worker(self._contact, self._hooks, run)
        spec = folder.spec()
        self._hold(run, spec)
        root = PurePosixPath(self._root())
        self._contact.ask(
            "launch",
            folder=attempt_folder(run, attempt),
            cwd=run_folder_on_host(run),
            log=f"{attempt_folder(run, attempt)}/log.txt",
            argv=[*argv, str(root / run_folder_on_host(run))],
            env=self._environment(spec.placement.resource, str(root)),
        )
        self._mirror.forget(run, attempt)
        self._note_process(run, attempt)

    def status(self, run: RunFolder, attempt: int) -> WorkerStatus:
        look = self._mirror.look(run, attempt)
        if look.new_events:
            self._homecoming.hear(run, look.new_events)
        self._homecoming.report()
        return "alive" if look.alive else "gone"

    def heartbeat(self, run: RunFolder, attempt: int) -> str | None:
        return self._mirror.look(run, attempt).beat

    def read(self, run: RunFolder, attempt: int, name: str, offset: int) -> bytes:
        if name in FOLLOWED:
            look = self._mirror.look(run, attempt)
            if look.new_events and name == EVENTS:
                self._homecoming.hear(run, look.new_events)
        try:
            with (run.attempt(attempt).path / name).open("rb") as file:
                file.seek(offset)
                return file.read()
        except FileNotFoundError:
            return b""

    def deliver_commands(self, run: RunFolder) -> None:
        done = self._delivered.setdefault(run.run, set())
        for path in sorted(run.commands.glob("*.json")):
            if path.stem.isdigit() and path.name not in done:
                target = f"{run_folder_on_host(run)}/commands/{path.name}"
                self._contact.ask("put", path.read_bytes(), path=target, exclusive=True)
                done.add(path.name)

    def terminate(self, run: RunFolder, attempt: int) -> None:
        self._signal(run, attempt, "TERM")

    def kill(self, run: RunFolder, attempt: int) -> None:
        self._signal(run, attempt, "KILL")

    def collect(self, run: RunFolder, attempt: int) -> None:
        self._mirror.forget(run, attempt)
        while self._mirror.look(run, attempt).new_events:
            self._mirror.forget(run, attempt)
        self._homecoming.collect(run, attempt)

    def tidy(self, run: RunFolder, *, is_discarded: bool = False) -> None:
        if self._host.clean == "when_home" and (is_discarded or self._homecoming.is_all_here(run)):
            self._contact.ask("remove", path=run_folder_on_host(run))

    def close(self) -> None:
        """End the connection; the worker does not notice."""
        self._homecoming.close()
        self._contact.close()

    def _end_earlier(self, run: RunFolder, attempt: int) -> None:
        """End a worker that was given up while the host was out of sight: it would write over what is brought there."""
        for earlier in run.attempts():
            if earlier.number < attempt and earlier.spec().placement.executor == self.name:
                self._signal(run, earlier.number, "KILL")

    def _hold(self, run: RunFolder, spec: AttemptSpec) -> None:
        """Take the GPUs, which another desktop may have; the processor is shared.

        Raises:
            RemoteError: `device_busy`.
        """
        device, desktop = spec.placement.resource, platform.node()
        if device == "cpu":
            return
        self._contact.ask("hold", devices=device, run=run.run, attempt=spec.attempt, desktop=desktop)

    def _signal(self, run: RunFolder, attempt: int, name: str) -> None:
        self._contact.ask("signal", folder=attempt_folder(run, attempt), name=name)
        self._mirror.forget(run, attempt)

    def _placed(self, spec: AttemptSpec, data: str | None) -> AttemptSpec:
        """The attempt as its worker on the host shall read it."""
        root = str(PurePosixPath(self._root()) / data) if data is not None else None
        placement = spec.placement.model_copy(update={"dataset_root": root})
        return spec.model_copy(update={"placement": placement, "interpreter": None})

    def _environment(self, resource: str, root: str) -> dict[str, str]:
        environment = {
            "LENSMITH_HOME": root,
            "PYTHONUTF8": "1",
            "PYTHONUNBUFFERED": "1",
            "NO_ALBUMENTATIONS_UPDATE": "1",
            "YOLO_AUTOINSTALL": "false",
            "OMP_WAIT_POLICY": "PASSIVE",
            CLOCK_VARIABLE: f"{measure_clock(self._contact.link(), CLOCK_LOOKS)[0]:.3f}",
        }
        if resource.startswith("cuda:"):
            environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        return environment

    def _root(self) -> str:
        return str(self._contact.link().hello.get("root", ""))

    def _note_process(self, run: RunFolder, attempt: int) -> None:
        """Write down here that the worker was started, so that no later runner starts it again."""
        answer = self._contact.ask("read", path=f"{attempt_folder(run, attempt)}/pid.json", limit=1 << 16)
        try:
            record = ProcessRecord.model_validate_json(answer.payload)
        except ValueError as error:
            raise RemoteError(
                "host_answer_invalid",
                f"{self._host.name} does not say which process it has started.",
                "Look at Lensmith's folder on the host; retry the run.",
            ) from error
        write_record(run.attempt(attempt).pid_path, record)
