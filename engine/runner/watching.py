"""Watch over one worker to its end: relay orders, insist on them, and say honestly when it is silent."""

from __future__ import annotations

import contextlib
import time

from engine.errors import RemoteError
from engine.executors.executor import Executor, WorkerStatus
from engine.protocol.commands import read_commands
from engine.protocol.events import StateChanged
from engine.protocol.job import ACTIVE_STATES, RunState
from engine.protocol.run_folder import RunFolder
from engine.runner.following import Follower
from engine.runner.listeners import Listeners
from engine.runner.silence import Silence
from engine.runner.timing import Timing


class Watch:
    """Follows the worker of one attempt."""

    def __init__(
        self, executor: Executor, folder: RunFolder, attempt: int, listeners: Listeners, timing: Timing
    ) -> None:
        self._executor = executor
        self._folder = folder
        self._attempt = attempt
        self._listeners = listeners
        self._timing = timing
        self._delivered = 0
        self._silence = Silence(timing.lost_after_s)
        self._beat: str | None = None
        self._before_silence: RunState | None = None
        self._end_due: float | None = None
        """Since when the worker should be ending."""
        self._asked_to_end = False
        self._cancelled = False
        self.given_up = False
        """The user does not want to wait for a machine that is out of sight."""

    def until_gone(self, follower: Follower) -> None:
        """Come back when the worker is gone and everything it said has been read, or when it is given up."""
        while True:
            status = self._status()
            read = follower.read_new()
            if status == "gone":
                return
            self._relay()
            self._listen()
            if self.given_up or (self._cancelled and self._before_silence is not None):
                self.given_up = True
                return
            if follower.ended is not None and self._end_due is None:
                self._end_due = time.monotonic()
            if self._end_due is not None:
                self._insist(time.monotonic() - self._end_due)
            self._listeners.tell_trouble(self._attempt)
            if not read:
                time.sleep(self._timing.poll_s)

    def _status(self) -> WorkerStatus:
        try:
            return self._executor.status(self._folder, self._attempt)
        except RemoteError:
            return "unknown"

    def _relay(self) -> None:
        new = read_commands(self._folder.commands, self._delivered)
        if not new:
            return
        ours = [command.kind for command in new if command.attempt == self._attempt]
        self.given_up = self.given_up or "give_up" in ours
        self._cancelled = self._cancelled or "cancel" in ours
        try:
            self._executor.deliver_commands(self._folder)
        except RemoteError:
            return  # they stay where they are; the next turn tries again
        self._delivered = new[-1].number
        if any(command.kind == "cancel" and command.attempt == self._attempt for command in new):
            self._end_due = self._end_due or time.monotonic()

    def _listen(self) -> None:
        """Say `lost` when nothing was heard for too long, and what the state was as soon as something is."""
        with contextlib.suppress(RemoteError):  # then nothing was heard this time
            self._beat = self._executor.heartbeat(self._folder, self._attempt)
        is_silent = self._silence.is_too_long(self._beat)
        if is_silent and self._before_silence is None:
            state = self._state()
            if state in ACTIVE_STATES and state != "preparing":
                self._before_silence = state
                reason = f"No sign of life for {self._timing.lost_after_s:g} seconds."
                self._listeners.say(self._attempt, StateChanged(state="lost", reason=reason))
        elif not is_silent and self._before_silence is not None:
            if self._state() == "lost":
                back = StateChanged(state=self._before_silence, reason="The worker is heard again.")
                self._listeners.say(self._attempt, back)
            self._before_silence = None

    def _state(self) -> RunState:
        return self._listeners.store.run(self._folder.run).state

    def _insist(self, waited: float) -> None:
        """A cancel that is not obeyed, or a process that stays after its last word, gets a signal, then a kill."""
        polite = self._timing.cancel_term_after_s
        try:
            if waited > polite + self._timing.cancel_kill_after_s:
                self._executor.kill(self._folder, self._attempt)
            elif waited > polite and not self._asked_to_end:
                self._executor.terminate(self._folder, self._attempt)
                self._asked_to_end = True
        except RemoteError:
            return  # the next turn tries again
