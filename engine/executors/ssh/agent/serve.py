"""The agent's ear and mouth: frames on standard input, answers in the same order on standard output.

A frame is a length of four bytes, a JSON header of that length, and as many raw bytes as its `bytes` says.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import struct
import sys
import traceback
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from engine.executors.ssh.agent import (
    cleaning,
    devices,
    environments,
    files,
    objects,
    probe,
    processes,
    trees,
)
from engine.executors.ssh.agent.words import MAGIC, Agent, Refusal, refusal_of

if TYPE_CHECKING:
    from engine.executors.ssh.agent.words import Arguments, Verb

LONGEST_HEADER = 1 << 20
LONGEST_PAYLOAD = 1 << 28
PIPE_BYTES = 1 << 20
F_SETPIPE_SZ = 1031
"""Of Linux; Python knows it by name from 3.10 on."""
VERBS: dict[str, Verb] = {}
for _module in (cleaning, devices, environments, files, objects, probe, processes, trees):
    VERBS.update(_module.VERBS)


def main() -> None:
    """Serve `agent.pyz serve ROOT` until standard input ends."""
    _widen(0, 1)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints by accident must not break a frame
    out.write(MAGIC)
    try:
        agent = Agent(_root(sys.argv[2]))
    except OSError as error:
        _write(out, {"id": 0, "error": _told(refusal_of(error, Path(sys.argv[2])))}, b"")
        return
    _write(out, {"id": 0, "ok": _hello(agent)}, b"")
    # Read whole frames from a buffer of their size: small reads would cost more than the work.
    stdin = os.fdopen(0, "rb", buffering=1 << 20)
    while True:
        frame = _read(stdin)
        if frame is None:
            return
        _write(out, *_answer(agent, *frame))


def _widen(*descriptors: int) -> None:
    """Let pipes hold more, so that the SSH server need not wait for this process for every 64 KB, nor this for it."""
    for descriptor in descriptors:
        with contextlib.suppress(OSError):  # a socket, another system, or a limit of this one
            fcntl.fcntl(descriptor, F_SETPIPE_SZ, PIPE_BYTES)


def _root(named: str) -> Path:
    root = Path(os.path.expanduser(named)).absolute()  # noqa: PTH111  # Path.expanduser raises where there is no home
    os.umask(0o077)
    root.mkdir(parents=True, exist_ok=True)
    probe_file = root / (f".write-probe-{os.getpid()}")
    probe_file.write_bytes(b"")
    probe_file.unlink()
    return root


def _hello(agent: Agent) -> Arguments:
    with open(sys.argv[0], "rb") as own:  # noqa: PTH123  # the archive that runs
        sha = hashlib.sha256(own.read()).hexdigest()
    return {
        "root": str(agent.root),
        "agent": sha,
        "python": platform.python_version(),
        "executable": sys.executable,
        "host": platform.node(),
        "pid": os.getpid(),
        "boot": processes.boot_id(),
    }


def _answer(agent: Agent, header: Arguments, payload: bytes) -> tuple[Arguments, bytes]:
    number = header.get("id")
    try:
        verb = VERBS.get(str(header.get("verb")))
        if verb is None:
            raise Refusal("verb_unknown", "The agent knows no verb {!r}.".format(header.get("verb")))
        told, data = verb(agent, header.get("arguments") or {}, payload)
        return {"id": number, "ok": told, "bytes": len(data)}, data
    except Refusal as refusal:
        return {"id": number, "error": _told(refusal)}, b""
    except OSError as error:
        where = Path(str(error.filename)) if error.filename else agent.root
        return {"id": number, "error": _told(refusal_of(error, where))}, b""
    except Exception as error:  # noqa: BLE001  # the outermost edge: the desktop shall hear of a bug here
        told = Refusal("host_agent_bug", f"The agent on the host failed: {type(error).__name__}: {error}.")
        return {"id": number, "error": _told(told), "traceback": traceback.format_exc()[-4000:]}, b""


def _told(refusal: Refusal) -> Arguments:
    return {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}


def _read(stdin: IO[bytes]) -> tuple[Arguments, bytes] | None:
    """The next frame; None at the end, also in the middle of one: the desktop is gone."""
    prefix = stdin.read(4)
    if len(prefix) < 4:
        return None
    (length,) = struct.unpack(">I", prefix)
    if length > LONGEST_HEADER:
        return None
    head = stdin.read(length)
    if len(head) < length:
        return None
    header: Any = json.loads(head.decode("utf-8"))
    size = int(header.get("bytes", 0))
    if not 0 <= size <= LONGEST_PAYLOAD:
        return None
    payload = stdin.read(size) if size else b""
    return (header, payload) if len(payload) == size else None


def _write(out: IO[bytes], header: Arguments, payload: bytes) -> None:
    head = json.dumps(header).encode("utf-8")
    try:
        out.write(struct.pack(">I", len(head)) + head)
        if payload:
            out.write(payload)
        out.flush()
    except OSError:
        sys.exit(0)  # nobody listens any more
