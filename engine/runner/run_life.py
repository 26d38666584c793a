"""One run's life on this side: place, launch, follow, relay, settle, try again; then let the queue go on."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import time
from pathlib import Path

from engine.errors import RemoteError, UserError
from engine.executors.executor import Executor
from engine.protocol.commands import read_commands
from engine.protocol.events import Notice, RunEnded, StateChanged
from engine.protocol.home import Home
from engine.protocol.job import Failure, ProcessRecord
from engine.protocol.operating_system import process_identity, wait_for_lock
from engine.protocol.run_folder import AttemptFolder, RunFolder, write_record
from engine.runner.attempts import NewAttempt, last_checkpoint, write_attempt
from engine.runner.executor_choice import executor_named
from engine.runner.following import Follower
from engine.runner.listeners import Listeners
from engine.runner.queue import tick
from engine.runner.timing import Timing

LOG_LINES = 50
TRANSIENT_CAUSES = ("worker_died", "network", "preempted")
"""What may be different the next time, without anybody changing anything."""


def main(path: Path) -> int:
    """Own the run in a folder until it has ended, then tick the queue. Gives 0; a run's failure is not the runner's."""
    folder = RunFolder(path.resolve())
    home = Home(folder.path.parents[1])
    lock = wait_for_lock(folder.runner_lock_path, timeout_s=2.0)
    if lock is None:
        return 0  # another runner owns it
    try:
        identity = process_identity(os.getpid()) or ""
        record = ProcessRecord(pid=os.getpid(), start_time=identity, host=platform.node())
        write_record(folder.runner_path, record)
        RunLife(home, folder).run_to_end()
    finally:
        folder.runner_path.unlink(missing_ok=True)
        lock.release()
    tick(home)
    return 0


class RunLife:
    """Owns one run. The caller holds the run's lock."""

    def __init__(
        self, home: Home, folder: RunFolder, executor: Executor | None = None, timing: Timing | None = None
    ) -> None:
        self._home = home
        self._folder = folder
        self._given_executor = executor
        self._timing = timing or Timing()
        self._listeners = Listeners(home, folder)

    def run_to_end(self) -> None:
        """Live through the newest attempt and those that follow a transient failure by themselves."""
        try:
            while True:
                attempt = self._folder.latest_attempt()
                self._take_supervision(attempt)
                ended = self._live(attempt)
                if not self._tries_again(attempt, ended):
                    break
        finally:
            self._listeners.store.release(self._folder.run)
            self._listeners.close()

    def _take_supervision(self, attempt: AttemptFolder) -> None:
        """Take in what an earlier runner, or the one who enqueued, has said."""
        from engine.store.rebuild import read_events

        self._listeners.take(attempt.number, "supervision", read_events(attempt.supervision_path))

    def _live(self, attempt: AttemptFolder) -> RunEnded:
        said = self._already_settled(attempt)
        if said is not None:
            return said
        try:
            executor = self._given_executor or executor_named(attempt.spec().placement.executor)
            follower = Follower(executor, self._folder, attempt.number, self._listeners)
            if attempt.process() is None and attempt.exit_record() is None:
                self._listeners.say(attempt.number, StateChanged(state="preparing", attempt=attempt.number))
                executor.place(self._folder)
                self._listeners.say(attempt.number, StateChanged(state="starting", attempt=attempt.number))
                executor.launch(self._folder, attempt.number)
        except (UserError, OSError) as error:
            return self._settle_failed(attempt, _launch_failure(error))
        _Watch(executor, self._folder, attempt.number, self._timing).until_gone(follower)
        return self._settle(executor, attempt, follower)

    def _already_settled(self, attempt: AttemptFolder) -> RunEnded | None:
        """What an earlier runner had settled before it died."""
        from engine.store.rebuild import read_events

        spoken = [e for e in read_events(attempt.supervision_path) if isinstance(e, RunEnded)]
        return spoken[-1] if spoken else None

    def _settle(self, executor: Executor, attempt: AttemptFolder, follower: Follower) -> RunEnded:
        """Make sure that the attempt has a last word."""
        with contextlib.suppress(RemoteError):
            executor.collect(self._folder, attempt.number)
        while follower.read_new():
            pass
        if follower.ended is not None:
            self._discard_if_cancelled(follower.ended)
            return follower.ended
        record = attempt.exit_record()
        if record is not None:
            ended = RunEnded(state=record.state, failure=record.failure)
        elif any(
            command.kind == "cancel" and command.attempt == attempt.number for command in self._orders()
        ):
            ended = RunEnded(state="cancelled")
        else:
            failure = Failure(
                cause="worker_died",
                code="worker_died",
                message="The training process ended without a word: it was killed, or the machine ran out of memory.",
                hint="Go on from the last checkpoint with `lensmith runs resume`.",
                log_tail=log_tail(attempt),
            )
            ended = RunEnded(state="failed", failure=failure)
        self._listeners.say(attempt.number, ended)
        self._discard_if_cancelled(ended)
        return ended

    def _settle_failed(self, attempt: AttemptFolder, failure: Failure) -> RunEnded:
        ended = RunEnded(state="failed", failure=failure)
        self._listeners.say(attempt.number, ended)
        return ended

    def _discard_if_cancelled(self, ended: RunEnded) -> None:
        if ended.state == "cancelled":
            for folder in (self._folder.checkpoints, self._folder.results, self._folder.exports):
                shutil.rmtree(folder, ignore_errors=True)

    def _tries_again(self, attempt: AttemptFolder, ended: RunEnded) -> bool:
        """After a transient failure: wait, then write the next attempt, at most as often as there are pauses."""
        if ended.state != "failed" or ended.failure is None or ended.failure.cause not in TRANSIENT_CAUSES:
            return False
        tried = self._automatic_attempts()
        pauses = self._timing.retry_backoff_s
        if tried >= len(pauses) or self._folder.latest_attempt().number != attempt.number:
            return self._folder.latest_attempt().number != attempt.number
        time.sleep(pauses[tried])
        notice = Notice(
            level="warning",
            code="automatic_retry",
            message=f"{ended.failure.message} Trying again by itself, {tried + 1} of {len(pauses)}.",
        )
        new = NewAttempt("retry", last_checkpoint(self._folder), automatic=True)
        try:
            spec, told = write_attempt(self._folder, self._home, new, notice)
        except UserError:  # somebody else was quicker, or the dataset is gone: leave it as it is
            return False
        self._listeners.take(spec.attempt, "supervision", told)
        return True

    def _automatic_attempts(self) -> int:
        """Automatic attempts in a row, up to now."""
        count = 0
        for attempt in reversed(self._folder.attempts()):
            if not attempt.spec().automatic:
                break
            count += 1
        return count

    def _orders(self) -> list[_Order]:
        return [_Order(c.kind, c.attempt, c.number) for c in read_commands(self._folder.commands, 0)]


class _Order:
    """The part of a command that settling looks at."""

    def __init__(self, kind: str, attempt: int, number: int) -> None:
        self.kind = kind
        self.attempt = attempt
        self.number = number


class _Watch:
    """Follows one worker to its end: relays orders, insists on a cancel, and counts silence."""

    def __init__(self, executor: Executor, folder: RunFolder, attempt: int, timing: Timing) -> None:
        self._executor = executor
        self._folder = folder
        self._attempt = attempt
        self._timing = timing
        self._delivered = 0
        self._cancel_seen: float | None = None
        self._asked_to_end = False

    def until_gone(self, follower: Follower) -> None:
        """Come back when the worker is gone and everything it said has been read."""
        while True:
            status = self._executor.status(self._folder, self._attempt)
            read = follower.read_new()
            if status == "gone":
                return
            self._relay()
            if not read:
                time.sleep(self._timing.poll_s)

    def _relay(self) -> None:
        new = read_commands(self._folder.commands, self._delivered)
        if new:
            self._executor.deliver_commands(self._folder)
            self._delivered = new[-1].number
            cancelled = any(command.kind == "cancel" and command.attempt == self._attempt for command in new)
            if cancelled and self._cancel_seen is None:
                self._cancel_seen = time.monotonic()
        if self._cancel_seen is not None:
            self._insist(time.monotonic() - self._cancel_seen)

    def _insist(self, waited: float) -> None:
        """A cancel that is not obeyed becomes a signal, then a kill."""
        polite = self._timing.cancel_term_after_s
        if waited > polite + self._timing.cancel_kill_after_s:
            self._executor.kill(self._folder, self._attempt)
        elif waited > polite and not self._asked_to_end:
            self._asked_to_end = True
            self._executor.terminate(self._folder, self._attempt)


def log_tail(attempt: AttemptFolder) -> tuple[str, ...]:
    """The last lines of the worker's log."""
    try:
        text = attempt.log_path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(text.splitlines()[-LOG_LINES:])


def _launch_failure(error: UserError | OSError) -> Failure:
    if isinstance(error, RemoteError):
        return Failure(cause="network", code=error.code, message=error.message, hint=error.hint)
    if isinstance(error, UserError):
        return Failure(cause="bug", code=error.code, message=error.message, hint=error.hint)
    full = error.errno in (28, 122)
    return Failure(
        cause="disk_full" if full else "bug",
        code="disk_full" if full else "launch_failed",
        message=f"The training process could not be started ({error.strerror or error}).",
        hint="Free some space, then retry." if full else "See runner.log in the run's folder.",
    )
