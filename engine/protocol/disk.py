"""What a failed write means to the user: one translation of the operating system's words."""

from __future__ import annotations

import errno
from pathlib import Path

from engine.errors import UserError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CLOSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def is_full(error: OSError) -> bool:
    """Say whether there was no room: a full disk, a quota, a file-size limit."""
    return error.errno in _FULL


def write_error(error: OSError, path: Path) -> UserError:
    """Give the error to raise when writing `path` failed: `disk_full`, `folder_read_only` or `write_failed`."""
    if is_full(error):
        return disk_full(path)
    if error.errno in _CLOSED:
        return UserError(
            "folder_read_only",
            f"{path} cannot be written: {error.strerror or error}.",
            "Give yourself the right to write there, or move the data folder with LENSMITH_HOME.",
        )
    return UserError(
        "write_failed",
        f"Writing {path} failed: {error.strerror or error}.",
        "Check the disk, then resume the run.",
    )


def saving_error(error: OSError, path: Path) -> UserError:
    """Give the error to raise when a file could not be saved where the user wants it: `disk_full`, `file_not_saved`."""
    if is_full(error):
        return UserError(
            "disk_full",
            f"The disk is full: {path} could not be written.",
            "Free some space, or choose a place on another disk.",
        )
    return UserError(
        "file_not_saved",
        f"{path} could not be written: {error.strerror or error}.",
        "Close it where another program has it open, or choose another name or folder.",
    )


def disk_full(path: Path) -> UserError:
    """Give the error that says that there is no room for `path`."""
    return UserError(
        "disk_full",
        f"The disk is full: {path} could not be written. What was saved before is untouched.",
        "Free some space (old runs, exports), then resume the run from its last checkpoint.",
    )
