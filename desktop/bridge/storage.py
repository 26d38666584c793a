"""How much the folders of one user hold, and emptying those that may be emptied; to be called in the background."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from engine.datasets.library import Library
from engine.errors import UserError
from engine.protocol.home import Home


@dataclass(frozen=True, slots=True)
class FolderSize:
    """What lies in a folder: bytes of all files, and how many entries it has itself."""

    size_bytes: int = 0
    entries: int = 0


@dataclass(frozen=True, slots=True)
class StorageReport:
    """The folders that grow."""

    cache: FolderSize
    trash: FolderSize
    runs: FolderSize
    disk_free_bytes: int


def measure_storage(home: Home) -> StorageReport:
    """Look at the folders; what cannot be read counts as nothing."""
    free = 0
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(home.path).free
    return StorageReport(folder_size(home.cache), folder_size(home.trash), folder_size(home.runs), free)


def folder_size(folder: Path) -> FolderSize:
    """Add a folder's files up, without following links."""
    entries = 0
    with contextlib.suppress(OSError):
        entries = sum(not entry.name.startswith(".") for entry in os.scandir(folder))
    return FolderSize(_bytes_in(folder), entries)


def clear_cache(home: Home) -> int:
    """Delete what can be made again, and give the bytes that were freed.

    Pictures that a dataset is made of, such as the demo's, also lie there: they stay.

    Raises:
        UserError: `cache_not_cleared` when a program holds some of it.
    """
    kept = _dataset_roots(home)
    before = _bytes_in(home.cache)
    entries = list(home.cache.iterdir()) if home.cache.is_dir() else []
    failed = [_delete(entry) for entry in entries if not any(root.is_relative_to(entry) for root in kept)]
    _complain("cache_not_cleared", "cache", [reason for reason in failed if reason])
    return before - _bytes_in(home.cache)


def empty_trash(home: Home) -> int:
    """Delete the runs in the trash for good, and give the bytes that were freed.

    Raises:
        UserError: `trash_not_emptied` when a program holds some of it.
    """
    before = _bytes_in(home.trash)
    entries = list(home.trash.iterdir()) if home.trash.is_dir() else []
    _complain("trash_not_emptied", "trash", [reason for reason in map(_delete, entries) if reason])
    return before - _bytes_in(home.trash)


def _dataset_roots(home: Home) -> list[Path]:
    library = Library(home)
    roots: list[Path] = []
    for manifest in library.list():
        with contextlib.suppress(UserError):
            roots.append(library.root(manifest.name))
    return roots


def _bytes_in(folder: Path) -> int:
    total = 0
    for place, _folders, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += (Path(place) / name).lstat().st_size
    return total


def _delete(entry: Path) -> str:
    """Delete a file or a folder; give why that was not possible, or nothing."""
    try:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{entry.name}: {error.strerror or error}"
    return ""


def _complain(code: str, what: str, reasons: list[str]) -> None:
    if reasons:
        raise UserError(
            code,
            f"Not all of the {what} could be deleted ({reasons[0]}).",
            "Close the programs that use it, wait for running trainings, then try again.",
        )
