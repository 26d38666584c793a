"""The charts of a classifier's result, and which images a point or a bar of them stands for."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from desktop.charts.figures import BarFigure, Figure, RateFigure, RateLine, Stack
from desktop.models.result import Result
from desktop.tasks.class_curves import ClassCurves, class_curves
from desktop.tasks.class_sureness import STEPS, sure_curves
from desktop.tasks.measures import Span

CONFIDENCE, SCORE = "confidence", "score"
_ROC, _RECALL, _SURE = "roc", "recall", "sure"
_BINS = 20
_MOST_OF_LOSSES = 0.98
"""The axis ends where so many images are below: a few very high losses would press all others into one bar."""
_BAR_TIP = "Click shows these images"
_POINT_TIP = "Click on a class shows what it would take"


def classification_figures(result: Result) -> list[Figure]:
    """Give the charts, the most telling first."""
    curves = class_curves(result)
    figures = [*_sure_answers(result), *_roc(result, can_pick=curves is not None)]
    if curves is not None:
        figures += [_precision_recall(result, curves), _f1(result, curves)]
    return [*figures, *_reliability(result), *_spreads(result)]


def threshold_at(result: Result, figure: RateFigure, x: float, line: int) -> Span | float | None:
    """Give the images that a class would take at the threshold to which a point of a curve belongs.

    Of a chart of the bound, that bound.
    """
    if figure.key == _SURE:
        return round(x, 2)
    curves = class_curves(result)
    label = result.classes.index(figure.lines[line].label) if not figure.lines[line].is_mean else -1
    if label < 0:  # the answers as they are: of the mean there is no score
        return Span(CONFIDENCE, round(x, 2), math.inf) if figure.key == CONFIDENCE else None
    if curves is None:
        return None
    match figure.key:
        case "roc":
            threshold = curves.threshold_of_alarms(label, x)
        case "recall":
            threshold = curves.threshold_of_recall(label, x)
        case _:
            threshold = round(x, 2)
    return Span(f"{SCORE}/{label}", threshold, math.inf)


def _sure_answers(result: Result) -> list[Figure]:
    """What the answers are worth, and how many are left, by the confidence from which on they count."""
    curves = sure_curves(result)
    if curves is None:
        return []
    asked = np.arange(STEPS + 1) / STEPS
    return [
        RateFigure(
            "Sure answers",
            "Confidence that is asked for",
            "Share",
            (
                RateLine("macro F1", asked, curves.f1, is_mean=True),
                RateLine("accuracy", asked, curves.accuracy),
                RateLine("coverage", asked, curves.coverage),
            ),
            marked=result.bound,
            best=curves.best,
            note=f"best F1 {curves.f1.max():.1%} at {curves.best:.0%}",
            key=_SURE,
            tip="Click sets this confidence",
        )
    ]


def _roc(result: Result, *, can_pick: bool) -> list[Figure]:
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
            key=_ROC if can_pick else "",
            tip=_POINT_TIP,
        )
    ]


def _precision_recall(result: Result, curves: ClassCurves) -> Figure:
    lines: list[RateLine] = []
    for label, name in enumerate(result.classes):
        recall, precision = curves.recall[label][::-1], curves.precision[label][::-1]
        there = ~(np.isnan(recall) | np.isnan(precision))
        if there.any():
            lines.append(RateLine(name, recall[there], precision[there]))
    return RateFigure(
        "Precision and recall", "Recall", "Precision", tuple(lines), key=_RECALL, tip=_POINT_TIP
    )


def _f1(result: Result, curves: ClassCurves) -> Figure:
    """Each class against all others, by the score from which on an image is taken for it."""
    there = ~np.isnan(curves.f1[:, 0])
    lines = [
        RateLine(name, curves.thresholds, curves.f1[label])
        for label, name in enumerate(result.classes)
        if there[label]
    ]
    note, best = "", None
    if there.any():
        mean = curves.f1[there].mean(axis=0)
        lines.insert(0, RateLine("mean", curves.thresholds, mean, is_mean=True))
        best = float(curves.thresholds[int(np.argmax(mean))])
        note = f"best {mean.max():.1%} at {best:.0%}"
    return RateFigure(
        "F1 against confidence",
        "Score of the class",
        "F1",
        tuple(lines),
        best=best,
        note=note,
        key=CONFIDENCE,
        tip="Click shows what is at least so sure",
    )


def _reliability(result: Result) -> list[Figure]:
    """How often images are right that are so sure; and how many there are."""
    accuracy, images = result.arrays.get("reliability_accuracy"), result.arrays.get("reliability_images")
    if accuracy is None or images is None:
        return []
    error = result.metric("calibration_error")
    told = "" if error is None else f"calibration error {error:.3f}"
    rates = np.nan_to_num(accuracy.astype(np.float64))
    key = CONFIDENCE if result.images else ""
    return [
        BarFigure(
            "Reliability",
            "Confidence",
            "Share of right answers",
            (Stack("right", "s1", rates),),
            has_diagonal=True,
            note=told,
            key=key,
            tip=_BAR_TIP,
            is_open_below=True,
        ),
        BarFigure(
            "Confidence",
            "Confidence",
            "Images",
            (Stack("images", "s6", images.astype(np.float64)),),
            marked=result.bound,
            key=key,
            tip=_BAR_TIP,
            is_open_below=True,
        ),
    ]


def _spreads(result: Result) -> list[Figure]:
    """How losses and margins are spread, right and wrong answers apart."""
    if not result.images or any(name not in result.columns for name in ("loss", "margin", "correct")):
        return []
    losses = result.column("loss").astype(np.float64)
    known = losses[np.isfinite(losses)]
    top = _round_up(float(np.quantile(known, _MOST_OF_LOSSES))) if len(known) else 1.0
    note = f"median {np.median(known):.3f}" if len(known) else ""
    return [
        BarFigure(
            "Loss",
            "Loss",
            "Images",
            _right_and_wrong(result, losses, (0.0, top)),
            note=note,
            key="loss",
            tip=_BAR_TIP,
            reach=(0.0, top),
            has_rest=True,
        ),
        BarFigure(
            "Margin",
            "Score of the right class above the best other",
            "Images",
            _right_and_wrong(result, result.column("margin").astype(np.float64), (-1.0, 1.0)),
            key="margin",
            tip=_BAR_TIP,
            reach=(-1.0, 1.0),
        ),
    ]


def _right_and_wrong(
    result: Result, values: NDArray[np.float64], reach: tuple[float, float]
) -> tuple[Stack, ...]:
    """Count in bars; what is no number, and infinite losses, are in the last."""
    low, high = reach
    places = np.floor((np.nan_to_num(values, nan=high, posinf=high) - low) / (high - low) * _BINS + 1e-6)
    which = np.clip(places, 0, _BINS - 1).astype(np.int64)
    correct = result.column("correct").astype(np.bool_)
    right, wrong = (np.bincount(which[flags], minlength=_BINS) for flags in (correct, ~correct))
    return (
        Stack("right", "ok", right.astype(np.float64)),
        Stack("wrong", "bad", wrong.astype(np.float64)),
    )


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 5, 10 times a power of ten: where an axis ends."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in (1, 2, 4, 5) if value <= step * power), 10 * power)
