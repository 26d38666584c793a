"""How a classifier's results are shown: accuracy and its kin, truth → prediction, the likeliest classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from desktop.charts.figures import BarFigure, Figure, RateFigure, RateLine, Stack
from desktop.grids.tile import Tile, judged_tile
from desktop.models.class_table import ClassColumn
from desktop.models.exports_snippet import CLASS_PROGRAM
from desktop.models.result import Result
from desktop.models.result_scores import class_scores
from desktop.tasks.class_answers import ClassAnswers
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
    Score,
    Selection,
)
from desktop.viewers.matrix_data import MatrixData

CLASS_METRIC = "f1"
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
        Choice("name", "File name"),
    )
    verdicts: Sequence[Choice] = (
        Choice(ALL, "All"),
        Choice(INCORRECT, "Incorrect", "Another class was predicted  (I)"),
        Choice(CORRECT, "Correct", "The right class was predicted  (C)"),
    )
    draws: Sequence[str] = ()
    draws_pixels = False
    program = CLASS_PROGRAM

    def bound(self, result: Result) -> Bound | None:  # noqa: ARG002  # other tasks look at it
        return None

    def at(self, result: Result, bound: float) -> Result:  # noqa: ARG002  # the same
        return result

    def cards(self, result: Result, before: Metrics | None, before_title: str) -> list[MetricFact]:
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
        return None if result.confusion is None else MatrixData(result.confusion, result.classes)

    def figures(self, result: Result) -> list[Figure]:
        return [*_roc(result), *_reliability(result)]

    def chosen(self, result: Result, selection: Selection) -> NDArray[np.bool_]:
        mask = np.ones(result.images, dtype=np.bool_)
        if not result.images:
            return mask
        if selection.verdict in (CORRECT, INCORRECT):
            mask &= result.column("correct").astype(np.bool_) == (selection.verdict == CORRECT)
        if selection.true is not None:
            mask &= np.asarray(result.column("target") == selection.true)
        if selection.predicted is not None:
            mask &= np.asarray(result.column("predicted") == selection.predicted)
        return mask

    def order(self, result: Result, sort: str) -> NDArray[np.generic] | None:
        if not result.images:
            return None
        match sort:
            case "loss":
                # A NaN would come last in any order: it is the worst that there is.
                return -np.nan_to_num(result.column("loss").astype(np.float64), nan=np.inf)
            case "unsure":
                return result.column("confidence")
            case "sure":
                return -result.column("confidence").astype(np.float64)
            case "name":
                return np.argsort(np.argsort(np.array(result.paths), kind="stable"), kind="stable")
            case _:
                return None

    def tile(self, result: Result, image: int) -> Tile:
        truth, prediction = _truth_and_prediction(result, image)
        return judged_tile(truth, prediction, _value(result, "confidence", image))

    def tile_layers(self, result: Result, image: int) -> Layers:  # noqa: ARG002  # nothing lies on a picture
        return {}

    def layers(self, result: Result, image: int) -> Layers:  # noqa: ARG002  # nothing lies on a picture
        return {}

    def detail(self, result: Result, image: int) -> ImageDetail:
        truth, prediction = _truth_and_prediction(result, image)
        return ImageDetail(
            name=result.paths[image],
            verdict="Correct" if truth == prediction else "Incorrect",
            is_correct=truth == prediction,
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


def _roc(result: Result) -> list[Figure]:
    """Each class against all others, and their mean."""
    x, curves = result.arrays.get("roc_false_positive_rates"), result.arrays.get("roc_true_positive_rates")
    if x is None or curves is None or not len(curves):
        return []
    across, up = x.astype(np.float64), curves.astype(np.float64)
    there = ~np.isnan(up).any(axis=1)
    lines = [RateLine("mean", across, up[there].mean(axis=0), is_mean=True)] if there.any() else []
    lines += [RateLine(name, across, row) for name, row in zip(result.classes, up, strict=False)]
    area = result.metric("roc_auc_macro")
    return [
        RateFigure(
            "ROC by class",
            "False positive rate",
            "True positive rate",
            tuple(lines),
            has_diagonal=True,
            note="" if area is None else f"mean area {area:.3f}",
        )
    ]


def _reliability(result: Result) -> list[Figure]:
    """How often images are right that are so sure; and how many there are."""
    accuracy, images = result.arrays.get("reliability_accuracy"), result.arrays.get("reliability_images")
    if accuracy is None or images is None:
        return []
    error = result.metric("calibration_error")
    told = "" if error is None else f"calibration error {error:.3f}"
    rates = np.nan_to_num(accuracy.astype(np.float64))
    return [
        BarFigure(
            "Reliability",
            "Confidence",
            "Share of right answers",
            (Stack("right", "s1", rates),),
            has_diagonal=True,
            note=told,
        ),
        BarFigure("Confidence", "Confidence", "Images", (Stack("images", "s6", images.astype(np.float64)),)),
    ]


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
