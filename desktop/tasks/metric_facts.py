"""Metric cards in numbers: a value, its change since an earlier measurement, and whether that is good."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from desktop.models.result import Result, metric_in
from desktop.tasks.task import ClassValue, MetricFact

Metrics = Mapping[str, float]
_SMALL = 0.0005
"""A change below this is shown as none: it would read +0.0 pt or +0.000."""


def share_fact(title: str, name: str, result: Result, before: Metrics | None) -> MetricFact:
    """A metric that is told as percent; its change in points."""
    value, change = _with_change(name, result, before)
    if value is None:
        return MetricFact(title, "–")
    note = "" if change is None else f"{change * 100:+.1f} pt"
    return _fact(MetricFact(title, f"{value:.1%}", note, metric=name), change)


def number_fact(title: str, name: str, result: Result, before: Metrics | None) -> MetricFact:
    """A metric that is told as a number; of a loss less is better."""
    value, change = _with_change(name, result, before)
    if value is None:
        return MetricFact(title, "–")
    note = "" if change is None else f"{change:+.3f}"
    gain = -change if change is not None and name == "loss" else change
    return _fact(MetricFact(title, f"{value:.3f}", note, metric=name), gain)


def with_reference(fact: MetricFact, before_title: str, images: int) -> MetricFact:
    """Say on the first card since when changes are told, or on how many images was measured."""
    return replace(fact, note=f"{fact.note} since {before_title}" if fact.note else counted(images, "image"))


def weakest_fact(values: Sequence[ClassValue], measure: str) -> MetricFact:
    """Name the class with the smallest value; of classes that are all as good none is the weakest."""
    known = [entry for entry in values if not math.isnan(entry.value)]
    if not known:
        return MetricFact("Weakest class", "–")
    worst = min(known, key=lambda entry: entry.value)
    if len(known) > 1 and worst.value == max(entry.value for entry in known):
        return MetricFact("Weakest class", "none", f"{measure} {worst.value:.2f} of all")
    return MetricFact("Weakest class", worst.label, f"{measure} {worst.value:.2f}")


def class_values(result: Result, metric: str) -> list[ClassValue]:
    """Give a metric of every class that was measured; NaN for a class of which nothing is there."""
    values = result.summary.per_class.get(metric, {})
    support = result.summary.per_class.get("support", {})
    found: list[ClassValue] = []
    for index, name in enumerate(result.classes):
        count = int(support.get(name, 0))
        # The value of a class that is not there is a 0 that tells nothing.
        found.append(ClassValue(index, name, values.get(name, math.nan) if count else math.nan, count))
    return found


def counted(number: int, what: str) -> str:
    """`on 1 image`, `on 240 images`."""
    return f"on 1 {what}" if number == 1 else f"on {number:,} {what}s"


def _fact(fact: MetricFact, gain: float | None) -> MetricFact:
    if gain is None:
        return fact
    return replace(fact, note="no change") if abs(gain) < _SMALL else replace(fact, is_good=gain > 0)


def _with_change(name: str, result: Result, before: Metrics | None) -> tuple[float | None, float | None]:
    value = result.metric(name)
    earlier = metric_in(before, name) if before is not None else None
    return value, value - earlier if value is not None and earlier is not None else None
