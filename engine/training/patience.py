"""Whether a metric still improves: what best checkpoints, early stopping and the plateau schedule go by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, cast

from engine.errors import UserError

if TYPE_CHECKING:
    from engine.tasks.task import Task

Direction = Literal["max", "min"]


class Patience:
    """Remembers the best value seen, and how many values since were no gain of more than `min_delta`."""

    def __init__(self, direction: Direction, patience: int = 0, min_delta: float = 0.0) -> None:
        self._sign = 1.0 if direction == "max" else -1.0
        self._patience = patience
        self._min_delta = min_delta
        self._best: float | None = None
        self._waited = 0

    def see(self, value: float) -> bool:
        """Take the next value; say whether it is a gain. A value that is not a number never is."""
        if value == value and (self._best is None or self._sign * (value - self._best) > self._min_delta):
            self._best, self._waited = value, 0
            return True
        self._waited += 1
        return False

    @property
    def is_exhausted(self) -> bool:
        """Whether `patience` values in a row were no gain."""
        return self._waited >= max(1, self._patience)

    @property
    def waited(self) -> int:
        return self._waited

    def wait_anew(self) -> None:
        """Forget how long was waited, not what was best."""
        self._waited = 0

    def state_dict(self) -> dict[str, object]:
        return {"best": self._best, "waited": self._waited}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        self._best = cast("float | None", state.get("best"))
        self._waited = cast("int", state.get("waited", 0))


def chosen_metric(setting: str, task: Task) -> tuple[str, Direction]:
    """Give the name, without prefix, of the metric that decides, and its better direction.

    Raises:
        UserError: `metric_unknown`.
    """
    name = task.primary_metric if setting == "auto" else setting.removeprefix("val/")
    directions = task.metric_directions
    if name not in directions:
        raise UserError(
            "metric_unknown",
            f"validation.metric is {setting!r}, which the task {task.name} does not measure.",
            f"Choose one of: {', '.join(sorted(directions))}, or auto.",
        )
    return name, directions[name]
