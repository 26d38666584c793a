"""What the Compare page shows, read in a thread: the comparison, and each result as its task draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop.models.result import Result, ResultKey
from desktop.models.result_comparison import SideBySide, load_side_by_side
from desktop.tasks.task import TaskView, task_view
from engine.protocol.home import Home


@dataclass(frozen=True, slots=True, eq=False)
class ShownSides:
    """A comparison that is ready to be drawn."""

    compared: SideBySide
    results: tuple[Result, ...]
    """Of each side, at the bound where its task judges it."""
    view: TaskView


def load_sides(home: Home, keys: Sequence[ResultKey]) -> ShownSides:
    """Read and compare. Takes seconds: never in the GUI's thread.

    Raises:
        UserError: one of `load_side_by_side`, or `task_unknown`.
    """
    compared = load_side_by_side(home, keys)
    view = task_view(compared.sides[0].result.summary.task)
    results: list[Result] = []
    for side in compared.sides:
        bound = view.bound(side.result)
        results.append(side.result if bound is None else view.at(side.result, bound.value))
    return ShownSides(compared, tuple(results), view)
