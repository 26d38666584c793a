"""How a segmenter's results are shown: overlap by class and image, classes of pixels over pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from desktop.charts.figures import BarFigure, Figure, RateFigure, Stack
from desktop.grids.table_columns import TableColumn
from desktop.grids.tile import Tile
from desktop.models.class_table import ClassColumn
from desktop.models.drawn_labels import DrawnLabels
from desktop.models.exports_snippet import MASK_PROGRAM
from desktop.models.result import Column, Result
from desktop.models.result_labels import true_classes
from desktop.models.result_masks import predicted_map
from desktop.tasks.histories import PIXELS_OVER_TIME
from desktop.tasks.image_rows import (
    NONE,
    file_column,
    name_ranks,
    number_column,
    verdict_column,
    word_column,
)
from desktop.tasks.measures import Measure, Span
from desktop.tasks.metric_facts import (
    Metrics,
    class_values,
    share_fact,
    weakest_fact,
    with_reference,
)
from desktop.tasks.pixel_answers import PixelAnswers, pixels_of
from desktop.tasks.task import (
    ALL,
    CORRECT,
    INCORRECT,
    Bound,
    Choice,
    ClassValue,
    ImageDetail,
    Layers,
    MetricFact,
    Parts,
    Score,
    Selection,
)
from desktop.viewers.label_view import PREDICTION, TRUTH
from desktop.viewers.matrix_data import MatrixData

_BINS = 20
_GOOD = 0.5
_LEAST_SHARE = 0.005
_MOST_COLUMNS = 40
"""Classes that have a column of the table."""
_OF_CLASS = "class_iou"
_BAR_TIP = "Click shows these images"


class SegmentationView(PixelAnswers):
    """See `TaskView`. The bound is the IoU from which on an image counts as good."""

    icon = "ph.polygon"
    headline = ("miou", "dice")
    class_metrics = ("iou", "dice", "accuracy", "boundary_f1")
    class_measure = "IoU"
    counts = "pixels"
    class_columns = (
        ClassColumn("iou", "IoU"),
        ClassColumn("dice", "Dice"),
        ClassColumn("accuracy", "Accuracy"),
        ClassColumn("boundary_f1", "Boundary F1"),
    )
    sorts: Sequence[Choice] = (
        Choice("worst", "Lowest IoU"),
        Choice("best", "Highest IoU"),
        Choice("pixels", "Lowest pixel accuracy"),
        Choice("name", "File name"),
    )
    verdicts: Sequence[Choice] = (
        Choice(ALL, "All"),
        Choice(INCORRECT, "Poor", "The mean IoU of the image is below the bound  (I)"),
        Choice(CORRECT, "Good", "The mean IoU of the image reaches the bound  (C)"),
    )
    measures: Sequence[Measure] = (
        Measure("iou", "Mean IoU"),
        Measure("pixel_accuracy", "Pixel accuracy"),
    )
    draws = (TRUTH, PREDICTION)
    draws_pixels = True
    no_heat_map = ""
    program = MASK_PROGRAM
    history = PIXELS_OVER_TIME

    def bound(self, result: Result) -> Bound | None:
        if not result.images:
            return None
        return Bound("Good: IoU ≥", "Images whose mean IoU is less are called poor", _GOOD)

    def at(self, result: Result, bound: float) -> Result:
        return replace(result, bound=bound)

    def cards(self, result: Result, before: Metrics | None, before_title: str) -> list[MetricFact]:
        first = share_fact("Mean IoU", "miou", result, before)
        has_boundary = result.metric("boundary_f1") is not None
        fourth = ("Boundary F1", "boundary_f1") if has_boundary else ("Mean accuracy", "mean_accuracy")
        return [
            with_reference(first, before_title, result.summary.images),
            share_fact("Dice", "dice", result, before),
            share_fact("Pixel accuracy", "pixel_accuracy", result, before),
            share_fact(*fourth, result, before),
            weakest_fact(self.class_values(result), self.class_measure),
        ]

    def class_values(self, result: Result) -> list[ClassValue]:
        return class_values(result, "iou")

    def matrix(self, result: Result) -> MatrixData | None:
        if result.confusion is None:
            return None
        return MatrixData(result.confusion, result.classes, "pixel", least=_LEAST_SHARE)

    def figures(self, result: Result) -> list[Figure]:
        if not result.images:
            return []
        return [
            _spread(result, "iou", "Images by mean IoU", "Mean IoU"),
            _spread(result, "pixel_accuracy", "Images by pixel accuracy", "Pixel accuracy"),
            *_classes_by_image(result),
        ]

    def measure_of(self, result: Result, key: str) -> Measure:
        kind, _, number = key.partition("/")
        if kind == _OF_CLASS and number:
            return Measure(key, f"IoU of {result.classes[int(number)]}")
        return next(known for known in self.measures if known.key == key)

    def meant(
        self,
        result: Result,  # noqa: ARG002  # other tasks look at it
        figure: RateFigure,  # noqa: ARG002  # there are only bars
        x: float,  # noqa: ARG002  # the same
        line: int,  # noqa: ARG002  # the same
    ) -> Span | float | None:
        return None

    def chosen(self, result: Result, selection: Selection) -> NDArray[np.bool_]:
        mask = np.ones(result.images, dtype=np.bool_)
        if not result.images:
            return mask
        if selection.verdict in (CORRECT, INCORRECT):
            mask &= _is_good(result) == (selection.verdict == CORRECT)
        there, called, confused = (
            _some(result.columns.get(name)) for name in ("class_true", "class_called", "confusion")
        )
        for span in selection.spans:
            mask &= span.holds(_measured(result, span.key))
        if selection.true is not None and selection.predicted is not None:
            return mask if confused is None else mask & (confused[:, selection.true, selection.predicted])
        if selection.true is not None and there is not None:
            mask &= there[:, selection.true]
        if selection.predicted is not None and called is not None:
            mask &= called[:, selection.predicted]
        return mask

    def order(self, result: Result, sort: str) -> NDArray[np.generic] | None:
        if not result.images:
            return None
        match sort:
            case "worst":
                return result.column("iou")
            case "best":
                return -result.column("iou").astype(np.float64)
            case "pixels":
                return result.column("pixel_accuracy")
            case "name":
                return name_ranks(result.paths)
            case _:
                return None

    def parts(self, result: Result) -> Parts | None:  # noqa: ARG002  # there are no objects
        return None

    def columns(self, result: Result) -> Sequence[TableColumn]:
        if not result.images:
            return ()
        rows = [
            file_column(result),
            verdict_column(_is_good(result), "Good", "Poor"),
            number_column("iou", "Mean IoU", result.column("iou")),
            number_column("pixel_accuracy", "Pixel accuracy", result.column("pixel_accuracy")),
        ]
        there = _numbers(result, "class_true")
        if there is not None:
            classes = word_column(
                "truth",
                "Classes",
                lambda image: ", ".join(result.classes[n] for n in np.flatnonzero(there[image])) or NONE,
                lambda: (there > 0).sum(axis=1),
            )
            rows.insert(1, classes)
        table = result.column(_OF_CLASS)
        known = ~np.isnan(table.astype(np.float32)).all(axis=0)
        rows += [
            number_column(f"{_OF_CLASS}/{number}", f"IoU {result.classes[number]}", table[:, number])
            for number in np.flatnonzero(known).tolist()[:_MOST_COLUMNS]
        ]
        return rows

    def tile(self, result: Result, image: int) -> Tile:
        overlap = float(result.column("iou")[image])
        is_good = bool(_is_good(result)[image])
        worst = _by_overlap(result, image)[:1]
        spoken = f"Mean IoU {overlap:.0%}, {'good' if is_good else 'poor'}"
        if not worst:
            return Tile("nothing to compare", f"{overlap:.0%}", is_good, spoken)
        number, value = worst[0]
        caption = f"{result.classes[number]} {value:.0%}"
        return Tile(caption, f"{overlap:.0%}", is_good, f"{spoken}; weakest {caption}")

    def tile_layers(self, result: Result, image: int) -> Layers:  # noqa: ARG002  # all of it is in files
        return {}

    def layers(self, result: Result, image: int) -> Layers:
        found: dict[str, DrawnLabels] = {}
        truth, numbers = true_classes(result, image), predicted_map(result, image)
        for layer, classes in ((TRUTH, truth), (PREDICTION, numbers)):
            if classes is not None:
                found[layer] = pixels_of(classes)
        return found

    def detail(self, result: Result, image: int) -> ImageDetail:
        is_good = bool(_is_good(result)[image])
        facts = (
            ("Mean IoU", f"{float(result.column('iou')[image]):.1%}"),
            ("Pixel accuracy", f"{float(result.column('pixel_accuracy')[image]):.1%}"),
            ("Classes", str(len(_by_overlap(result, image)))),
        )
        scores = tuple(
            Score(result.classes[number], value, note=f"{value:.1%}", number=number)
            for number, value in _by_overlap(result, image)
        )
        verdict = "Good" if is_good else "Poor"
        return ImageDetail(result.paths[image], verdict, is_good, facts, "IoU by class", scores)


def _some(column: Column | None) -> NDArray[np.bool_] | None:
    """Where a column of counts has any."""
    return None if column is None else np.greater(column, 0)


def _numbers(result: Result, column: str) -> NDArray[np.int64] | None:
    found = result.columns.get(column)
    return None if found is None else found.astype(np.int64)


def _measured(result: Result, key: str) -> NDArray[np.generic]:
    kind, _, number = key.partition("/")
    if kind == _OF_CLASS and number:
        return np.asarray(result.column(_OF_CLASS)[:, int(number)])
    return result.column(key)


def _is_good(result: Result) -> NDArray[np.bool_]:
    bound = _GOOD if result.bound is None else result.bound
    return np.asarray(result.column("iou").astype(np.float64) >= bound)


def _by_overlap(result: Result, image: int) -> list[tuple[int, float]]:
    """The classes of an image with their IoU, the worst first."""
    values = result.column("class_iou")[image].astype(np.float64)
    order = [int(number) for number in np.argsort(values, kind="stable") if not np.isnan(values[number])]
    return [(number, float(values[number])) for number in order]


def _spread(result: Result, column: str, title: str, x_name: str) -> Figure:
    values = result.column(column).astype(np.float64)
    median = f"median {np.median(values):.1%}"
    stacks = (Stack("images", "s1", _histogram(values)),)
    marked = result.bound if column == "iou" else None
    return BarFigure(title, x_name, "Images", stacks, note=median, marked=marked, key=column, tip=_BAR_TIP)


def _classes_by_image(result: Result) -> list[Figure]:
    """How the IoU of each class is spread over the images that have it; the weakest classes first."""
    table: Column = result.column("class_iou").astype(np.float64)
    known = [n for n in range(len(result.classes)) if not np.isnan(table[:, n]).all()]
    known.sort(key=lambda number: float(np.nanmedian(table[:, number])))
    figures: list[Figure] = []
    for number in known:
        values = table[:, number][~np.isnan(table[:, number])]
        stacks = (Stack("images", "s6", _histogram(values)),)
        note = f"median {np.median(values):.1%} of {len(values):,}"
        title, key = f"{result.classes[number]} by image", f"{_OF_CLASS}/{number}"
        figures.append(BarFigure(title, "IoU", "Images", stacks, note=note, key=key, tip=_BAR_TIP))
    return figures


def _histogram(values: NDArray[np.float64]) -> NDArray[np.float64]:
    places = np.clip((values * _BINS + 1e-6).astype(np.int64), 0, _BINS - 1)
    return np.bincount(places, minlength=_BINS).astype(np.float64)


VIEW = SegmentationView()
