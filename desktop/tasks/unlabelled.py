"""What all tasks tell of images whose truth nobody knows: answers are counted, and nothing is right or wrong."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from desktop.charts.figures import BarFigure, Figure, Stack
from desktop.models.result import Result
from desktop.tasks.task import ALL, Choice, ClassValue, MetricFact

VERDICTS = (Choice(ALL, "All"),)
UNSURE = Choice("unsure", "Lowest confidence")
SURE = Choice("sure", "Highest confidence")
NAME = Choice("name", "File name")
CONFIDENCE = "confidence"
_BINS = 20
_TIP = "Click shows these images"


def share_values(result: Result, images: NDArray[np.int64]) -> list[ClassValue]:
    """By class the share of the images in which it was predicted; NaN for one that never was.

    Args:
        result: with N images.
        images: (C,) in how many.
    """
    every = max(1, result.images)
    return [
        ClassValue(number, name, count / every if count else math.nan, count)
        for number, (name, count) in enumerate(zip(result.classes, images.tolist(), strict=True))
    ]


def answer_cards(result: Result, values: list[ClassValue], what: str) -> list[MetricFact]:
    """Cards without a metric: how many images, how sure, and which classes.

    Args:
        result: with N images.
        values: as `share_values` gives them.
        what: says what the share is of, `of the images`.
    """
    summary = result.summary
    left_out = f"{summary.left_out:,} could not be read" if summary.left_out else "without labels"
    told = [entry for entry in values if entry.count]
    first = max(told, key=lambda entry: entry.value, default=None)
    most = (
        MetricFact("Most frequent class", first.label, f"{first.value:.0%} {what}")
        if first is not None
        else MetricFact("Most frequent class", "–")
    )
    classes = MetricFact("Classes found", f"{len(told):,}", f"of {len(values):,}")
    return [MetricFact("Images", f"{summary.images:,}", left_out), *_confidence_cards(result), most, classes]


def confidence_figure(result: Result) -> list[Figure]:
    """How sure the model is; nothing where it does not tell."""
    read = _confidences(result)
    if not len(read):
        return []
    places = np.clip(np.ceil(read * _BINS - 1e-6) - 1, 0, _BINS - 1).astype(np.int64)
    counts = np.bincount(places, minlength=_BINS).astype(np.float64)
    note = f"median {np.median(read):.0%}"
    return [
        BarFigure(
            "Images by confidence",
            "Confidence",
            "Images",
            (Stack("images", "s6", counts),),
            note=note,
            key=CONFIDENCE,
            tip=_TIP,
            is_open_below=True,
        )
    ]


def _confidence_cards(result: Result) -> list[MetricFact]:
    read = _confidences(result)
    if not len(read):
        return [MetricFact("Mean confidence", "–", "the model does not tell"), MetricFact("Least sure", "–")]
    return [
        MetricFact("Mean confidence", f"{read.mean():.1%}"),
        MetricFact("Least sure", f"{read.min():.1%}", "of one image"),
    ]


def _confidences(result: Result) -> NDArray[np.float64]:
    """(N,), empty where the model does not tell; a NaN is as unsure as can be."""
    return np.nan_to_num(result.columns.get(CONFIDENCE, np.zeros(0)).astype(np.float64))
