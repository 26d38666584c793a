"""The diagnostics file: what helps to find a fault, without secrets; collected in the background, seen, then saved."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from PySide6.QtCore import qVersion

from desktop.bridge.machine import find_gpus
from desktop.bridge.redaction import Redactor, known_secrets
from engine.errors import UserError
from engine.protocol.catalog import PluginEntry
from engine.protocol.disk import write_error
from engine.protocol.home import Home
from engine.protocol.interpreter import child_environment, engine_interpreter
from engine.protocol.operating_system import replace_file
from engine.protocol.run_folder import AttemptFolder, RunFolder

MOST_RUNS = 5
_LOG_BYTES = 200_000
_EVENT_BYTES = 60_000
_PACKAGES_TIMEOUT_S = 60.0
_PACKAGES = """
import importlib.metadata
names = {f"{one.metadata['Name']}=={one.version}" for one in importlib.metadata.distributions()}
print("\\n".join(sorted(names, key=str.lower)))
"""
_README = """Lensmith diagnostics, made {when}.

What is in it: versions, settings, the ends of the logs, the last runs
(job, attempts, events, log), what is wrong with plugins, and the packages
of the engine's Python. No images, no weights, no results.

Passwords, tokens and keys were taken out, and home folders are written as ~.
Look through it before you send it on.
"""


@dataclass(frozen=True, slots=True)
class DiagnosticFile:
    """One text in the zip."""

    name: str
    text: str

    @property
    def size_bytes(self) -> int:
        return len(self.text.encode())


def collect(home: Home, plugins: Sequence[PluginEntry]) -> list[DiagnosticFile]:
    """Gather everything, without secrets. A part that cannot be read says so instead of missing.

    Args:
        home: the user's folder.
        plugins: as they were described last.
    """
    settings = _settings(home)
    redactor = Redactor(known_secrets(settings, os.environ), Path.home())
    files = [DiagnosticFile("README.txt", _README.format(when=time.strftime("%Y-%m-%d %H:%M:%S")))]

    def take(name: str, make: Callable[[], str]) -> None:
        files.append(DiagnosticFile(name, redactor.text(_text_of(make))))

    take("versions.txt", lambda: _versions(home))
    take("settings.json", lambda: redactor.json(settings))
    take("packages.txt", lambda: _packages(home))
    take("plugins.json", lambda: redactor.json([_plugin_facts(entry) for entry in plugins]))
    for log in sorted(home.logs.glob("*.log*")) if home.logs.is_dir() else []:
        take(f"logs/{log.name}", lambda log=log: tail(log, _LOG_BYTES))
    for folder in _newest_runs(home):
        for name, path, limit in _run_files(folder):
            take(f"runs/{folder.run}/{name}", lambda path=path, limit=limit: tail(path, limit))
    return files


def save(files: Sequence[DiagnosticFile], path: Path) -> Path:
    """Write the zip, whole or not at all.

    Raises:
        UserError: `disk_full`, `folder_read_only`, `write_failed`.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.writestr(f"lensmith-diagnostics/{file.name}", file.text)
        replace_file(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise write_error(error, path) from error
    return path


def tail(path: Path, limit_bytes: int) -> str:
    """Give the end of a file, beginning with a whole line."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - limit_bytes))
        content = file.read(limit_bytes)
    if size > limit_bytes:
        left_out = size - limit_bytes + content.find(b"\n") + 1
        content = f"… {left_out} bytes before this were left out …\n".encode() + content.partition(b"\n")[2]
    return content.decode("utf-8", errors="replace")


def _text_of(make: Callable[[], str]) -> str:
    try:
        return make()
    except (OSError, ValueError, UserError, subprocess.SubprocessError) as error:
        return f"This part could not be read: {type(error).__name__}: {error}"


def _settings(home: Home) -> object:
    try:
        return json.loads(home.settings_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _versions(home: Home) -> str:
    memory = psutil.virtual_memory()
    gpus = ", ".join(f"{gpu.name} ({gpu.memory_bytes / 2**30:.0f} GiB)" for gpu in find_gpus())
    facts = {
        "Lensmith": _version("lensmith"),
        "System": platform.platform(),
        "Python of the window": f"{platform.python_version()} ({sys.executable})",
        "Python of the engine": engine_interpreter(home),
        "Qt": f"{qVersion()} ({os.environ.get('QT_QPA_PLATFORM') or os.environ.get('XDG_SESSION_TYPE') or '-'})",
        "PySide6": _version("PySide6-Essentials"),
        "pyqtgraph": _version("pyqtgraph"),
        "Processor": f"{os.cpu_count()} cores, {platform.machine()}",
        "Memory": f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} GiB free",
        "NVIDIA GPUs": gpus or "none",
        "Data folder": str(home.path),
        "Free there": f"{psutil.disk_usage(str(home.path)).free / 2**30:.1f} GiB",
    }
    return "\n".join(f"{name}: {value}" for name, value in facts.items()) + "\n"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _packages(home: Home) -> str:
    command = [engine_interpreter(home), "-P", "-X", "utf8", "-c", _PACKAGES]
    ended = subprocess.run(
        command,
        capture_output=True,
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        timeout=_PACKAGES_TIMEOUT_S,
        check=False,
    )
    return (ended.stdout or ended.stderr).decode("utf-8", errors="replace")


def _plugin_facts(entry: PluginEntry) -> dict[str, object]:
    facts = entry.model_dump(mode="json", exclude={"config_schema"})
    return {**facts, "usable": entry.is_usable}


def _newest_runs(home: Home) -> list[RunFolder]:
    if not home.runs.is_dir():
        return []
    folders = [entry for entry in home.runs.iterdir() if (entry / "job.json").is_file()]
    newest = sorted(folders, key=lambda entry: entry.stat().st_mtime, reverse=True)
    return [RunFolder(entry) for entry in newest[:MOST_RUNS]]


def _run_files(folder: RunFolder) -> list[tuple[str, Path, int]]:
    """Name what of a run goes into the zip: where it is in it, where it is here, how much of its end."""
    wanted = [("job.json", folder.job_path, _LOG_BYTES), ("resolved.json", folder.resolved_path, _LOG_BYTES)]
    for attempt in folder.attempts():
        wanted += _attempt_files(attempt)
    return [(name, path, limit) for name, path, limit in wanted if path.is_file()]


def _attempt_files(attempt: AttemptFolder) -> list[tuple[str, Path, int]]:
    place = f"attempts/{attempt.path.name}"
    return [
        (f"{place}/attempt.json", attempt.spec_path, _LOG_BYTES),
        (f"{place}/exit.json", attempt.exit_path, _LOG_BYTES),
        (f"{place}/events.jsonl", attempt.events_path, _EVENT_BYTES),
        (f"{place}/supervision.jsonl", attempt.supervision_path, _EVENT_BYTES),
        (f"{place}/log.txt", attempt.log_path, _LOG_BYTES),
    ]
