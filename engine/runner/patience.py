"""Wait for a machine that is out of reach or at work, and go on waiting only as long as the user wants it."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.errors import RemoteError, UserError
from engine.executors.executor import CalledOff
from engine.protocol.commands import CommandKind, read_commands
from engine.protocol.events import Notice
from engine.protocol.job import EndState
from engine.protocol.run_folder import RunFolder
from engine.runner.listeners import Listeners
from engine.runner.timing import Timing

_END_STATES: dict[CommandKind, EndState] = {"cancel": "cancelled", "stop": "stopped", "pause": "paused"}
UNREACHABLE = ("host_unreachable",)
BUSY = ("device_busy",)


class Orders:
    """What the user has ordered an attempt to do."""

    def __init__(self, folder: RunFolder, attempt: int) -> None:
        self._folder = folder
        self._attempt = attempt

    def kinds(self) -> list[CommandKind]:
        """All orders to this attempt, oldest first."""
        found = read_commands(self._folder.commands, 0)
        return [order.kind for order in found if order.attempt == self._attempt]

    def has(self, kind: CommandKind) -> bool:
        return kind in self.kinds()

    def wants_end(self) -> bool:
        """Whether the attempt shall end, one way or another."""
        return any(kind in _END_STATES for kind in self.kinds())

    def end_state(self) -> EndState:
        """How it ends; a cancel weighs more than what was ordered before it."""
        kinds = self.kinds()
        if "cancel" in kinds:
            return "cancelled"
        ends: list[EndState] = [_END_STATES[kind] for kind in kinds if kind in _END_STATES]
        return ends[0] if ends else "stopped"


class Patience:
    """Waits on behalf of one attempt."""

    def __init__(self, folder: RunFolder, attempt: int, listeners: Listeners, timing: Timing) -> None:
        self._folder = folder
        self._attempt = attempt
        self._orders = Orders(folder, attempt)
        self._listeners = listeners
        self._timing = timing
        self._said = ""

    def until_done(self, step: Callable[[], None]) -> None:
        """Take a step on the way to a machine, again and again while the machine is only out of reach or at work.

        Raises:
            RemoteError: what waiting does not mend, or what it has not mended in a day.
            CalledOff: the user does not want the run any more.
        """
        began, tries = time.monotonic(), 0
        while True:
            try:
                step()
                return
            except RemoteError as error:
                waited = time.monotonic() - began
                is_patient = error.code in BUSY or (
                    error.code in UNREACHABLE and waited < self._timing.place_patience_s
                )
                if not is_patient:
                    raise
                self._say(error)
            if not self.waits(self._pause(tries)):
                raise CalledOff
            tries += 1

    def until_home(self, step: Callable[[], None]) -> None:
        """Bring home what a worker has left. What cannot be brought is told; it stays where it is."""
        began, tries = time.monotonic(), 0
        while True:
            try:
                step()
                return
            except (UserError, OSError) as error:
                told = error if isinstance(error, UserError) else None
                is_patient = told is not None and told.code in UNREACHABLE
                if not is_patient or time.monotonic() - began >= self._timing.place_patience_s:
                    self._say(
                        told or UserError("bring_home_failed", f"What it wrote could not be copied: {error}.")
                    )
                    return
            self._say(told)
            if self._orders.has("cancel"):
                return
            time.sleep(self._pause(tries))
            tries += 1

    def waits(self, pause_s: float) -> bool:
        """Let some time pass; False as soon as the user wants the run to end, or has started it again."""
        until = time.monotonic() + pause_s
        while True:
            if self._orders.wants_end() or self._folder.latest_attempt().number != self._attempt:
                return False
            if time.monotonic() >= until:
                return True
            time.sleep(min(self._timing.poll_s, pause_s))

    def _pause(self, tries: int) -> float:
        pauses = self._timing.place_backoff_s
        return pauses[min(tries, len(pauses) - 1)]

    def _say(self, error: UserError | None) -> None:
        if error is None or self._said == error.code:
            return
        self._said = error.code
        notice = Notice(level="warning", code=error.code, message=error.message, hint=error.hint)
        self._listeners.say(self._attempt, notice)
