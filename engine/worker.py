"""The worker: does what job.json asks for in this process, and always ends with a last word."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import time
import traceback
from pathlib import Path

from engine.channel.control import Control
from engine.channel.heartbeat import Heartbeat
from engine.channel.reporter import Reporter
from engine.channel.resources import ResourceSampler
from engine.errors import UserError
from engine.protocol.events import RunEnded
from engine.protocol.job import EndState, ExitRecord, Failure, ProcessRecord
from engine.protocol.operating_system import process_identity, try_lock
from engine.protocol.run_folder import AttemptFolder, RunFolder, write_record


def main(path: Path) -> int:
    """Do the newest attempt of the run in a folder. Gives 0, or 1 when the run failed."""
    folder = RunFolder(path.resolve())
    attempt = folder.latest_attempt()
    began = time.monotonic()
    lock = try_lock(attempt.path / ".worker.lock")
    if lock is None:
        return 0  # another process does this attempt already
    _write_identity(folder, attempt)
    reporter = Reporter(attempt)
    try:
        # The GPUs are sampled even by a run on the CPU: the window shows the machine, not only the run.
        with Heartbeat(attempt.heartbeat_path), ResourceSampler(reporter, folder.path):
            state, failure = _work(folder, attempt, reporter)
    finally:
        _flush_log()
    reporter.emit(RunEnded(state=state, failure=failure, elapsed_s=time.monotonic() - began))
    reporter.close()
    with contextlib.suppress(OSError):  # a full disk: the runner says what is known
        write_record(attempt.exit_path, ExitRecord(state=state, failure=failure))
    lock.release()
    return 1 if failure is not None else 0


def _work(folder: RunFolder, attempt: AttemptFolder, reporter: Reporter) -> tuple[EndState, Failure | None]:
    try:
        state = _dispatch(folder, attempt, reporter)
        reporter.flush()
        return state, None
    except BaseException as error:  # noqa: BLE001  # whatever ends the work, also an exit or an interrupt by the plugin, is told
        traceback.print_exc()
        return "failed", _failure(error, attempt)


def _dispatch(folder: RunFolder, attempt: AttemptFolder, reporter: Reporter) -> EndState:
    # Imported here: loading torch takes seconds, and what goes wrong in it has its last word too.
    from engine.jobs.desk import Desk
    from engine.jobs.kinds import do_job

    control = Control(folder, attempt.number, reporter)
    return do_job(Desk(folder, attempt, reporter, control))


def _failure(error: BaseException, attempt: AttemptFolder) -> Failure:
    _flush_log()
    try:
        from engine.training.failures import classify

        failure = classify(error)
    except ImportError as missing:
        hint = "Install it with `pip install 'lensmith[engine]'` (in a checkout: python3 dev.py setup)."
        told = UserError("feature_missing", f"The engine cannot start: {missing}.", hint)
        failure = Failure(cause="bug", code=told.code, message=told.message, hint=told.hint)
    return failure.model_copy(update={"log_tail": attempt.log_tail()})


def _flush_log() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


def _write_identity(folder: RunFolder, attempt: AttemptFolder) -> None:
    """Say which process this is; an executor on another machine cannot know."""
    identity = process_identity(os.getpid()) or ""
    record = ProcessRecord(pid=os.getpid(), start_time=identity, host=platform.node())
    with contextlib.suppress(OSError):
        write_record(attempt.pid_path, record)
        write_record(folder.path / "pid.json", record)
