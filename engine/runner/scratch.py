"""Folders for work that leaves nothing behind: each is held by a lock, and swept away once its process is gone."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Generator
from pathlib import Path

from engine.errors import UserError
from engine.protocol.disk import write_error
from engine.protocol.home import Home
from engine.protocol.operating_system import try_lock

_LOCK = ".lock"


@contextlib.contextmanager
def scratch_folder(home: Home, name: str) -> Generator[Path]:
    """Give the empty folder HOME/scratch/NAME, and remove it when the block ends, however it ends.

    What a killed process has left goes when the next folder is made, and at each tick of the queue.

    Raises:
        UserError: `disk_full`, `folder_read_only` or `write_failed`; `scratch_taken` when a live process holds it.
    """
    sweep_scratch(home)
    folder = home.scratch / name
    try:
        lock = try_lock(_lock_of(folder))
        if lock is None:
            raise UserError(
                "scratch_taken", f"{folder} is in use by another process.", "Wait a second, then try again."
            )
        folder.mkdir(parents=True)
    except OSError as error:
        raise write_error(error, folder) from error
    try:
        yield folder
    finally:
        _remove(folder)
        lock.release()
        with contextlib.suppress(OSError):
            _lock_of(folder).unlink()


def sweep_scratch(home: Home) -> None:
    """Remove the folders that no live process holds."""
    if not home.scratch.is_dir():
        return
    for entry in sorted(home.scratch.iterdir()):
        folder = entry.with_suffix("") if entry.suffix == _LOCK else entry
        with contextlib.suppress(OSError):
            lock = try_lock(_lock_of(folder))
            if lock is None:
                continue
            _remove(folder)
            lock.release()
            _lock_of(folder).unlink()


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + _LOCK)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
