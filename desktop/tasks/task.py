"""What differs between tasks when a result is shown: cards, captions, orders, bars, details. And the tasks by name."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from desktop.grids.tile import Tile
from desktop.models.result import Result
from engine.errors import UserError

Verdict = Literal["all", "incorrect", "correct"]
_NAME = re.compile(r"[a-z][a-z_]*")


@dataclass(frozen=True, slots=True)
class MetricFact:
    """One metric card."""

    title: str
    value: str
    note: str = ""
    """The change since the measurement before, or what the value means."""
    is_good: bool | None = None
    """Whether the note is good news; None where it is neither."""
    metric: str = ""
    """Name of the metric without prefix, of which a curve may be drawn; empty for none."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which images of a result are looked at."""

    verdict: Verdict = "all"
    true: int | None = None
    """Only images of this class."""
    predicted: int | None = None
    """Only images that the model takes for this class."""


@dataclass(frozen=True, slots=True)
class SortChoice:
    """An order of the images."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Score:
    """A class and how sure the model is of it."""

    label: str
    confidence: float
    """0 to 1."""
    is_true: bool = False
    """It is the right one, as far as anybody knows."""


@dataclass(frozen=True, slots=True)
class ImageDetail:
    """All that is told of one image beside its picture."""

    name: str
    """Path within the dataset."""
    truth: str
    prediction: str
    is_correct: bool
    facts: tuple[tuple[str, str], ...]
    """Name and value: confidence, loss."""
    scores: tuple[Score, ...]
    """The likeliest classes, best first."""


@dataclass(frozen=True, slots=True)
class ClassValue:
    """A metric of one class."""

    index: int
    """Position in the result's classes."""
    label: str
    value: float
    """0 to 1; NaN where there is none."""
    images: int
    """How many images of the class were measured."""


class TaskView(Protocol):
    """How results of one task are shown. Pure: all that it needs is an argument."""

    class_measure: str
    """What is measured by class, `F1`."""
    sorts: Sequence[SortChoice]
    """The first is the default."""

    def cards(
        self, result: Result, before: Mapping[str, float] | None, before_title: str
    ) -> list[MetricFact]:
        """Give the metric cards.

        Args:
            result: what is shown.
            before: metrics to tell the change against; None where there are none.
            before_title: when that was, `epoch 14`.
        """
        ...

    def class_values(self, result: Result) -> list[ClassValue]:
        """Give the measure of every class, in the order of the result's classes."""
        ...

    def chosen(self, result: Result, selection: Selection) -> NDArray[np.bool_]:
        """Say of each of the N images whether it is looked at."""
        ...

    def order(self, result: Result, sort: str) -> NDArray[np.generic] | None:
        """Give a number for each of the N images, smallest shown first; None for the dataset's own order."""
        ...

    def tile(self, result: Result, image: int) -> Tile:
        """Give the words under an image's picture."""
        ...

    def detail(self, result: Result, image: int) -> ImageDetail:
        """Give what stands beside an image in full size."""
        ...


def task_view(name: str) -> TaskView:
    """Give the view of a task by its name, which is that of its module in this folder.

    Raises:
        UserError: `task_unknown`.
    """
    if _NAME.fullmatch(name) and name != "task":
        try:
            return cast("TaskView", importlib.import_module(f"desktop.tasks.{name}").VIEW)
        except ModuleNotFoundError as error:
            if error.name != f"desktop.tasks.{name}":
                raise
    raise UserError(
        "task_unknown",
        f"This version of Lensmith does not know how to show results of the task {name!r}.",
        "Update Lensmith, or look at the numbers with `lensmith runs show RUN`.",
    )
