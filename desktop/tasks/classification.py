"""How a classifier's results are shown: accuracy and its kin, truth → prediction, the likeliest classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from desktop.grids.tile import Tile, judged_tile
from desktop.models.result import Result, metric_in
from desktop.tasks.task import (
    ClassValue,
    ImageDetail,
    MetricFact,
    Score,
    Selection,
    SortChoice,
)

Metrics: TypeAlias = Mapping[str, float]
CLASS_METRIC = "f1"
_SMALL = 0.0005
"""A change below this is shown as none: it would read +0.0 pt or +0.000."""
TOP5_FROM_CLASSES = 7
"""With fewer classes the right one is nearly always among five: balanced accuracy says more."""


class ClassificationView:
    """See `TaskView`."""

    class_measure = "F1"
    sorts: Sequence[SortChoice] = (
        SortChoice("loss", "Highest loss"),
        SortChoice("unsure", "Lowest confidence"),
        SortChoice("sure", "Highest confidence"),
        SortChoice("name", "File name"),
    )

    def cards(self, result: Result, before: Metrics | None, before_title: str) -> list[MetricFact]:
        second = ("Top-5 accuracy", "top5_accuracy")
        if len(result.classes) < TOP5_FROM_CLASSES:
            second = ("Balanced accuracy", "balanced_accuracy")
        facts = [
            _share("Top-1 accuracy", "accuracy", result, before),
            _share(*second, result, before),
            _number("Macro F1", "f1_macro", result, before),
            _number("Log loss", "loss", result, before),
        ]
        first = facts[0]
        note = f"{first.note} since {before_title}" if first.note else _counted(result.summary.images)
        facts[0] = replace(first, note=note)
        return [*facts, _weakest(self.class_values(result))]

    def class_values(self, result: Result) -> list[ClassValue]:
        values = result.summary.per_class.get(CLASS_METRIC, {})
        support = result.summary.per_class.get("support", {})
        found: list[ClassValue] = []
        for index, name in enumerate(result.classes):
            images = int(support.get(name, 0))
            # The F1 of a class without images is 0, and tells nothing.
            value = values.get(name, math.nan) if images else math.nan
            found.append(ClassValue(index, name, value, images))
        return found

    def chosen(self, result: Result, selection: Selection) -> NDArray[np.bool_]:
        mask = np.ones(result.images, dtype=np.bool_)
        if not result.images:
            return mask
        if selection.verdict != "all":
            mask &= result.column("correct").astype(np.bool_) == (selection.verdict == "correct")
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

    def detail(self, result: Result, image: int) -> ImageDetail:
        truth, prediction = _truth_and_prediction(result, image)
        facts = (
            ("Confidence", f"{_value(result, 'confidence', image):.1%}"),
            ("Loss", f"{_value(result, 'loss', image):.3f}"),
            ("Margin", f"{_value(result, 'margin', image):+.3f}"),
        )
        return ImageDetail(
            name=result.paths[image],
            truth=truth,
            prediction=prediction,
            is_correct=truth == prediction,
            facts=facts,
            scores=_scores(result, image, truth),
        )


def _scores(result: Result, image: int, truth: str) -> tuple[Score, ...]:
    """The likeliest classes, and the right one behind them where it is not among them."""
    top = [int(index) for index in np.atleast_1d(result.column("top")[image])]
    probabilities = result.column("scores")[image]
    names = result.classes
    if truth in names and names.index(truth) not in top:
        top.append(names.index(truth))
    return tuple(Score(names[i], float(probabilities[i]), names[i] == truth) for i in top)


def _truth_and_prediction(result: Result, image: int) -> tuple[str, str]:
    names = result.classes
    return names[int(result.column("target")[image])], names[int(result.column("predicted")[image])]


def _value(result: Result, column: str, image: int) -> float:
    return float(result.column(column)[image])


def _counted(images: int) -> str:
    return "on 1 image" if images == 1 else f"on {images:,} images"


def _share(title: str, name: str, result: Result, before: Metrics | None) -> MetricFact:
    """A metric that is told as percent; its change in points."""
    value, change = _with_change(name, result, before)
    if value is None:
        return MetricFact(title, "–")
    note = "" if change is None else f"{change * 100:+.1f} pt"
    return _fact(MetricFact(title, f"{value:.1%}", note, metric=name), change)


def _number(title: str, name: str, result: Result, before: Metrics | None) -> MetricFact:
    value, change = _with_change(name, result, before)
    if value is None:
        return MetricFact(title, "–")
    note = "" if change is None else f"{change:+.3f}"
    gain = -change if change is not None and name == "loss" else change
    return _fact(MetricFact(title, f"{value:.3f}", note, metric=name), gain)


def _fact(fact: MetricFact, gain: float | None) -> MetricFact:
    if gain is None:
        return fact
    return replace(fact, note="no change") if abs(gain) < _SMALL else replace(fact, is_good=gain > 0)


def _with_change(name: str, result: Result, before: Metrics | None) -> tuple[float | None, float | None]:
    value = result.metric(name)
    earlier = metric_in(before, name) if before is not None else None
    return value, value - earlier if value is not None and earlier is not None else None


def _weakest(values: Sequence[ClassValue]) -> MetricFact:
    known = [entry for entry in values if not math.isnan(entry.value)]
    if not known:
        return MetricFact("Weakest class", "–")
    worst = min(known, key=lambda entry: entry.value)
    return MetricFact("Weakest class", worst.label, f"F1 {worst.value:.2f}")


VIEW = ClassificationView()
