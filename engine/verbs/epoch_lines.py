"""One line an epoch for people who watch a run from a terminal: losses, the chosen metric, speed, notices."""

from __future__ import annotations

from engine.protocol.events import BestImproved, Event, MetricsLogged, Notice, PhaseChanged, Progress

_SHOWN = ("train/loss", "val/loss", "val/accuracy", "train/lr")
_SLOW_PHASE_S = 2.0


class EpochLines:
    """Collects what events say and gives finished lines."""

    def __init__(self) -> None:
        self._epoch = 0
        self._epochs = 0
        self._values: dict[str, float] = {}
        self._speed: float | None = None
        self._is_best = False

    def take(self, event: Event) -> list[str]:
        """Take an event; give the lines that are complete with it."""
        if isinstance(event, Progress):
            self._epochs = event.epochs
            self._speed = event.images_per_s
        elif isinstance(event, MetricsLogged) and event.scope in ("epoch", "validation"):
            lines = self.finish() if event.epoch != self._epoch else []
            self._epoch = event.epoch
            self._values |= event.values
            return lines
        elif isinstance(event, BestImproved):
            self._is_best = True
        elif isinstance(event, Notice) and event.level != "info":
            return [f"{event.level.capitalize()}: {event.message}"]
        elif (
            isinstance(event, PhaseChanged) and event.edge == "end" and (event.seconds or 0) >= _SLOW_PHASE_S
        ):
            return [f"{event.name.replace('_', ' ').capitalize()}: {event.seconds:.1f} s"]
        elif isinstance(event, PhaseChanged) and event.edge == "stalled":
            return [f"Still in {event.name.replace('_', ' ')} after {event.seconds or 0:.0f} s."]
        return []

    def finish(self) -> list[str]:
        """Give the line of the epoch that has begun to be told, if there is one."""
        if not self._values:
            return []
        named = [name for name in _SHOWN if name in self._values] or sorted(self._values)[:4]
        values = "  ".join(f"{name} {self._values[name]:.4g}" for name in named)
        of = f"/{self._epochs}" if self._epochs else ""
        speed = f"  {self._speed:.0f} images/s" if self._speed else ""
        best = "  best so far" if self._is_best else ""
        self._values, self._is_best = {}, False
        return [f"Epoch {self._epoch}{of}  {values}{speed}{best}"]
