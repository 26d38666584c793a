"""Single files of Lensmith's folder: put, listed, read from a byte on, removed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from engine.executors.ssh.agent.words import Agent, Refusal

if TYPE_CHECKING:
    from engine.executors.ssh.agent.words import Arguments, Verb

MOST_ENTRIES = 200_000
LONGEST_READ = 16 << 20


def put(agent: Agent, arguments: Arguments, payload: bytes) -> tuple[Arguments, bytes]:
    """Write a small file whole; with `exclusive` one that is there stays as it is."""
    target = agent.inside(arguments["path"])
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        if arguments.get("mode"):
            draft.chmod(int(arguments["mode"]))
        if not arguments.get("exclusive"):
            os.replace(str(draft), str(target))  # noqa: PTH105  # one form for all Pythons
            return {"written": True}, b""
        return {"written": _publish(draft, target)}, b""
    finally:
        if draft.exists():
            draft.unlink()


def _publish(draft: Path, target: Path) -> bool:
    try:
        os.link(str(draft), str(target))
        return True
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if target.exists():
            return False
        os.replace(str(draft), str(target))  # noqa: PTH105
        return True


def listing(agent: Agent, arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """List the regular files below a folder as JSON: [path, size, mtime_ns, sha256 or ""]. Links are passed over."""
    folder = agent.inside(arguments["path"])
    hashes = bool(arguments.get("hashes"))
    found: list[list[object]] = []
    for place, names, entries in os.walk(str(folder)):
        names[:] = [name for name in names if not (Path(place) / name).is_symlink()]
        for name in entries:
            path = Path(place) / name
            try:
                status = path.lstat()
                if not stat.S_ISREG(status.st_mode):
                    continue
                sha = _sha256(path) if hashes else ""
            except FileNotFoundError:
                continue
            relative = path.relative_to(folder).as_posix()
            found.append([relative, status.st_size, status.st_mtime_ns, sha])
        if len(found) > MOST_ENTRIES:
            raise Refusal("host_too_many_files", f"{folder} on the host holds too many files.")
    return {"there": folder.is_dir(), "files": len(found)}, json.dumps(found).encode("utf-8", "replace")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def read(agent: Agent, arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """Give the bytes of a file from an offset on, and its size; `there` is false where there is none."""
    path = agent.inside(arguments["path"])
    limit = min(int(arguments.get("limit", LONGEST_READ)), LONGEST_READ)
    if path.is_symlink() or not path.is_file():
        return {"there": False, "size": 0}, b""
    with path.open("rb") as file:
        file.seek(int(arguments.get("offset", 0)))
        data = file.read(limit)
        size = os.fstat(file.fileno()).st_size
    return {"there": True, "size": size}, data


def remove(agent: Agent, arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """Remove a file or a folder; gives the bytes that were freed by their sizes."""
    target = agent.inside(arguments["path"])
    if target.is_symlink() or target.is_file():
        freed = target.lstat().st_size
        target.unlink()
        return {"freed": freed}, b""
    freed = 0
    for place, _, names in os.walk(str(target)):
        for name in names:
            status = (Path(place) / name).lstat()
            freed += status.st_size if status.st_nlink == 1 else 0
    if target.exists():
        shutil.rmtree(str(target))
    return {"freed": freed}, b""


VERBS: dict[str, Verb] = {"put": put, "list": listing, "read": read, "remove": remove}
