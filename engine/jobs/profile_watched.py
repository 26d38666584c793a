"""What a profile watches and what it has seen: shared by the two ways of training."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from torch.profiler import profile

from engine.jobs.timed_loader import TimedLoader, TrialDesk
from engine.protocol.events import Progress
from engine.protocol.job import EndState
from engine.protocol.profile import Part

WARM_UP: Final = 3
"""Steps before any is timed: they wake the device, and fill the loader."""
TRACED: Final = 5
"""Steps that torch.profiler watches, which makes them slower: they are not timed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many steps."""

    steps: int

    @property
    def traced(self) -> int:
        return min(TRACED, self.steps)

    @property
    def total(self) -> int:
        return WARM_UP + self.steps + self.traced


@dataclass(slots=True, eq=False)
class Watched:
    """What was seen of the steps."""

    validate: Callable[[TrialDesk, TimedLoader], object]
    """Measures the network as it is now."""
    profiler: profile
    seconds: float = 0.0
    waited_s: float = 0.0
    parts_s: dict[Part, float] = field(default_factory=dict[Part, float])
    images: int = 0
    steps: int = 0
    traced: int = 0
    precision: str = ""
    compiles: bool = False
    notes: list[str] = field(default_factory=list[str])


class Ended(Exception):
    """The user ends the profile."""

    def __init__(self, state: EndState) -> None:
        super().__init__(state)
        self.state: EndState = state


class Meter:
    """Tells how far a profile is, and hears whether it shall end."""

    def __init__(self, desk: TrialDesk, plan: Plan) -> None:
        self._desk = desk
        self._plan = plan
        self._began = time.monotonic()
        self._done = 0

    def step(self) -> None:
        """Count a step.

        Raises:
            Ended: the user wishes it.
        """
        self._done += 1
        left = max(0, self._plan.total - self._done)
        eta_s = left * (time.monotonic() - self._began) / self._done
        self._desk.reporter.emit(
            Progress(
                epoch=1,
                epochs=1,
                step=min(self._done, self._plan.total),
                steps_total=self._plan.total,
                eta_s=eta_s,
            )
        )
        self.obey()

    def obey(self) -> None:
        """Look for an order to end; others have no meaning here and are refused.

        Raises:
            Ended: there is one.
        """
        state: EndState | None = None
        control = self._desk.control
        for command in control.poll():
            ends = command.kind in ("pause", "stop", "cancel")
            if ends:
                state = "cancelled" if command.kind == "cancel" else state or "stopped"
            control.acknowledge(command, ends, "" if ends else "A profile can only be ended.")
        if state is not None:
            raise Ended(state)
