"""Carries out the user's orders between two optimizer steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.channel.control import Control
from engine.channel.reporter import Reporter
from engine.protocol.commands import Command
from engine.protocol.events import StateChanged
from engine.protocol.times import COMMAND_POLL_S

EndWish = Literal["completed", "stopped", "paused", "cancelled"]
_ENDS: dict[str, EndWish] = {"pause": "paused", "stop": "stopped", "cancel": "cancelled"}


@dataclass(frozen=True, slots=True)
class Ending:
    """The training shall end here, as `state`; `command` is acknowledged once that is done."""

    state: EndWish
    reason: str
    command: Command | None = None


class Actions(Protocol):
    """What orders may ask of the trainer."""

    def save_now(self) -> str:
        """Save; gives the checkpoint's name."""
        ...

    def validate_now(self) -> bool:
        """Measure without any effect on the training; False when there is nothing to measure on."""
        ...


class Orders:
    """Polls the control and does what it says. Holding happens in here: the caller simply waits."""

    def __init__(
        self,
        control: Control,
        reporter: Reporter,
        actions: Actions,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._control = control
        self._reporter = reporter
        self._actions = actions
        self._sleep = sleep
        self._is_held = False

    def obey(self) -> Ending | None:
        """Carry out what has come. Gives the ending that was ordered, if one was."""
        ending = self._obey_waiting()
        while self._is_held and ending is None:
            self._sleep(COMMAND_POLL_S)
            ending = self._obey_waiting()
        return ending

    def cancelled(self) -> Ending | None:
        """Look for a cancel only: what may also come between two batches of one step."""
        if not self._control.is_cancel_waiting():
            return None
        ending: Ending | None = None
        for command in self._control.poll():
            if command.kind == "cancel" and ending is None:
                ending = self._end(command)
            else:
                self._refuse(command)
        return ending

    def _obey_waiting(self) -> Ending | None:
        ending: Ending | None = None
        for command in self._control.poll():
            if command.kind in _ENDS and (ending is None or command.kind == "cancel"):
                if ending is not None and ending.command is not None:
                    self._refuse(ending.command)
                ending = self._end(command)
            elif ending is not None:
                self._refuse(command)
            else:
                self._carry_out(command)
        return ending

    def refuse_rest(self) -> None:
        """Answer what came too late."""
        for command in self._control.poll():
            self._refuse(command)

    def _refuse(self, command: Command) -> None:
        self._control.acknowledge(command, ok=False, message="The run is ending.")

    def _end(self, command: Command) -> Ending:
        self._is_held = False
        self._reporter.emit(StateChanged(state="stopping", reason=command.kind))
        return Ending(_ENDS[command.kind], f"{command.kind} was asked for", command)

    def _carry_out(self, command: Command) -> None:
        ok, message = True, ""
        if command.kind == "hold":
            ok, message = self._set_held(True)
        elif command.kind == "resume":
            ok, message = self._set_held(False)
        elif command.kind == "checkpoint":
            message = self._actions.save_now()
        elif not self._actions.validate_now():
            ok, message = False, "This run has no validation images."
        self._control.acknowledge(command, ok, message)

    def _set_held(self, held: bool) -> tuple[bool, str]:
        if held == self._is_held:
            return False, "The run is held already." if held else "The run is not held."
        self._is_held = held
        self._reporter.emit(StateChanged(state="held" if held else "running"))
        return True, ""
