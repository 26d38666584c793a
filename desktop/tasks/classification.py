"""How a classifier's results are shown: accuracy and its kin, truth → prediction, the likeliest classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from desktop.charts.figures import Figure, RateFigure
from desktop.grids.table_columns import TableColumn
from desktop.grids.tile import Tile, judged_tile
from desktop.models.class_table import ClassColumn
from desktop.models.exports_snippet import CLASS_PROGRAM
from desktop.models.result import Result
from desktop.models.result_scores import class_scores
from desktop.tasks.class_answers import ClassAnswers
from desktop.tasks.class_sureness import COVERAGE, SURE, at_sureness, sure_curves
from desktop.tasks.classification_figures import CONFIDENCE, SCORE, classification_figures, threshold_at
from desktop.tasks.histories import CLASSES_OVER_TIME
from desktop.tasks.image_rows import (
    class_column,
    file_column,
    name_ranks,
    number_column,
    verdict_column,
)
from desktop.tasks.measures import Measure, Span
from desktop.tasks.metric_facts import (
    Metrics,
    class_values,
    number_fact,
    share_fact,
    weakest_fact,
    with_reference,
)
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
from desktop.viewers.matrix_data import MatrixData

CLASS_METRIC = "f1"
UNSURE = "not_sure"
NOT_SURE = "not sure"
TOP5_FROM_CLASSES = 7
"""With fewer classes the right one is nearly always among five: balanced accuracy says more."""


class ClassificationView(ClassAnswers):
    """See `TaskView`."""

    icon = "ph.tag"
    headline = ("accuracy",)
    class_metrics = ("recall", "f1", "precision", "roc_auc")
    class_measure = "F1"
    counts = "images"
    class_columns = (
        ClassColumn("precision", "Precision"),
        ClassColumn("recall", "Recall"),
        ClassColumn("f1", "F1"),
        ClassColumn("roc_auc", "ROC AUC"),
    )
    sorts: Sequence[Choice] = (
        Choice("loss", "Highest loss"),
        Choice("unsure", "Lowest confidence"),
        Choice("sure", "Highest confidence"),
        Choice("margin", "Lowest margin"),
        Choice("name", "File name"),
    )
    verdicts: Sequence[Choice] = (
        Choice(ALL, "All"),
        Choice(INCORRECT, "Incorrect", "Another class was predicted  (I)"),
        Choice(CORRECT, "Correct", "The right class was predicted  (C)"),
        Choice(UNSURE, "Not sure", "The confidence is below the one that is asked for", SURE),
    )
    measures: Sequence[Measure] = (
        Measure(CONFIDENCE, "Confidence", tip="Of the class that was predicted"),
        Measure("loss", "Loss", "number"),
        Measure(
            "margin", "Margin", "number", "Score of the right class above the best of the others; −1 to 1"
        ),
    )
    draws: Sequence[str] = ()
    draws_pixels = False
    no_heat_map = ""
    program = CLASS_PROGRAM
    history = CLASSES_OVER_TIME

    def bound(self, result: Result) -> Bound | None:
        curves = sure_curves(result)
        if curves is None:
            return None
        tip = (
            "Images with less confidence count as not sure: they have no answer in accuracy, precision, recall, "
            "F1 and the matrix"
        )
        return Bound("Confidence ≥", tip, 0.0, curves.best, "Best F1")

    def at(self, result: Result, bound: float) -> Result:
        return at_sureness(result, bound)

    def cards(self, result: Result, before: Metrics | None, before_title: str) -> list[MetricFact]:
        if SURE in result.columns:
            loss = number_fact("Log loss", "loss", result, before)
            weakest = weakest_fact(self.class_values(result), self.class_measure)
            return [*_sure_cards(result), loss, weakest]
        second = ("Top-5 accuracy", "top5_accuracy")
        if len(result.classes) < TOP5_FROM_CLASSES:
            second = ("Balanced accuracy", "balanced_accuracy")
        first = share_fact("Top-1 accuracy", "accuracy", result, before)
        return [
            with_reference(first, before_title, result.summary.images),
            share_fact(*second, result, before),
            number_fact("Macro F1", "f1_macro", result, before),
            number_fact("Log loss", "loss", result, before),
            weakest_fact(self.class_values(result), self.class_measure),
        ]

    def class_values(self, result: Result) -> list[ClassValue]:
        return class_values(result, CLASS_METRIC)

    def matrix(self, result: Result) -> MatrixData | None:
        if result.confusion is None:
            return None
        if SURE not in result.columns:
            return MatrixData(result.confusion, result.classes)
        return MatrixData(result.confusion, (*result.classes, NOT_SURE), unanswered=NOT_SURE)

    def figures(self, result: Result) -> list[Figure]:
        return classification_figures(result)

    def measure_of(self, result: Result, key: str) -> Measure:
        kind, _, number = key.partition("/")
        if kind == SCORE and number:
            return Measure(key, f"Score of {result.classes[int(number)]}")
        return next(known for known in self.measures if known.key == key)

    def meant(self, result: Result, figure: RateFigure, x: float, line: int) -> Span | float | None:
        return threshold_at(result, figure, x, line)

    def chosen(self, result: Result, selection: Selection) -> NDArray[np.bool_]:
        mask = np.ones(result.images, dtype=np.bool_)
        if not result.images:
            return mask
        sure = result.columns.get(SURE, mask).astype(np.bool_)
        if selection.verdict in (CORRECT, INCORRECT):
            mask = sure & (result.column("correct").astype(np.bool_) == (selection.verdict == CORRECT))
        elif selection.verdict == UNSURE:
            mask = ~sure
        if selection.true is not None:
            mask &= np.asarray(result.column("target") == selection.true)
        if selection.predicted == len(result.classes):
            mask &= ~sure
        elif selection.predicted is not None:
            mask &= sure & np.asarray(result.column("predicted") == selection.predicted)
        for span in selection.spans:
            mask &= span.holds(_measured(result, span.key))
        return mask

    def order(self, result: Result, sort: str) -> NDArray[np.generic] | None:
        if not result.images:
            return None
        match sort:
            case "loss":
                return -_measured(result, "loss").astype(np.float64)
            case "unsure":
                return result.column("confidence")
            case "sure":
                return -result.column("confidence").astype(np.float64)
            case "margin":
                return result.column("margin")
            case "name":
                return name_ranks(result.paths)
            case _:
                return None

    def parts(self, result: Result) -> Parts | None:  # noqa: ARG002  # there are no objects
        return None

    def columns(self, result: Result) -> Sequence[TableColumn]:
        if not result.images:
            return ()
        names, correct = result.classes, result.column("correct").astype(np.bool_)
        return (
            file_column(result),
            class_column("truth", "Truth", names, result.column("target")),
            class_column("prediction", "Prediction", names, result.column("predicted")),
            verdict_column(correct, "Correct", "Incorrect", result.columns.get(SURE)),
            number_column("confidence", "Confidence", result.column("confidence")),
            number_column("loss", "Loss", result.column("loss"), "{:.3f}"),
            number_column("margin", "Margin", result.column("margin"), "{:+.3f}", self.measures[2].tip),
        )

    def tile(self, result: Result, image: int) -> Tile:
        truth, prediction = _truth_and_prediction(result, image)
        confidence = _value(result, "confidence", image)
        if _is_sure(result, image):
            return judged_tile(truth, prediction, confidence)
        spoken = f"Not sure: true {truth}, likeliest {prediction}, confidence {confidence:.0%}"
        return Tile(f"{truth} → {NOT_SURE}", f"{confidence:.0%}", spoken=spoken)

    def tile_layers(self, result: Result, image: int) -> Layers:  # noqa: ARG002  # nothing lies on a picture
        return {}

    def layers(self, result: Result, image: int) -> Layers:  # noqa: ARG002  # nothing lies on a picture
        return {}

    def detail(self, result: Result, image: int) -> ImageDetail:
        truth, prediction = _truth_and_prediction(result, image)
        is_sure, is_correct = _is_sure(result, image), truth == prediction
        return ImageDetail(
            name=result.paths[image],
            verdict=("Correct" if is_correct else "Incorrect") if is_sure else "Not sure",
            is_correct=is_correct if is_sure else None,
            facts=(
                ("Truth", truth),
                ("Prediction", prediction),
                ("Confidence", f"{_value(result, 'confidence', image):.1%}"),
                ("Loss", f"{_value(result, 'loss', image):.3f}"),
                ("Margin", f"{_value(result, 'margin', image):+.3f}"),
            ),
            heading="Likeliest classes",
            scores=_scores(result, image, (truth, prediction)),
        )


def _sure_cards(result: Result) -> list[MetricFact]:
    """What the answers are worth that are sure enough, and how many there are."""
    every = result.images
    sure = int(result.column(SURE).sum())
    f1, precision, recall = (result.metric(f"{name}_macro") or 0.0 for name in ("f1", "precision", "recall"))
    accuracy = result.metric("accuracy") or 0.0
    return [
        MetricFact(
            f"Accuracy from {result.bound or 0.0:.0%}",
            f"{accuracy:.1%}" if sure else "–",
            f"of {sure:,} sure answers",
        ),
        MetricFact("Coverage", f"{result.metric(COVERAGE) or 0.0:.1%}", f"{every - sure:,} not sure"),
        MetricFact("Macro F1", f"{f1:.3f}", f"precision {precision:.0%} · recall {recall:.0%}"),
    ]


def _is_sure(result: Result, image: int) -> bool:
    return SURE not in result.columns or bool(result.column(SURE)[image])


def _measured(result: Result, key: str) -> NDArray[np.generic]:
    kind, _, number = key.partition("/")
    if kind == SCORE and number:
        return np.asarray(result.column("scores")[:, int(number)])
    values = result.column(key)
    # A NaN is the worst loss that there is.
    return np.nan_to_num(values.astype(np.float64), nan=np.inf) if key == "loss" else values


def _scores(result: Result, image: int, said: tuple[str, str]) -> tuple[Score, ...]:
    """The likeliest classes, and the right one behind them where it is not among them."""
    top = [int(index) for index in np.atleast_1d(result.column("top")[image])]
    probabilities = class_scores(result, image)
    names, (truth, prediction) = result.classes, said
    if truth in names and names.index(truth) not in top:
        top.append(names.index(truth))
    return tuple(
        Score(names[i], float(probabilities[i]), names[i] == truth, names[i] == prediction != truth)
        for i in top
    )


def _truth_and_prediction(result: Result, image: int) -> tuple[str, str]:
    names = result.classes
    return names[int(result.column("target")[image])], names[int(result.column("predicted")[image])]


def _value(result: Result, column: str, image: int) -> float:
    return float(result.column(column)[image])


VIEW = ClassificationView()
