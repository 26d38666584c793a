"""The worker's ear: reads the numbered orders of RUN/commands at step boundaries and acknowledges them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from engine.channel.reporter import Reporter
from engine.protocol.commands import Command, CommandKind, read_commands
from engine.protocol.events import CommandDone
from engine.protocol.run_folder import RunFolder
from engine.protocol.times import COMMAND_POLL_S

_ENDING: frozenset[CommandKind] = frozenset({"pause", "stop", "cancel"})


class Control:
    """The orders meant for one attempt; those for earlier ones are passed over.

    Args:
        last_number: orders up to this number have been carried out already.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        folder: RunFolder,
        attempt: int,
        reporter: Reporter,
        last_number: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder.commands
        self._attempt = attempt
        self._reporter = reporter
        self._last_number = last_number
        self._clock = clock
        self._looked = -float("inf")
        self._waiting: deque[Command] = deque()

    @property
    def last_number(self) -> int:
        """The highest number read so far."""
        return self._last_number

    def poll(self) -> list[Command]:
        """Take the orders that came since the last call; looks into the folder at most every 0.2 s."""
        self._look()
        commands = list(self._waiting)
        self._waiting.clear()
        return commands

    def is_end_waiting(self) -> bool:
        """Say whether a pause, stop or cancel waits to be polled. To be asked by long work such as validation."""
        self._look()
        return any(command.kind in _ENDING for command in self._waiting)

    def is_cancel_waiting(self) -> bool:
        """Say whether a cancel waits to be polled."""
        self._look()
        return any(command.kind == "cancel" for command in self._waiting)

    def acknowledge(self, command: Command, ok: bool = True, message: str = "") -> None:
        """Tell that the order was carried out, or refused and why."""
        self._reporter.emit(CommandDone(number=command.number, kind=command.kind, ok=ok, message=message))

    def _look(self) -> None:
        now = self._clock()
        if now - self._looked < COMMAND_POLL_S:
            return
        self._looked = now
        for command in read_commands(self._folder, self._last_number):
            self._last_number = command.number
            if command.attempt == self._attempt:
                self._waiting.append(command)
