"""The charts of a detector's result, and which confidence a point of a curve belongs to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from desktop.charts.figures import BarFigure, Figure, RateFigure, RateLine, Stack
from desktop.models.result import Result
from desktop.tasks.found_objects import found_objects, mean_over_classes
from desktop.tasks.object_overlaps import overlap_counts

CONFIDENCE, OVERLAP = "confidence", "overlap"
_RECALL = "recall"
_HAIR = 1e-6
_BAR_TIP = "Click shows images with such boxes"
_POINT_TIP = "Click sets this confidence"


def detection_figures(result: Result) -> list[Figure]:
    """Give the charts, the most telling first."""
    return [*_precision_recall(result), *_against_confidence(result), *_histograms(result)]


def confidence_at(result: Result, figure: RateFigure, x: float, line: int) -> float | None:
    """Give the confidence of a point; of a curve over recalls the highest one that reaches it."""
    if figure.key == CONFIDENCE:
        return x
    curve, at = result.arrays.get("curve_recall"), result.arrays.get("curve_confidences")
    if curve is None or at is None:
        return None
    shown = figure.lines[line]
    recall = mean_over_classes(curve)
    if not shown.is_mean:
        recall = curve[result.classes.index(shown.label)].astype(np.float64)
    if recall is None:
        return None
    enough = np.flatnonzero(recall >= x - _HAIR)
    return float(at[enough[-1]]) if len(enough) else 0.0


def _lines(result: Result, x: NDArray[np.generic], curves: NDArray[np.generic]) -> tuple[RateLine, ...]:
    """A line a class that is there, the mean first."""
    across, up = x.astype(np.float64), curves.astype(np.float64)
    mean = mean_over_classes(up)
    lines = [] if mean is None else [RateLine("mean", across, mean, is_mean=True)]
    present = np.flatnonzero(np.isfinite(up).all(axis=1))
    lines += [RateLine(result.classes[n], across, up[n]) for n in present.tolist()]
    return tuple(lines)


def _precision_recall(result: Result) -> list[Figure]:
    recalls, precision = result.arrays.get("pr_recalls"), result.arrays.get("pr_precision")
    if (
        recalls is None or precision is None or precision.ndim != 3 or not precision.shape[1]
    ):  # (overlaps, classes, recalls)
        return []
    rows = precision[0].astype(np.float64)
    rows[rows < 0] = np.nan
    value = result.metric("map50")
    note = "" if value is None else f"mAP 50 {value:.1%}, at every confidence"
    lines = _lines(result, recalls, rows)
    key = _RECALL if found_objects(result) is not None else ""
    return [
        RateFigure("Precision and recall", "Recall", "Precision", lines, note=note, key=key, tip=_POINT_TIP)
    ]


def _against_confidence(result: Result) -> list[Figure]:
    x = result.arrays.get("curve_confidences")
    key = CONFIDENCE if found_objects(result) is not None else ""
    figures: list[Figure] = []
    for name, title in (("f1", "F1"), ("precision", "Precision"), ("recall", "Recall")):
        curve = result.arrays.get(f"curve_{name}")
        if x is None or curve is None or not len(curve):
            continue
        mean = mean_over_classes(curve)
        top = None if mean is None or name != "f1" else float(x[int(np.argmax(mean))])
        best = "" if mean is None or top is None else f"best {mean.max():.1%} at {top:.0%}"
        figures.append(
            RateFigure(
                f"{title} against confidence",
                "Confidence",
                title,
                _lines(result, x, curve),
                marked=result.bound,
                best=top,
                note=best,
                key=key,
                tip=_POINT_TIP,
            )
        )
    return figures


def _histograms(result: Result) -> list[Figure]:
    found = found_objects(result)
    confidence, overlap = result.arrays.get("confidence_histogram"), result.arrays.get("iou_histogram")
    figures: list[Figure] = []
    if confidence is not None and confidence.shape[0] == 2:  # right and wrong
        right, wrong = confidence.astype(np.float64)
        stacks = (Stack("right", "ok", right), Stack("wrong", "bad", wrong))
        figures.append(
            BarFigure(
                "Boxes by confidence",
                "Confidence",
                "Boxes",
                stacks,
                marked=result.bound,
                key=CONFIDENCE if found is not None else "",
                tip=_BAR_TIP,
            )
        )
    if found is not None and result.bound is not None:
        overlap = overlap_counts(found, result.bound)
    if overlap is not None:
        bars = (Stack("boxes", "s1", overlap.astype(np.float64)),)
        figures.append(
            BarFigure(
                "Boxes by overlap",
                "IoU with the nearest object",
                "Boxes",
                bars,
                marked=0.5,
                note="an object is found from an IoU of 0.5 on",
                key=OVERLAP if found is not None else "",
                tip=_BAR_TIP,
            )
        )
    return figures
