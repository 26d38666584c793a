"""What a classifier's result is when answers below a confidence are none: counted anew by array steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from desktop.models.result import Result
from desktop.tasks.same_array import SameArray
from engine.protocol.results import ResultSummary

Numbers = NDArray[np.int64]
Rates = NDArray[np.float64]
SURE = "sure"
"""The column that says of each image whether its answer counts; absent where all do."""
COVERAGE = "coverage"
"""The metric that says how many do."""
STEPS = 100
_WANTED = ("confidence", "target", "predicted")
_KEPT = 2
_NEVER_SURE = -1.0


@dataclass(frozen=True, slots=True, eq=False)
class SureCurves:
    """What becomes of the answers at the confidences 0, 0.01 … 1: (101,) each."""

    coverage: Rates
    """The share of the images whose answers are sure enough."""
    accuracy: Rates
    """The share of these that are right; NaN where there are none."""
    f1: Rates
    """The mean over the classes; an image without an answer is missed."""

    @property
    def best(self) -> float:
        """The confidence with the largest mean F1; the lowest of several."""
        return int(np.argmax(self.f1)) / STEPS


@dataclass(frozen=True, slots=True, eq=False)
class _Answers:
    """N images and C classes."""

    confidence: NDArray[np.float32]
    true: Numbers
    said: Numbers
    support: Numbers
    """(C,) images there are of each class."""
    seen: NDArray[np.bool_]
    """(C,) classes that are there, or that an image is taken for at any confidence: means are over these."""


def sure_curves(result: Result) -> SureCurves | None:
    """Count at every confidence; None where the run kept nothing by image."""
    answers = _answers(result)
    return None if answers is None or not len(answers.true) else _curves(answers)


def at_sureness(result: Result, confidence: float) -> Result:
    """Give a result as it is when images with less confidence have no answer; at 0 it is as it was measured.

    The matrix has one more column, of the images without an answer; the row that belongs to it is empty.
    """
    answers = _answers(result)
    if answers is None or confidence <= 0:
        return result
    sure = answers.confidence >= np.float32(confidence)
    side = len(result.classes) + 1
    said = np.where(sure, answers.said, side - 1)
    confusion = np.bincount(answers.true * side + said, minlength=side * side).reshape(side, side)
    return replace(
        result,
        bound=confidence,
        confusion=confusion,
        columns={**result.columns, SURE: sure},
        summary=_told(result, answers, sure),
    )


def _answers(result: Result) -> _Answers | None:
    columns = [result.columns.get(name) for name in _WANTED]
    if not result.images or any(column is None for column in columns):
        return None
    confidence, true, said = (SameArray(column) for column in columns if column is not None)
    return _read(confidence, true, said, len(result.classes))


@lru_cache(maxsize=_KEPT)
def _read(confidence: SameArray, true: SameArray, said: SameArray, classes: int) -> _Answers:
    known = np.nan_to_num(confidence.array.astype(np.float32), nan=_NEVER_SURE)
    there, called = true.array.astype(np.int64), said.array.astype(np.int64)
    support = np.bincount(there, minlength=classes)
    return _Answers(known, there, called, support, (support + np.bincount(called, minlength=classes)) > 0)


@lru_cache(maxsize=_KEPT)
def _curves(answers: _Answers) -> SureCurves:
    bounds = (np.arange(STEPS + 1) / STEPS).astype(np.float32)
    # An answer counts up to the last bound that it reaches; at 0 all do.
    step = np.maximum(np.searchsorted(bounds, answers.confidence, side="right") - 1, 0)
    classes = len(answers.support)
    flat = step * classes + answers.said
    is_right = answers.said == answers.true
    called, right = (_from_there_on(flat[rows], classes) for rows in (slice(None), is_right))
    every, hits = called.sum(axis=1), right.sum(axis=1)
    f1 = _share(2 * right, called + answers.support)
    return SureCurves(
        coverage=every / len(answers.true),
        accuracy=np.divide(hits, every, out=np.full(len(every), np.nan), where=every > 0),
        f1=f1[:, answers.seen].mean(axis=1),
    )


def _from_there_on(flat: Numbers, classes: int) -> Numbers:
    """(101, C): how many of each class are counted at a step or above it."""
    counts = np.bincount(flat, minlength=(STEPS + 1) * classes).reshape(-1, classes)
    return np.cumsum(counts[::-1], axis=0)[::-1]


def _told(result: Result, answers: _Answers, sure: NDArray[np.bool_]) -> ResultSummary:
    """The summary with the rates of the sure answers; means are over the same classes at every confidence."""
    classes = len(answers.support)
    is_hit = sure & (answers.said == answers.true)
    called = np.bincount(answers.said[sure], minlength=classes)
    right = np.bincount(answers.said[is_hit], minlength=classes)
    per_class = {
        "precision": _share(right, called),
        "recall": _share(right, answers.support),
        "f1": _share(2 * right, called + answers.support),
    }
    rates = {f"{name}_macro": float(values[answers.seen].mean()) for name, values in per_class.items()}
    there, hits, every = answers.support > 0, int(is_hit.sum()), int(sure.sum())
    rates["balanced_accuracy"] = float(per_class["recall"][there].mean())
    rates["accuracy"] = hits / every if every else 0.0
    rates[COVERAGE] = every / len(sure)
    return result.summary.model_copy(
        update={
            "metrics": _under_full_names(result.summary.metrics, rates),
            "per_class": {
                **result.summary.per_class,
                **{
                    name: dict(zip(result.classes, values.tolist(), strict=True))
                    for name, values in per_class.items()
                },
            },
        }
    )


def _under_full_names(metrics: Mapping[str, float], rates: Mapping[str, float]) -> dict[str, float]:
    """Put rates in the place of those that were measured, `val/accuracy`."""
    prefix = next((name.rpartition("/")[0] for name in metrics), "")
    full = {f"{prefix}/{name}" if prefix else name: value for name, value in rates.items()}
    return {**metrics, **full}


def _share(part: Numbers, whole: Numbers) -> Rates:
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
