"""What the runner asks of a place where workers run; the local machine, an SSH host and a cloud differ only here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.protocol.events import Event
from engine.protocol.run_folder import RunFolder

WorkerStatus = Literal["alive", "gone", "unknown"]
"""unknown: the place cannot be asked at the moment."""


class CalledOff(Exception):
    """The user does not want a run any more that was being brought to where it should run."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What an executor needs of the runner, called from the runner's thread only."""

    tell: Callable[[Event], None] = lambda _: None
    """Hears of transfers and of a host that was lost from sight."""
    is_called_off: Callable[[], bool] = lambda: False
    """Whether the user has ordered the run to end; asked while `place` is at work."""


class Executor(Protocol):
    """Verbs are idempotent: asked again, they change nothing that is done already.

    Every verb may raise RemoteError when the place cannot be reached; the runner tries again later.
    """

    @property
    def name(self) -> str:
        """As `attempt.json` names it: `local`, `inline`."""
        ...

    def place(self, run: RunFolder) -> None:
        """Bring the run folder and its dataset to where the worker will run.

        Raises:
            CalledOff: the user has ordered the run to end meanwhile.
        """
        ...

    def launch(self, run: RunFolder, attempt: int) -> None:
        """Start the worker of an attempt, once: one that lives is left alone, one that has ended is not repeated."""
        ...

    def status(self, run: RunFolder, attempt: int) -> WorkerStatus:
        """Say whether the worker of an attempt lives."""
        ...

    def heartbeat(self, run: RunFolder, attempt: int) -> str | None:
        """Give a text that changes with every beat of the worker; None before the first one."""
        ...

    def read(self, run: RunFolder, attempt: int, name: str, offset: int) -> bytes:
        """Give what stands in a file of the attempt's folder from a byte on; empty when there is nothing new.

        Args:
            run: the run as this machine sees it.
            attempt: number of the attempt.
            name: `events.jsonl`, `log.txt`.
            offset: bytes that are known already.
        """
        ...

    def deliver_commands(self, run: RunFolder) -> None:
        """Bring new files of RUN/commands to the worker."""
        ...

    def terminate(self, run: RunFolder, attempt: int) -> None:
        """Ask the worker's process to end."""
        ...

    def kill(self, run: RunFolder, attempt: int) -> None:
        """End the worker's process at once."""
        ...

    def collect(self, run: RunFolder, attempt: int) -> None:
        """Bring everything the worker has written back into the run folder of this machine."""
        ...

    def tidy(self, run: RunFolder, *, is_discarded: bool = False) -> None:
        """Remove what the run needs no longer at that place, if the user wants that.

        Args:
            run: that has ended there.
            is_discarded: nobody wants what it made; else it is removed only when all of it is here.
        """
        ...

    def close(self) -> None:
        """Let go of the place. Workers do not notice."""
        ...
