"""Content hashes of files, remembered by path, size and time of change, so that a second import reads nothing."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

from engine.errors import UserError
from engine.protocol.run_folder import write_atomic

THREADS = 4
Progress = Callable[[int, int, str], None]
"""Takes done, total and the name of the phase."""


def no_progress(_done: int, _total: int, _phase: str) -> None:
    """Nobody watches."""


class HashMemory:
    """Remembers hashes in a file of the user's cache; without one, in memory only. A damaged file is forgotten."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, str] = _read(path) if path is not None else {}
        self._is_changed = False

    def hash_all(self, files: Sequence[Path], progress: Progress = no_progress) -> list[str]:
        """Give the sha256 (hex) of each file.

        Raises:
            UserError: `image_unreadable` for a file that is gone or may not be read.
        """
        hashes: list[str] = []
        with ThreadPoolExecutor(THREADS, thread_name_prefix="hash") as pool:
            for number, sha in enumerate(pool.map(self._hash, files), start=1):
                hashes.append(sha)
                progress(number, len(files), "Hashing")
        return hashes

    def save(self) -> None:
        """Keep what was learned; a full or read-only disk only costs time later."""
        if self._path is None or not self._is_changed:
            return
        try:
            write_atomic(self._path, json.dumps(self._known).encode())
        except OSError:
            return

    def _hash(self, file: Path) -> str:
        try:
            status = file.stat()
            key = f"{os.fspath(file.absolute())}|{status.st_size}|{status.st_mtime_ns}"
            known = self._known.get(key)
            if known is not None:
                return known
            with file.open("rb") as opened:
                sha = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            raise UserError(
                "image_unreadable",
                f"The image {file} cannot be read: {error.strerror or error}.",
                "Check that it is there and may be read.",
            ) from error
        self._known[key] = sha
        self._is_changed = True
        return sha


def _read(path: Path) -> dict[str, str]:
    try:
        found: object = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return cast("dict[str, str]", found) if isinstance(found, dict) else {}
