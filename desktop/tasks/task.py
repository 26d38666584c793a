"""What differs between tasks when results are shown: cards, orders, matrices, charts, drawings; and tasks by name."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from desktop.charts.figures import Figure, RateFigure
from desktop.grids.table_columns import TableColumn
from desktop.grids.tile import Tile
from desktop.models.answer import AnswerView
from desktop.models.class_table import ClassColumn
from desktop.models.drawn_labels import DrawnLabels
from desktop.models.exports_snippet import NUMBERS_PROGRAM
from desktop.models.result import Result
from desktop.models.result_history_lists import HistoryRule
from desktop.tasks.measures import Measure, Span
from desktop.viewers.matrix_data import MatrixData
from engine.errors import UserError

ALL, INCORRECT, CORRECT = "all", "incorrect", "correct"
"""The verdicts that every task has; the keys I and C of the page choose the latter two."""
_NAME = re.compile(r"[a-z][a-z_]*")
_NO_TASK = frozenset(
    {"task", "metric_facts", "found_objects", "histories", "box_answers", "class_answers", "pixel_answers"}
)
"""Modules of this folder that are no task."""


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

    verdict: str = ALL
    """Key of one of the task's verdicts."""
    true: int | None = None
    """Only images of, or with, this class; the number behind the last class is the background."""
    predicted: int | None = None
    """Only images that the model takes for this class, or finds it in."""
    spans: tuple[Span, ...] = ()
    """Only images whose numbers lie in all of these ranges, one a measure."""

    def within(self, span: Span) -> Selection:
        """Give the same with a range, instead of another one of the same measure."""
        return replace(self, spans=(*(kept for kept in self.spans if kept.key != span.key), span))

    def beyond(self, key: str) -> Selection:
        """Give the same without the range of a measure."""
        return replace(self, spans=tuple(kept for kept in self.spans if kept.key != key))

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self == Selection()


@dataclass(frozen=True, slots=True)
class Choice:
    """An order of the images, or a verdict on them."""

    key: str
    title: str
    tip: str = ""
    needs: str = ""
    """The column without which a result cannot tell; empty where every one can."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A number from 0 to 1 that the user may move, on which the verdicts depend."""

    title: str
    tip: str
    value: float
    """Where it stands at first."""
    best: float | None = None
    """Where it is best; None where nothing says so."""
    best_title: str = ""
    """What is best there, `Best F1`."""
    key: str = ""
    """The measure below which images or objects are left out; empty where none are."""


@dataclass(frozen=True, slots=True)
class Score:
    """A class and how sure the model is of it."""

    label: str
    confidence: float
    """0 to 1."""
    is_true: bool = False
    """It is the right one, as far as anybody knows."""
    is_wrong: bool = False
    """The model says it, and it is not so."""
    note: str = ""
    """Said instead of the confidence: an IoU, that nothing was found."""
    number: int = -1
    """Of the class, whose colour it has on pictures; -1 where nothing is drawn."""


@dataclass(frozen=True, slots=True)
class ImageDetail:
    """All that is told of one image beside its picture."""

    name: str
    """Path within the dataset."""
    verdict: str
    is_correct: bool | None
    """None where there is no answer that could be."""
    facts: tuple[tuple[str, str], ...]
    """Name and value: truth, prediction, confidence, loss."""
    heading: str
    """What the scores are."""
    scores: tuple[Score, ...]
    """The likeliest classes, or what was found; what matters first."""


@dataclass(frozen=True, slots=True)
class ClassValue:
    """A metric of one class."""

    index: int
    """Position in the result's classes."""
    label: str
    value: float
    """0 to 1; NaN where there is none."""
    count: int
    """How many images, objects or pixels of the class were measured."""


Layers = Mapping[str, DrawnLabels]
"""What is drawn on an image: truth, then prediction, by the names of `desktop.viewers.label_view`."""


class Parts(Protocol):
    """K parts of images, such as boxes, numbered the same at every bound."""

    @property
    def image(self) -> NDArray[np.int64]:
        """(K,) number of the image."""
        ...

    @property
    def boxes(self) -> NDArray[np.float32]:
        """(K, 4) left, top, right, bottom, pixels of the image."""
        ...

    @property
    def labels(self) -> NDArray[np.int64]:
        """(K,) numbers of classes."""
        ...

    @property
    def part_kinds(self) -> Sequence[Choice]:
        """What may have become of one, `ALL` first."""
        ...

    @property
    def part_sorts(self) -> Sequence[Choice]:
        """The first is the default."""
        ...

    def __len__(self) -> int: ...

    def counted(self) -> Mapping[str, int]:
        """Count the parts of each kind but `ALL`."""
        ...

    def chosen(self, selection: Selection, kind: str = ALL) -> NDArray[np.bool_]:
        """Say of each part whether it is looked at."""
        ...

    def order(self, sort: str) -> NDArray[np.generic] | None:
        """Give a number for each part, smallest shown first."""
        ...

    def mark(self, part: int) -> tuple[str, int]:
        """Give the layer on which a part is drawn, and its number there."""
        ...

    def drawn(self, part: int) -> DrawnLabels | None:
        """Give a part with its mask, alone; None where it has only a box. May read files: never in the GUI's thread.

        Raises:
            UserError: the mask cannot be read.
        """
        ...

    def tile(self, classes: Sequence[str], part: int) -> Tile:
        """Give the words under its picture."""
        ...


class TaskView(AnswerView, Protocol):
    """How results and answers of one task are shown. Pure: all that it needs is an argument."""

    icon: str
    """The sign of the task, of the theme's icons."""
    headline: Sequence[str]
    """Metrics without prefix that say most of a training, its own measure first; the loss is told beside them."""
    class_metrics: Sequence[str]
    """Metrics by class without prefix, the most telling first."""
    class_measure: str
    """What is measured by class, `F1`."""
    counts: str
    """What is counted by class: images, objects, pixels."""
    class_columns: Sequence[ClassColumn]
    """What the table of classes tells beside name and count."""
    sorts: Sequence[Choice]
    """The first is the default."""
    verdicts: Sequence[Choice]
    """`ALL` first, and `INCORRECT` and `CORRECT` among them."""
    measures: Sequence[Measure]
    """Numbers of an image by which images may be filtered, the most telling first."""
    draws: Sequence[str]
    """Layers that lie on pictures, the lowest first; none where there is nothing to draw."""
    draws_pixels: bool
    """Whether they tell the class of every pixel, so that one hides the other."""
    no_heat_map: str
    """Why there are no heat maps of where a model looks, a full sentence; empty where there are."""
    program: str
    """What reads the answer of an exported file, for `python_snippet`."""
    history: HistoryRule
    """When an image counts as right, for lists over all validations of a run."""

    def bound(self, result: Result) -> Bound | None:
        """Give what the user may move; None where there is nothing."""
        ...

    def at(self, result: Result, bound: float) -> Result:
        """Give a result as it is at another bound: other columns, rates and confusions. Takes milliseconds.

        Raises:
            UserError: `result_damaged`.
        """
        ...

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

    def matrix(self, result: Result) -> MatrixData | None:
        """Give the confusions with the names of rows and columns; None where there are none."""
        ...

    def figures(self, result: Result) -> list[Figure]:
        """Give the charts of a result, the most telling first."""
        ...

    def measure_of(self, result: Result, key: str) -> Measure:
        """Give what a range bounds: one of `measures`, or one that a chart names."""
        ...

    def meant(self, result: Result, figure: RateFigure, x: float, line: int) -> Span | float | None:
        """Say what a point of a curve asks for.

        Args:
            result: what is shown.
            figure: one of its charts.
            x: where, 0 to 1.
            line: number of the line.

        Returns:
            A range of images, the bound that belongs to the point, or None where it asks for nothing.
        """
        ...

    def chosen(self, result: Result, selection: Selection) -> NDArray[np.bool_]:
        """Say of each of the N images whether it is looked at."""
        ...

    def order(self, result: Result, sort: str) -> NDArray[np.generic] | None:
        """Give a number for each of the N images, smallest shown first; None for the dataset's own order."""
        ...

    def parts(self, result: Result) -> Parts | None:
        """Give what is looked at one by one, of a result at its bound; None where there are no objects."""
        ...

    def columns(self, result: Result) -> Sequence[TableColumn]:
        """Give what a table tells of each image, the file first."""
        ...

    def tile(self, result: Result, image: int) -> Tile:
        """Give the words under an image's picture."""
        ...

    def tile_layers(self, result: Result, image: int) -> Layers:
        """Give what is drawn on a small picture and is known without reading a file: objects. Called while painting."""
        ...

    def layers(self, result: Result, image: int) -> Layers:
        """Give what is drawn on an image. May read files: never in the GUI's thread.

        Raises:
            UserError: a mask that cannot be read.
        """
        ...

    def detail(self, result: Result, image: int) -> ImageDetail:
        """Give what stands beside an image in full size."""
        ...


def task_view(name: str) -> TaskView:
    """Give the view of a task by its name, which is that of its module in this folder.

    Raises:
        UserError: `task_unknown`.
    """
    if _NAME.fullmatch(name):
        try:
            module = importlib.import_module(f"desktop.tasks.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"desktop.tasks.{name}":
                raise
        else:
            if hasattr(module, "VIEW"):
                return cast("TaskView", module.VIEW)
    raise UserError(
        "task_unknown",
        f"This version of Lensmith does not know how to show results of the task {name!r}.",
        "Update Lensmith, or look at the numbers with `lensmith runs show RUN`.",
    )


def view_of(result: Result) -> TaskView:
    """Give the view of a result: of one whose truth nobody knows, the task's `NAME_unlabelled` where it has one.

    Raises:
        UserError: `task_unknown`.
    """
    view = task_view(result.summary.task)
    if result.summary.is_labelled:
        return view
    try:
        module = importlib.import_module(f"desktop.tasks.{result.summary.task}_unlabelled")
    except ModuleNotFoundError:
        return view
    return cast("TaskView", module.VIEW)


def find_view(name: str) -> TaskView | None:
    """Give the view of a task, or None where this version has none: the run is shown without it."""
    try:
        return task_view(name)
    except UserError:
        return None


def task_icon(name: str) -> str:
    """Give the sign of a task; a cube for one that this version does not know."""
    view = find_view(name)
    return view.icon if view is not None else "ph.cube"


def task_program(name: str) -> str:
    """Give what reads the answer of an exported file; the bare numbers for a task that this version does not know."""
    view = find_view(name)
    return view.program if view is not None else NUMBERS_PROGRAM
