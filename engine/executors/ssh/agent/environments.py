"""Environments on this host: made by a job that outlives the connection, listed, tested, removed when unused."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.executors.ssh.agent import processes
from engine.executors.ssh.agent.self_test import build_of, clean_environment, device_ok, run_self_test
from engine.executors.ssh.agent.words import Agent, Refusal

if TYPE_CHECKING:
    from collections.abc import Generator

    from engine.executors.ssh.agent.words import Arguments, Verb

FOLDER = "environments"
JOB_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from engine.executors.ssh.agent.prepare_job import main; main()"
)
REQUIREMENTS_PROGRAM = """
import importlib.metadata, json, sys
from packaging.requirements import Requirement
def is_met(requirement):
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)
print(json.dumps([line for line in json.load(sys.stdin) if not is_met(Requirement(line))]))
"""
_KEY = re.compile(r"[0-9a-f]{8,64}\Z")


def prepare(agent: Agent, arguments: Arguments, payload: bytes) -> tuple[Arguments, bytes]:
    """Start the job that makes an environment, or say that one is at it or that it is ready.

    The payload is the job's specification. With `again`, one that is ready is made anew.

    Raises:
        Refusal: `environment_in_use`.
    """
    key, folder = _named(agent, arguments)
    with _alone(agent):
        if processes.living(folder / "job") is not None:
            return {"state": "running"}, b""
        ready = _ready(folder)
        if ready is not None and not arguments.get("again"):
            return {"state": "ready", "ready": ready}, b""
        _require_unused(agent, key)
        _remove_tree(folder)
        (folder / "job").mkdir(parents=True)
        (folder / "job" / "spec.json").write_bytes(payload)
        program = [sys.executable, "-I", "-c", JOB_PROGRAM, os.path.abspath(sys.argv[0])]  # noqa: PTH100
        place = f"{FOLDER}/{key}/job"
        argv = [*program, str(folder / "job")]
        processes.launch(agent, {"folder": place, "argv": argv, "log": place + "/log.txt"}, b"")
    return {"state": "started"}, b""


def environments(agent: Agent, _arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """All environments that are here, ready or being made, with the runs that use each."""
    used = _used(agent)
    found: list[Arguments] = [
        {
            "key": folder.name,
            "ready": _ready(folder),
            "building": processes.living(folder / "job") is not None,
            "used_by": used.get(folder.name, []),
        }
        for folder in sorted((agent.root / FOLDER).glob("*"))
        if _KEY.match(folder.name) and folder.is_dir()
    ]
    return {"environments": found}, b""


def drop_environment(agent: Agent, arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """Remove an environment that no run uses and no job makes; gives the bytes freed.

    Raises:
        Refusal: `environment_in_use`.
    """
    key, folder = _named(agent, arguments)
    with _alone(agent):
        if processes.living(folder / "job") is not None:
            raise Refusal(
                "environment_in_use",
                "The environment is being prepared just now.",
                "Wait until that has ended, or cancel it.",
            )
        _require_unused(agent, key)
        return {"freed": _remove_tree(folder)}, b""


def try_environment(_agent: Agent, arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """Test a Python that the user has named: whether it holds the engine, and whether that reaches the GPU."""
    named = os.path.expanduser(str(arguments["python"]))  # noqa: PTH111  # Path.expanduser raises without a home
    told = run_self_test(named if os.sep in named else shutil.which(named) or named)
    if told["ok"]:
        told.update(device_ok=device_ok(told), torch_build=build_of(told))
    return told, b""


def missing_requirements(_agent: Agent, arguments: Arguments, payload: bytes) -> tuple[Arguments, bytes]:
    """Say which of a JSON list of requirements a Python here does not meet."""
    command = [str(arguments["python"]), "-I", "-c", REQUIREMENTS_PROGRAM]
    ended = subprocess.run(
        command, input=payload, env=clean_environment(), capture_output=True, timeout=60, check=False
    )
    if ended.returncode != 0:
        said = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise Refusal(
            "environment_broken",
            f"{command[0]} on the host does not answer. {' '.join(said)[:300]}",
            "Prepare the host again: lensmith hosts prepare NAME --again",
        )
    return {"missing": json.loads(ended.stdout.decode("utf-8"))}, b""


def _named(agent: Agent, arguments: Arguments) -> tuple[str, Path]:
    key = str(arguments.get("key"))
    if not _KEY.match(key):
        raise Refusal("path_refused", f"{key!r} is not the name of an environment.")
    return key, agent.inside(f"{FOLDER}/{key}")


def _ready(folder: Path) -> Arguments | None:
    try:
        told: Arguments = json.loads((folder / "ready.json").read_bytes().decode("utf-8"))
    except (OSError, ValueError):
        return None
    return told if (folder / "venv" / "bin" / "python").exists() else None


def _require_unused(agent: Agent, key: str) -> None:
    runs = _used(agent).get(key)
    if runs:
        raise Refusal(
            "environment_in_use",
            f"The environment is at work on {', '.join(runs)}.",
            "Wait until the runs there have ended, or stop them.",
        )


def _used(agent: Agent) -> dict[str, list[str]]:
    """Runs whose living process came from an environment, by the environment's key."""
    used: dict[str, list[str]] = {}
    for record in (agent.root / "runs").glob("*/attempts/*/" + processes.PID_FILE):
        pid = processes.living(record.parent)
        if pid is None:
            continue
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        found = re.search(r"/environments/([0-9a-f]+)/", line)
        key: str | None = found[1] if found else None
        while key:  # one that lies over another uses that too
            used.setdefault(key, []).append(record.parents[2].name)
            key = (_ready(agent.root / FOLDER / key) or {}).get("overlay_of")
    return used


def _remove_tree(folder: Path) -> int:
    """Remove a folder; gives the bytes that no other hard link keeps."""
    freed = 0
    for place, _, names in os.walk(str(folder)):
        for name in names:
            status = (Path(place) / name).lstat()
            freed += status.st_size if status.st_nlink == 1 else 0
    if folder.exists():
        shutil.rmtree(str(folder))
    return freed


@contextmanager
def _alone(agent: Agent) -> Generator[None, None, None]:
    folder = agent.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


VERBS: dict[str, Verb] = {
    "prepare": prepare,
    "environments": environments,
    "drop_environment": drop_environment,
    "try_environment": try_environment,
    "missing_requirements": missing_requirements,
}
