"""What is said of an attempt whose worker could not say it itself."""

from __future__ import annotations

from engine.errors import RemoteError, UserError
from engine.protocol.disk import disk_full, is_full
from engine.protocol.job import Failure
from engine.protocol.operating_system import free_disk_bytes
from engine.protocol.run_folder import AttemptFolder

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
            log_tail=attempt.log_tail(),
        )
    return Failure(
        cause="worker_died",
        code="worker_died",
        message="The training process ended without a word: it was killed, or the machine ran out of memory.",
        hint="Go on from the last checkpoint with `lensmith runs resume`.",
        log_tail=attempt.log_tail(),
    )


def launch_failure(error: UserError | OSError) -> Failure:
    """The worker could not be started."""
    if isinstance(error, RemoteError):
        return Failure(cause="network", code=error.code, message=error.message, hint=error.hint)
    if isinstance(error, UserError):
        return Failure(cause="bug", code=error.code, message=error.message, hint=error.hint)
    full = is_full(error)
    return Failure(
        cause="disk_full" if full else "bug",
        code="disk_full" if full else "launch_failed",
        message=f"The training process could not be started ({error.strerror or error}).",
        hint="Free some space, then retry." if full else "See runner.log in the run's folder.",
    )
