"""Curves of one result: what it is worth at every confidence, or by how many images. Told by what was stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.protocol.results import ResultSummary
from engine.reports.charts import Series, line_chart

Values = NDArray[np.float64]
_STEPS = 100
_CORNERS = ((0.0, 0.0), (1.0, 1.0))


def result_curves(folder: Path, summary: ResultSummary) -> list[str]:
    """Draw what there is, as SVG.

    Raises:
        OSError: a file is not there, or ValueError, IndexError: it is damaged.
    """
    charts: list[str] = []
    for wanted, draw in _CHARTS:
        there = {*summary.arrays, *(f"image_{column}" for column in summary.columns)}
        if there.issuperset(wanted):
            charts.append(draw(*(_read(folder / f"{name}.npy") for name in wanted)))
    return [chart for chart in charts if chart]


def _read(path: Path) -> Values:
    return np.load(path, allow_pickle=False).astype(np.float64)


def _sure_answers(confidence: Values, correct: Values) -> str:
    """Accuracy and coverage where answers below a confidence are none; a NaN is never sure, but at 0."""
    asked = (np.arange(_STEPS + 1) / _STEPS).astype(np.float32)
    known = np.nan_to_num(confidence, nan=-1.0).astype(np.float32)
    step = np.maximum(np.searchsorted(asked, known, side="right") - 1, 0)
    every, right = (
        np.cumsum(np.bincount(step, weights, _STEPS + 1)[::-1])[::-1] for weights in (None, correct)
    )
    if not len(step):
        return ""
    accuracy = np.divide(right, every, out=np.full(len(every), np.nan), where=every > 0)
    return line_chart(
        "By least confidence",
        [_series("accuracy", asked, accuracy), _series("images answered", asked, every / len(step))],
        share=True,
    )


def _reliability(confidence: Values, accuracy: Values) -> str:
    return line_chart(
        "Right answers by confidence",
        [_series("measured", confidence, accuracy), Series("ideal", _CORNERS)],
        share=True,
    )


def _roc(alarms: Values, found: Values) -> str:
    return line_chart(
        "Found by false alarms (ROC)", [_series("mean of the classes", alarms, _mean(found))], share=True
    )


def _by_confidence(confidences: Values, precision: Values, recall: Values, f1: Values) -> str:
    named = (("precision", precision), ("recall", recall), ("F1", f1))
    return line_chart(
        "By least confidence", [_series(name, confidences, _mean(rows)) for name, rows in named], share=True
    )


def _precision_by_recall(recalls: Values, precision: Values) -> str:
    """(overlaps, classes, recalls): of the smallest overlap that is enough, 0.5; -1 where there is none."""
    rows = np.where(precision[0] < 0, np.nan, precision[0])
    return line_chart("Precision by recall, IoU 0.5", [_series("mean", recalls, _mean(rows))], share=True)


def _images_by_measure(overlaps: Values, accuracies: Values) -> str:
    """The share of the images that reach a value."""
    least = np.arange(_STEPS + 1) / _STEPS
    series = [
        _series(name, least, 1 - np.searchsorted(np.sort(values), least) / len(values))
        for name, values in (("IoU", overlaps), ("pixel accuracy", accuracies))
        if len(values)
    ]
    return line_chart("Images that reach a value", series, share=True)


def _mean(rows: Values) -> Values:
    """The mean of the classes that are there."""
    known = rows[~np.isnan(rows).any(axis=1)]
    return known.mean(axis=0) if len(known) else np.zeros(0)


def _series(name: str, x: NDArray[np.generic], y: Values) -> Series:
    """Points without a value are left out."""
    points = zip(x.tolist(), y.tolist(), strict=False)
    return Series(name, [(float(at), value) for at, value in points if not np.isnan(value)])


_CHARTS: tuple[tuple[tuple[str, ...], Callable[..., str]], ...] = (
    (("image_confidence", "image_correct"), _sure_answers),
    (("reliability_confidence", "reliability_accuracy"), _reliability),
    (("roc_false_positive_rates", "roc_true_positive_rates"), _roc),
    (("curve_confidences", "curve_precision", "curve_recall", "curve_f1"), _by_confidence),
    (("pr_recalls", "pr_precision"), _precision_by_recall),
    (("image_iou", "image_pixel_accuracy"), _images_by_measure),
)
"""The arrays that a chart is drawn of."""
