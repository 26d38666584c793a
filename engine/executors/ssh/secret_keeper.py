"""Keeps passphrases in the memory of one process of this user, where the system has no keyring (POSIX only).

Runs as `python -m engine.executors.ssh.secret_keeper SOCKET IDLE_SECONDS`. Each connection is one line of JSON asked
and one line answered; the socket is this user's alone. Nothing is written; the end of the process forgets everything.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import sys
import time
from pathlib import Path
from typing import Final, cast

from engine.protocol.operating_system import try_lock

LONGEST_LINE: Final = 64 * 1024
ANSWER_WITHIN_S: Final = 5.0
_LOOK_EVERY_S: Final = 5.0


def ask_keeper(path: Path, question: dict[str, str]) -> dict[str, str] | None:
    """Ask the keeper at `path` one thing; None when nobody keeps anything there."""
    if sys.platform == "win32":
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(ANSWER_WITHIN_S)
        try:
            line.connect(str(path))
            line.sendall(json.dumps(question).encode() + b"\n")
            answer = _read_line(line)
        except OSError:
            return None
    return _as_texts(answer)


def serve(path: Path, idle_s: float) -> None:
    """Answer until nothing is kept any more, nobody has asked for `idle_s`, or the socket's file is gone."""
    if sys.platform == "win32":
        return
    _keep_out_of_core_dumps()
    lock = try_lock(path.with_name(f"{path.name}.lock"))
    if lock is None:
        return  # another one serves already
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            door.bind(str(path))
        finally:
            os.umask(before)
        door.listen(16)
        mine = path.stat().st_ino
        try:
            _answer_all(door, path, idle_s)
        finally:
            with contextlib.suppress(OSError):
                if path.stat().st_ino == mine:
                    path.unlink()
    lock.release()


def _answer_all(door: socket.socket, path: Path, idle_s: float) -> None:
    secrets: dict[str, str] = {}
    last = time.monotonic()
    while time.monotonic() - last < idle_s:
        ready, _, _ = select.select([door], [], [], min(idle_s, _LOOK_EVERY_S))
        if not ready:
            if not path.exists():
                return
            continue
        last = time.monotonic()
        with contextlib.suppress(OSError):
            line, _ = door.accept()
            with line:
                line.settimeout(ANSWER_WITHIN_S)
                question = _as_texts(_read_line(line))
                if question is not None and _is_ours(line):
                    line.sendall(json.dumps(_answer(secrets, question)).encode() + b"\n")
                    if question.get("verb") == "drop" and not secrets:
                        return


def _answer(secrets: dict[str, str], question: dict[str, str]) -> dict[str, str]:
    name = question.get("name", "")
    if question.get("verb") == "keep":
        secrets[name] = question.get("secret", "")
    elif question.get("verb") == "drop":
        secrets.pop(name, None)
    elif question.get("verb") == "give" and name in secrets:
        return {"secret": secrets[name]}
    return {}


def _read_line(line: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n") and len(data) < LONGEST_LINE:
        part = line.recv(4096)
        if not part:
            break
        data += part
    return data


def _as_texts(data: bytes) -> dict[str, str] | None:
    try:
        read: object = json.loads(data)
    except ValueError:
        return None
    if not isinstance(read, dict):
        return None
    pairs = cast("dict[object, object]", read).items()
    return {key: value for key, value in pairs if isinstance(key, str) and isinstance(value, str)}


def _is_ours(line: socket.socket) -> bool:
    """Say whether the one who asks runs as this user; the socket's mode says so too, where the system heeds it."""
    if sys.platform != "linux":
        return True
    told = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(told[4:8], sys.byteorder) == os.getuid()


def _keep_out_of_core_dumps() -> None:
    if sys.platform == "win32":
        return
    import resource  # exists on POSIX only

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    serve(Path(sys.argv[1]), float(sys.argv[2]))
