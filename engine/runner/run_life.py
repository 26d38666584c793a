"""One run's life on this side: place, launch, follow, relay, settle, try again; then let the queue go on."""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path

from engine.errors import RemoteError, UserError
from engine.executors.executor import CalledOff, Executor, Hooks
from engine.protocol.events import Notice, RunEnded, StateChanged
from engine.protocol.home import Home
from engine.protocol.job import ProcessRecord
from engine.protocol.moving import wanted_place
from engine.protocol.operating_system import process_identity, wait_for_lock
from engine.protocol.run_folder import AttemptFolder, RunFolder, write_record
from engine.runner.attempts import NewAttempt, attempts_locked, device_for, last_checkpoint, write_attempt
from engine.runner.commands import discard
from engine.runner.executor_choice import executor_named
from engine.runner.following import Follower
from engine.runner.last_words import launch_failure, worker_died
from engine.runner.listeners import Listeners
from engine.runner.patience import Orders, Patience
from engine.runner.queue import tick
from engine.runner.timing import Timing
from engine.runner.watching import Watch
from engine.store.rebuild import read_events

TRANSIENT_CAUSES = ("worker_died", "network", "preempted")
"""What may be different the next time, without anybody changing anything."""


def main(path: Path, executor: Executor | None = None, timing: Timing | None = None) -> int:
    """Own the run in a folder until it has ended, then tick the queue. Gives 0; a run's failure is not the runner's.

    Args:
        path: of the run folder.
        executor: None takes the one that the attempt names.
        timing: None takes the usual intervals.
    """
    folder = RunFolder(path.resolve())
    home = Home(folder.path.parents[1])
    lock = wait_for_lock(folder.runner_lock_path, timeout_s=2.0)
    if lock is None:
        return 0  # another runner owns it
    try:
        identity = process_identity(os.getpid()) or ""
        record = ProcessRecord(pid=os.getpid(), start_time=identity, host=platform.node())
        write_record(folder.runner_path, record)
        RunLife(home, folder, executor, timing).run_to_end()
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
        self._store = self._listeners.store

    def run_to_end(self) -> None:
        """Live through the newest attempt and those that follow a transient failure by themselves.

        The run's device is given back when it is settled. It is kept when this process fails: the worker may live.
        """
        try:
            self._store.add_run(self._folder.job())
            for earlier in self._folder.attempts()[:-1]:
                self._listeners.take(earlier.number, "worker", read_events(earlier.events_path))
            while (attempt := self._attempt_at_hand()) is not None:
                self._listeners.take(attempt.number, "supervision", read_events(attempt.supervision_path))
                ended = self._live(attempt)
                if self._tries_again(attempt, ended) or self._moves_on(attempt, ended):
                    continue
                if self._lets_go(attempt):
                    break
        finally:
            self._listeners.close()

    def _attempt_at_hand(self) -> AttemptFolder | None:
        """The newest attempt; None, and the device given back, when it still waits for its turn in the queue."""
        with attempts_locked(self._folder), self._store.transaction():
            attempt = self._folder.latest_attempt()
            if self._store.is_waiting(self._folder.run):
                self._store.release(self._folder.run)
                return None
            if self._folder.run not in self._store.leases():
                self._store.lease(self._folder.run, attempt.spec().placement.lease)
            return attempt

    def _lets_go(self, attempt: AttemptFolder) -> bool:
        """Give the device back; False when the next attempt is there already."""
        with attempts_locked(self._folder), self._store.transaction():
            if self._folder.latest_attempt().number != attempt.number:
                return False
            self._store.release(self._folder.run)
            return True

    def _live(self, attempt: AttemptFolder) -> RunEnded:
        said = self._already_settled(attempt)
        if said is not None:
            return said
        orders = Orders(self._folder, attempt.number)
        hooks = Hooks(lambda event: self._listeners.say(attempt.number, event), orders.wants_end)
        patience = Patience(self._folder, attempt.number, self._listeners, self._timing)
        try:
            named = attempt.spec().placement.executor
            executor = self._given_executor or executor_named(named, self._home, hooks)
        except (UserError, OSError) as error:
            return self._settle_as(attempt, RunEnded(state="failed", failure=launch_failure(error)))
        with contextlib.closing(executor):
            try:
                if attempt.process() is None and attempt.exit_record() is None:
                    self._launch(executor, attempt, patience)
            except CalledOff:
                return self._settle_as(attempt, RunEnded(state=orders.end_state()))
            except (UserError, OSError) as error:
                return self._settle_as(attempt, RunEnded(state="failed", failure=launch_failure(error)))
            follower = Follower(executor, self._folder, attempt.number, self._listeners)
            watch = Watch(executor, self._folder, attempt.number, self._listeners, self._timing)
            watch.until_gone(follower)
            ended = (
                self._give_up(executor, attempt, orders)
                if watch.given_up
                else self._settle(executor, attempt, follower)
            )
            if ended.state not in ("paused", "failed", "lost"):
                with contextlib.suppress(RemoteError):  # `lensmith hosts clean` removes what stays
                    executor.tidy(self._folder, is_discarded=ended.state == "cancelled")
            return ended

    def _launch(self, executor: Executor, attempt: AttemptFolder, patience: Patience) -> None:
        """Bring the run to where it runs and start its worker; states that an earlier runner said are not repeated."""
        number = attempt.number
        if self._store.run(self._folder.run).state == "queued":
            self._listeners.say(number, StateChanged(state="preparing", attempt=number))
        patience.until_done(lambda: executor.place(self._folder))
        self._leave_the_place_before(attempt)
        if self._store.run(self._folder.run).state == "preparing":
            self._listeners.say(number, StateChanged(state="starting", attempt=number))
        patience.until_done(lambda: executor.launch(self._folder, number))

    def _leave_the_place_before(self, attempt: AttemptFolder) -> None:
        """Remove what a run that has moved has left where it came from."""
        if attempt.number == 1:
            return
        before = self._folder.attempt(attempt.number - 1).spec().placement.executor
        if before != attempt.spec().placement.executor:
            with (
                contextlib.suppress(UserError),
                contextlib.closing(executor_named(before, self._home)) as left,
            ):
                left.tidy(self._folder)

    def _already_settled(self, attempt: AttemptFolder) -> RunEnded | None:
        """What an earlier runner had settled before it died."""
        spoken = [e for e in read_events(attempt.supervision_path) if isinstance(e, RunEnded)]
        return spoken[-1] if spoken else None

    def _settle(self, executor: Executor, attempt: AttemptFolder, follower: Follower) -> RunEnded:
        """Make sure that the attempt has a last word."""
        Patience(self._folder, attempt.number, self._listeners, self._timing).until_home(
            lambda: executor.collect(self._folder, attempt.number)
        )
        while follower.read_new():
            pass
        follower.release()
        if follower.ended is not None:
            return self._settled(follower.ended)
        record = attempt.exit_record()
        if record is not None:
            return self._settle_as(attempt, RunEnded(state=record.state, failure=record.failure))
        if Orders(self._folder, attempt.number).has("cancel"):
            return self._settle_as(attempt, RunEnded(state="cancelled"))
        return self._settle_as(attempt, RunEnded(state="failed", failure=worker_died(attempt)))

    def _settle_as(self, attempt: AttemptFolder, ended: RunEnded) -> RunEnded:
        self._listeners.say(attempt.number, ended)
        return self._settled(ended)

    def _give_up(self, executor: Executor, attempt: AttemptFolder, orders: Orders) -> RunEnded:
        """Let go of a worker that cannot be asked; it is ended if it can be, or when the run comes there again."""
        with contextlib.suppress(RemoteError):
            executor.kill(self._folder, attempt.number)
        message = (
            "The machine did not answer and was given up. Its process may go on there until it is seen again."
        )
        self._listeners.say(attempt.number, Notice(level="warning", code="given_up", message=message))
        return self._settle_as(attempt, RunEnded(state="cancelled" if orders.has("cancel") else "stopped"))

    def _settled(self, ended: RunEnded) -> RunEnded:
        if ended.state == "cancelled":
            discard(self._folder)
        return ended

    def _tries_again(self, attempt: AttemptFolder, ended: RunEnded) -> bool:
        """After a transient failure: wait, then write the next attempt, at most as often as there are pauses."""
        failure = ended.failure
        if ended.state != "failed" or failure is None or failure.cause not in TRANSIENT_CAUSES:
            return False
        pauses = self._timing.retry_backoff_s
        tried = self._automatic_attempts()
        patience = Patience(self._folder, attempt.number, self._listeners, self._timing)
        if tried >= len(pauses) or not patience.waits(pauses[tried]):
            return False
        notice = Notice(
            level="warning",
            code="automatic_retry",
            message=f"{failure.message} Trying again by itself, {tried + 1} of {len(pauses)}.",
        )
        new = NewAttempt("retry", last_checkpoint(self._folder), automatic=True)
        try:
            with attempts_locked(self._folder):
                if self._folder.latest_attempt().number == attempt.number:
                    write_attempt(self._folder, self._home, new, notice)
        except UserError:  # a full disk, or a damaged folder: it stays failed, and can be resumed
            return False
        return True

    def _moves_on(self, attempt: AttemptFolder, ended: RunEnded) -> bool:
        """A run that was released to go on elsewhere waits there for its device from now on."""
        place = wanted_place(self._folder, attempt.number)
        if place is None or ended.state not in ("paused", "stopped"):
            return False
        new = NewAttempt("move", last_checkpoint(self._folder), place=place)
        try:
            with attempts_locked(self._folder), self._store.transaction():
                if self._folder.latest_attempt().number != attempt.number:
                    return False
                spec, told = write_attempt(self._folder, self._home, new)
                self._store.ingest(self._folder.run, spec.attempt, "supervision", told)
                self._store.enqueue(self._folder.run, spec.attempt, device_for(spec.placement, self._home))
        except UserError:  # it stays paused, with all it has learned, and can be moved again
            return False
        return True

    def _automatic_attempts(self) -> int:
        """Automatic attempts in a row, up to now."""
        count = 0
        for attempt in reversed(self._folder.attempts()):
            if not attempt.spec().automatic:
                break
            count += 1
        return count
