"""Who has which device of this host: runs of several desktops share it, one run a device."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.executors.ssh.agent.processes import living
from engine.executors.ssh.agent.words import Agent, Refusal

if TYPE_CHECKING:
    from collections.abc import Generator

    from engine.executors.ssh.agent.words import Arguments, Verb

FOLDER = "devices"
STARTING_S = 120.0
"""A holder whose process is not there yet keeps its device for so long."""


def hold(agent: Agent, arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """Take devices for a run's attempt, all or none.

    Raises:
        Refusal: `device_busy` naming the run that has one.
    """
    names = str(arguments["devices"]).split(",")
    with _alone(agent):
        for name in names:
            holder = holder_of(agent, name)
            if holder is not None and holder["run"] != arguments["run"]:
                raise Refusal(
                    "device_busy",
                    "{} is at work on the run {}.".format(name, holder["run"]),
                    "The run starts by itself when the device is free; or send it elsewhere.",
                )
        for name in names:
            record = {
                "run": arguments["run"],
                "attempt": arguments["attempt"],
                "desktop": arguments["desktop"],
            }
            path = _path(agent, name)
            draft = path.with_name(f".{path.name}.{os.getpid()}")
            draft.write_bytes(json.dumps(record).encode("utf-8"))
            os.replace(str(draft), str(path))  # noqa: PTH105
    return {}, b""


def holders(agent: Agent, _arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """The runs that have a device, by device."""
    folder = agent.root / FOLDER
    names = [path.stem.replace("-", ":") for path in folder.glob("*.json")] if folder.is_dir() else []
    held = {name: holder_of(agent, name) for name in sorted(names)}
    return {"holders": {name: holder for name, holder in held.items() if holder is not None}}, b""


def holder_of(agent: Agent, device: str) -> Arguments | None:
    """The run that has a device: its process lives, or was to be started a moment ago."""
    path = _path(agent, device)
    try:
        record: Arguments = json.loads(path.read_bytes().decode("utf-8"))
        attempt = agent.inside("runs/{}/attempts/{:04d}".format(record["run"], int(record["attempt"])))
        age = time.time() - path.stat().st_mtime
    except (OSError, ValueError, KeyError, TypeError, Refusal):
        return None
    started = (attempt / "pid.json").exists()
    is_starting = not started and attempt.is_dir() and 0 <= age < STARTING_S
    return record if living(attempt) is not None or is_starting else None


def _path(agent: Agent, device: str) -> Path:
    return agent.inside("{}/{}.json".format(FOLDER, device.replace(":", "-")))


@contextlib.contextmanager
def _alone(agent: Agent) -> Generator[None, None, None]:
    folder = agent.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


VERBS: dict[str, Verb] = {"hold": hold, "holders": holders}
