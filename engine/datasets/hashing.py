"""Content hashes of files, remembered by path, size and time of change, so that a second import reads nothing."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

from engine.errors import UserError
from engine.protocol.run_folder import write_atomic

THREADS = 4
Progress = Callable[[int, int, str], None]
"""Takes done, total and the name of the phase; a total of 0 is not known."""
_SETTLED_S = 2.0
"""A file that changed within this time may change again without a new time stamp, so it is not remembered."""

_Remembered = tuple[int, int, str]
"""Size in bytes, time of change in ns, sha256."""


def no_progress(_done: int, _total: int, _phase: str) -> None:
    """Nobody watches."""


class HashMemory:
    """Remembers hashes in a file of the user's cache; without one, in memory only. A damaged file is forgotten."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, _Remembered] = _read(path)
        self._learned: dict[str, _Remembered] = {}

    def hash_all(self, files: Sequence[Path], progress: Progress = no_progress) -> list[str | UserError]:
        """Give the sha256 (hex) of each file, or `image_unreadable` for one that is gone or may not be read."""
        hashes: list[str | UserError] = []
        with ThreadPoolExecutor(THREADS, thread_name_prefix="hash") as pool:
            for number, sha in enumerate(pool.map(self._hash, files), start=1):
                hashes.append(sha)
                progress(number, len(files), "Hashing")
        return hashes

    def save(self) -> None:
        """Keep what was learned; a full or read-only disk only costs time later."""
        if self._path is None or not self._learned:
            return
        try:
            # Read anew: another import may have learned in the meantime.
            write_atomic(self._path, json.dumps({**_read(self._path), **self._learned}).encode())
        except OSError:
            return
        self._learned.clear()

    def _hash(self, file: Path) -> str | UserError:
        try:
            if file.exists() and not file.is_file():  # a pipe would be waited for without end
                return _unreadable(file, "it is no file")
            status = file.stat()
            key = os.fspath(file.absolute())
            known = self._known.get(key)
            if known is not None and tuple(known[:2]) == (status.st_size, status.st_mtime_ns):
                return known[2]
            with file.open("rb") as opened:
                sha = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            return _unreadable(file, error.strerror or str(error))
        if time.time() - status.st_mtime > _SETTLED_S:
            self._known[key] = self._learned[key] = (status.st_size, status.st_mtime_ns, sha)
        return sha


def _unreadable(file: Path, why: str) -> UserError:
    return UserError(
        "image_unreadable",
        f"The image {file} cannot be read: {why}.",
        "Check that it is there and may be read.",
    )


def _read(path: Path | None) -> dict[str, _Remembered]:
    try:
        found: object = json.loads(path.read_bytes()) if path is not None else {}
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    entries = cast("dict[str, object]", found)
    return {
        name: cast("_Remembered", tuple(cast("list[object]", value)))
        for name, value in entries.items()
        if isinstance(value, list) and len(cast("list[object]", value)) == 3
    }
