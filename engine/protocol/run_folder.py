"""The run folder is the protocol: every path in it by name, and atomic reads and writes of its JSON files."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError

from engine.errors import UserError
from engine.protocol.job import AttemptSpec, ExitRecord, JobSpec, ProcessRecord
from engine.protocol.operating_system import replace_file

Record = TypeVar("Record", bound=BaseModel)
LOG_TAIL_LINES = 50


@dataclass(frozen=True, slots=True)
class AttemptFolder:
    """RUN/attempts/0001: everything that belongs to one start of the worker."""

    path: Path

    @property
    def number(self) -> int:
        return int(self.path.name)

    @property
    def spec_path(self) -> Path:
        return self.path / "attempt.json"

    @property
    def events_path(self) -> Path:
        """Written by the worker only."""
        return self.path / "events.jsonl"

    @property
    def supervision_path(self) -> Path:
        """Written by the runner (and by submit, before there is one) only."""
        return self.path / "supervision.jsonl"

    @property
    def pid_path(self) -> Path:
        return self.path / "pid.json"

    @property
    def heartbeat_path(self) -> Path:
        return self.path / "heartbeat"

    @property
    def exit_path(self) -> Path:
        return self.path / "exit.json"

    @property
    def log_path(self) -> Path:
        """Output and errors of the worker."""
        return self.path / "log.txt"

    def spec(self) -> AttemptSpec:
        return read_record(self.spec_path, AttemptSpec)

    def log_tail(self) -> tuple[str, ...]:
        """The last lines of the worker's log, as a failure carries them; none when it cannot be read."""
        try:
            text = self.log_path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ()
        return tuple(text.splitlines()[-LOG_TAIL_LINES:])

    def exit_record(self) -> ExitRecord | None:
        return read_record(self.exit_path, ExitRecord) if self.exit_path.exists() else None

    def process(self) -> ProcessRecord | None:
        return read_record(self.pid_path, ProcessRecord) if self.pid_path.exists() else None


@dataclass(frozen=True, slots=True)
class RunFolder:
    """RUN: one run's folder, named by the run's id."""

    path: Path

    @property
    def run(self) -> str:
        return self.path.name

    @property
    def job_path(self) -> Path:
        return self.path / "job.json"

    @property
    def plugin(self) -> Path:
        """Frozen copy of the plugin's source."""
        return self.path / "plugin"

    @property
    def manifest_path(self) -> Path:
        """Frozen copy of the dataset's manifest."""
        return self.path / "dataset" / "manifest.json"

    @property
    def annotations_path(self) -> Path:
        """Frozen table of the dataset's objects; not there when it has none."""
        return self.path / "dataset" / "annotations.npz"

    @property
    def commands(self) -> Path:
        return self.path / "commands"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def results(self) -> Path:
        return self.path / "results"

    @property
    def exports(self) -> Path:
        return self.path / "exports"

    @property
    def profile(self) -> Path:
        """What a profile run found: profile.json and a trace."""
        return self.path / "profile"

    @property
    def artifacts(self) -> Path:
        return self.path / "artifacts"

    @property
    def resolved_path(self) -> Path:
        """What was chosen by measurement (precision, memory format, threads …), reused by every later attempt."""
        return self.path / "resolved.json"

    @property
    def runner_path(self) -> Path:
        return self.path / "runner.json"

    @property
    def runner_lock_path(self) -> Path:
        return self.path / "runner.lock"

    def job(self) -> JobSpec:
        """Read job.json.

        Raises:
            UserError: `run_folder_damaged` when it is missing or does not fit.
        """
        return read_record(self.job_path, JobSpec)

    def attempts(self) -> list[AttemptFolder]:
        """All attempts, oldest first."""
        folder = self.path / "attempts"
        found = [entry for entry in folder.iterdir() if entry.name.isdigit()] if folder.is_dir() else []
        return [AttemptFolder(entry) for entry in sorted(found, key=lambda entry: int(entry.name))]

    def attempt(self, number: int) -> AttemptFolder:
        return AttemptFolder(self.path / "attempts" / f"{number:04d}")

    def latest_attempt(self) -> AttemptFolder:
        """The newest attempt.

        Raises:
            UserError: `run_folder_damaged` when there is none.
        """
        attempts = self.attempts()
        if not attempts:
            raise UserError(
                "run_folder_damaged", f"The run folder {self.path} holds no attempt.", "Start the run anew."
            )
        return attempts[-1]

    def effective_config(self, up_to: int | None = None) -> dict[str, object]:
        """job.config with the overrides of attempts 1 to `up_to` (default: all) laid over it."""
        config = dict(self.job().config)
        for attempt in self.attempts():
            if up_to is None or attempt.number <= up_to:
                config.update(attempt.spec().overrides)
        return config


def read_record(path: Path, model: type[Record]) -> Record:
    """Read a JSON file of the run folder as `model`.

    Raises:
        UserError: `run_folder_damaged` naming the file.
    """
    try:
        return model.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UserError(
            "run_folder_damaged",
            f"{path} cannot be read as {model.__name__}: {error}.",
            "Restore the run folder from a backup, or delete the run.",
        ) from error


def write_record(path: Path, record: BaseModel) -> None:
    """Write a record as JSON so that a reader sees either the old file or the whole new one."""
    write_atomic(path, record.model_dump_json(indent=1).encode())


def write_json(path: Path, value: object) -> None:
    """Write any JSON value atomically."""
    write_atomic(path, json.dumps(value, indent=1, ensure_ascii=False).encode())


def write_atomic(path: Path, content: bytes) -> None:
    """Write bytes beside the target, sync them, and put them in its place."""
    write_atomic_by(path, lambda file: file.write(content))


def write_atomic_by(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let something large be written piece by piece beside the target, sync it, and put it in its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        with draft.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        replace_file(draft, path)
    finally:
        draft.unlink(missing_ok=True)
