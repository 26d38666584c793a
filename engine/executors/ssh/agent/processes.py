"""Processes that outlive the connection: started once in a folder, asked after, signalled."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.executors.ssh.agent.words import Agent

if TYPE_CHECKING:
    from collections.abc import Generator

    from engine.executors.ssh.agent.words import Arguments, Verb

LONGEST_POLL = 4 << 20
PID_FILE = "pid.json"
NOT_FOR_CHILDREN = ("SSH_AUTH_SOCK", "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "SSH_ORIGINAL_COMMAND")
_children: list[subprocess.Popen[bytes]] = []


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def identity(pid: int) -> str | None:
    """A text that no other process ever has; None when there is no such process (a zombie is none)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else f"{boot_id()}:{fields[19]}"


def living(folder: Path) -> int | None:
    """The number of the process that was started in a folder, while it lives."""
    for child in _children:
        child.poll()  # lets the system forget one that has ended
    try:
        record = json.loads((folder / PID_FILE).read_bytes().decode("utf-8"))
        pid = int(record["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pid if identity(pid) == record.get("start_time") else None


def launch(agent: Agent, arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """Start a process in a session of its own, once: a folder in which one was started is left alone."""
    folder = agent.inside(arguments["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        if (folder / PID_FILE).exists():
            return {"started": False, "pid": living(folder)}, b""
        log = agent.inside(arguments.get("log") or (arguments["folder"] + "/log.txt"))
        environment = {name: value for name, value in os.environ.items() if name not in NOT_FOR_CHILDREN}
        environment.update(arguments.get("env") or {})
        with log.open("ab") as out:
            child = subprocess.Popen(
                [str(part) for part in arguments["argv"]],
                cwd=str(agent.inside(arguments.get("cwd") or arguments["folder"])),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Written by the child itself, before its program begins: a kill of this agent leaves no orphan unknown.
                preexec_fn=lambda: _sign(folder),
            )
        _children.append(child)
        return {"started": True, "pid": child.pid}, b""


def _sign(folder: Path) -> None:
    pid = os.getpid()
    record = {"pid": pid, "start_time": identity(pid) or "", "host": platform.node()}
    draft = folder / f".pid.{pid}"
    draft.write_bytes(json.dumps(record).encode("utf-8"))
    os.replace(str(draft), str(folder / PID_FILE))  # noqa: PTH105


@contextlib.contextmanager
def _alone(folder: Path) -> Generator[None, None, None]:
    """One agent at a time starts something in a folder."""
    with (folder / ".launch.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def poll(agent: Agent, arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """Say whether the process of a folder lives and what is new in its files: one question, one answer.

    Whether it lives is looked up first, so that one that is gone has written all that is read here.
    """
    folder = agent.inside(arguments["folder"])
    launched = (folder / PID_FILE).exists()
    alive = living(folder) is not None
    try:
        beat: str | None = str((folder / "heartbeat").stat().st_mtime_ns)
    except OSError:
        beat = None
    parts: list[list[object]] = []
    data: list[bytes] = []
    reads: dict[str, int] = arguments.get("reads") or {}
    for name, offset in reads.items():
        path = agent.inside("{}/{}".format(arguments["folder"], name))
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > offset:
                file.seek(offset)
                data.append(file.read(LONGEST_POLL))
                parts.append([name, offset, len(data[-1])])
    return {"launched": launched, "alive": alive, "beat": beat, "parts": parts}, b"".join(data)


def send_signal(agent: Agent, arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """Signal the process of a folder and all that it has started."""
    pid = living(agent.inside(arguments["folder"]))
    number = signal.SIGKILL if arguments["name"] == "KILL" else signal.SIGTERM
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(pid) == pid:
                os.killpg(pid, number)
            else:
                os.kill(pid, number)
    return {"signalled": pid is not None}, b""


def clock(_agent: Agent, _arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    return {"time": time.time()}, b""


VERBS: dict[str, Verb] = {"launch": launch, "poll": poll, "signal": send_signal, "clock": clock}
