"""What is said of an attempt whose worker could not say it itself."""

from __future__ import annotations

import errno

from engine.errors import RemoteError, UserError
from engine.protocol.disk import disk_full
from engine.protocol.job import Failure
from engine.protocol.operating_system import free_disk_bytes
from engine.protocol.run_folder import AttemptFolder

LOG_LINES = 50
_ROOM_FOR_WORDS = 256 * 1024
"""Bytes; with less the worker could not have written why it ended."""


def worker_died(attempt: AttemptFolder) -> Failure:
    """The process is gone, and neither its events nor its exit record say why: perhaps they could not be written."""
    if free_disk_bytes(attempt.path) < _ROOM_FOR_WORDS:
        told = disk_full(attempt.path)
        return Failure(
            cause="disk_full",
            code=told.code,
            message=told.message,
            hint=told.hint,
            log_tail=log_tail(attempt),
        )
    return Failure(
        cause="worker_died",
        code="worker_died",
        message="The training process ended without a word: it was killed, or the machine ran out of memory.",
        hint="Go on from the last checkpoint with `lensmith runs resume`.",
        log_tail=log_tail(attempt),
    )


def launch_failure(error: UserError | OSError) -> Failure:
    """The worker could not be started."""
    if isinstance(error, RemoteError):
        return Failure(cause="network", code=error.code, message=error.message, hint=error.hint)
    if isinstance(error, UserError):
        return Failure(cause="bug", code=error.code, message=error.message, hint=error.hint)
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return Failure(
        cause="disk_full" if full else "bug",
        code="disk_full" if full else "launch_failed",
        message=f"The training process could not be started ({error.strerror or error}).",
        hint="Free some space, then retry." if full else "See runner.log in the run's folder.",
    )


def log_tail(attempt: AttemptFolder) -> tuple[str, ...]:
    """The last lines of the worker's log."""
    try:
        text = attempt.log_path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(text.splitlines()[-LOG_LINES:])
