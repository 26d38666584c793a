"""What a detector found beside what is there, at any confidence: counted anew by array steps, image by image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from desktop.models.result import Column, Result, damaged_result
from engine.protocol.results import ResultSummary

_Value = TypeVar("_Value", bound=np.generic)
Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]
_KEPT = 4
_STEPS = 100
"""Curves have a value for each hundredth of confidence, and one for 0."""
_OF_BOXES = ("boxes", "box_scores", "box_labels", "box_ious", "box_partners", "box_partners_any")
_OF_OBJECTS = ("objects", "object_labels", "object_ignored")


@dataclass(frozen=True, slots=True, eq=False)
class FoundObjects:
    """P boxes that were found and T objects that are there, of N images in their order."""

    box_starts: Numbers
    """(N + 1,): those of image i are from start i to start i + 1."""
    boxes: NDArray[np.float32]
    """(P, 4) left, top, right, bottom, pixels of the image."""
    scores: NDArray[np.float32]
    labels: Numbers
    overlaps: NDArray[np.float32]
    """(P,) IoU with the object that a box found, 0 where it found none."""
    partners: Numbers
    """(P,) row of the object of its class that a box found; -1 for none."""
    partners_any: Numbers
    """(P,) row of the object of any class that a box took; -1 for none."""
    object_starts: Numbers
    objects: NDArray[np.float32]
    object_labels: Numbers
    ignored: Flags
    """(T,) crowds and difficult objects: neither to find nor to miss one counts."""
    box_image: Numbers
    """(P,) number of the image."""
    object_image: Numbers
    is_judged: bool = True
    """Whether it is known what is there; else no box is right or wrong."""

    @property
    def images(self) -> int:
        return len(self.box_starts) - 1

    def boxes_of(self, image: int) -> slice:
        return slice(int(self.box_starts[image]), int(self.box_starts[image + 1]))

    def objects_of(self, image: int) -> slice:
        return slice(int(self.object_starts[image]), int(self.object_starts[image + 1]))


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """What became of boxes and objects when boxes below a confidence are dropped."""

    shown: Flags
    """(P,) boxes that are sure enough."""
    right: Flags
    """(P,) they found an object of their class."""
    wrong: Flags
    """(P,) they found none; nowhere where nobody knows what is there."""
    found: Flags
    """(T,) a box of its class found the object."""


@dataclass(frozen=True, slots=True, eq=False)
class Meetings:
    """Everything that stands in a cell of the confusion matrix, (K,) each; the class behind the last is none."""

    true: Numbers
    predicted: Numbers
    image: Numbers
    row: Numbers
    """Of the box; of the object where `is_missed`."""
    is_missed: Flags


@lru_cache(maxsize=_KEPT)
def found_objects(result: Result) -> FoundObjects | None:
    """Give what is stored of boxes and objects; None where the run kept nothing by image.

    Raises:
        UserError: `result_damaged` when it does not fit together.
    """
    arrays = result.arrays
    wanted = ("box_offsets", "object_offsets", *_OF_BOXES, *_OF_OBJECTS)
    if not result.images or any(name not in arrays for name in wanted):
        return None
    box_starts, object_starts = arrays["box_offsets"], arrays["object_offsets"]
    fault = _fault(result, len(arrays["boxes"]), len(arrays["objects"]))
    if fault:
        raise damaged_result(result.places.folder if result.places is not None else Path(), fault)
    return FoundObjects(
        box_starts=np.asarray(box_starts, dtype=np.int64),
        boxes=np.asarray(arrays["boxes"], dtype=np.float32),
        scores=np.asarray(arrays["box_scores"], dtype=np.float32),
        labels=np.asarray(arrays["box_labels"], dtype=np.int64),
        overlaps=np.asarray(arrays["box_ious"], dtype=np.float32),
        partners=np.asarray(arrays["box_partners"], dtype=np.int64),
        partners_any=np.asarray(arrays["box_partners_any"], dtype=np.int64),
        object_starts=np.asarray(object_starts, dtype=np.int64),
        objects=np.asarray(arrays["objects"], dtype=np.float32),
        object_labels=np.asarray(arrays["object_labels"], dtype=np.int64),
        ignored=np.asarray(arrays["object_ignored"], dtype=np.bool_),
        box_image=np.repeat(np.arange(result.images), np.diff(box_starts).astype(np.int64)),
        object_image=np.repeat(np.arange(result.images), np.diff(object_starts).astype(np.int64)),
        is_judged=result.summary.is_labelled,
    )


@lru_cache(maxsize=_KEPT)
def verdicts(found: FoundObjects, confidence: float) -> Verdicts:
    """Judge boxes and objects at a confidence.

    The surest box chose its object first, so that boxes that are dropped leave all others as they were.
    """
    shown = found.scores >= confidence
    has_partner = found.partners >= 0
    right = shown & has_partner
    right[has_partner] &= ~found.ignored[found.partners[has_partner]]
    seen = np.zeros(len(found.objects), dtype=np.bool_)
    seen[found.partners[shown & has_partner]] = True
    wrong = shown & ~has_partner if found.is_judged else np.zeros_like(shown)
    return Verdicts(shown, right, wrong, seen)


@lru_cache(maxsize=_KEPT)
def meetings(found: FoundObjects, confidence: float, classes: int) -> Meetings:
    """List what the cells of the confusion matrix hold at a confidence; ignored objects stand in none."""
    partner = found.partners_any
    counts = found.scores >= confidence
    counts[partner >= 0] &= ~found.ignored[partner[partner >= 0]]
    taken = partner[counts & (partner >= 0)]
    true = np.full(len(partner), classes)
    true[partner >= 0] = found.object_labels[partner[partner >= 0]]
    missed = ~found.ignored
    missed[taken] = False
    boxes, objects = np.flatnonzero(counts), np.flatnonzero(missed)
    return Meetings(
        row=np.concatenate([boxes, objects]),
        is_missed=np.arange(len(boxes) + len(objects)) >= len(boxes),
        true=np.concatenate([true[counts], found.object_labels[missed]]),
        predicted=np.concatenate([found.labels[counts], np.full(int(missed.sum()), classes)]),
        image=np.concatenate([found.box_image[counts], found.object_image[missed]]),
    )


def at_confidence(result: Result, confidence: float) -> Result:
    """Give a result as it is when boxes below a confidence are dropped: columns, confusions and rates by class.

    Raises:
        UserError: `result_damaged`.
    """
    found = found_objects(result)
    if found is None:
        return result
    ranked = _ranked(found, len(result.classes))
    return replace(
        result,
        bound=confidence,
        confusion=_confusion(found, ranked, confidence),
        columns={**result.columns, **_columns(found, ranked, confidence)},
        summary=_rates(result, confidence),
    )


def best_confidence(result: Result) -> float | None:
    """Give the confidence with the largest mean F1; None where no curve is stored."""
    curve = result.arrays.get("curve_f1")
    if curve is None or curve.ndim != 2 or curve.shape[1] != _STEPS + 1:
        return None
    mean = mean_over_classes(curve)
    return float(np.argmax(mean)) / _STEPS if mean is not None else None


def mean_over_classes(curve: Column) -> NDArray[np.float64] | None:
    """Give the mean of the rows (C, n) of classes that are there; None where none is."""
    rows = curve.astype(np.float64)
    rows = rows[~np.isnan(rows).any(axis=1)]
    return rows.mean(axis=0) if len(rows) else None


@dataclass(frozen=True, slots=True, eq=False)
class _Sorted:
    """Some of the boxes, the surest first: those from a confidence on are the first few."""

    ranks: NDArray[np.float32]
    """Scores times -1, rising."""
    values: Numbers
    """What is counted of each box."""

    def above(self, confidence: float) -> Numbers:
        return self.values[: self.count(confidence)]

    def count(self, confidence: float) -> int:
        return int(np.searchsorted(self.ranks, -np.float32(confidence), side="right"))


@dataclass(frozen=True, slots=True, eq=False)
class _Ranked:
    """Boxes by confidence, so that moving it only counts: a million boxes take some milliseconds."""

    right: _Sorted
    """The images of boxes that found an object of their class."""
    overlaps: NDArray[np.float64]
    """Of these."""
    wrong: _Sorted
    """The images of boxes that found none."""
    cells: _Sorted
    """The cells of the confusion matrix in which boxes stand."""
    surest: NDArray[np.float32]
    """(N,) the score of the surest box of each image, 0 where there is none."""
    counted: Numbers
    """(N,) objects of each image that are to be found."""
    side: int
    """Of the confusion matrix."""
    takers: NDArray[np.float32]
    """(T,) the score of the box of any class that took an object; -1 for none."""


@lru_cache(maxsize=_KEPT)
def _ranked(found: FoundObjects, classes: int) -> _Ranked:
    order = np.argsort(-found.scores)
    ranks, partner, across = -found.scores[order], found.partners[order], found.partners_any[order]
    image = found.box_image[order]
    is_right = (partner >= 0) & ~_taken(found.ignored, partner)
    is_wrong = partner < 0
    counts = ~((across >= 0) & _taken(found.ignored, across))
    true = np.where(across >= 0, _taken(found.object_labels, across), classes)
    cells = true * (classes + 1) + found.labels[order]
    takers = np.full(len(found.objects), -1, dtype=np.float32)
    took = np.flatnonzero(counts & (across >= 0))[::-1]  # the surest is written last
    takers[across[took]] = -ranks[took]
    surest = np.zeros(found.images, dtype=np.float32)
    surest[image[::-1]] = -ranks[::-1]
    return _Ranked(
        right=_Sorted(ranks[is_right], image[is_right]),
        overlaps=found.overlaps[order][is_right].astype(np.float64),
        wrong=_Sorted(ranks[is_wrong], image[is_wrong]),
        cells=_Sorted(ranks[counts], cells[counts]),
        surest=surest,
        counted=_per_image(found, found.object_image[~found.ignored]),
        side=classes + 1,
        takers=takers,
    )


def _taken(values: NDArray[_Value], rows: Numbers) -> NDArray[_Value]:
    """Values at rows; anything for row -1, which asks for none."""
    return values[rows] if len(values) else np.zeros(len(rows), dtype=values.dtype)


def _confusion(found: FoundObjects, ranked: _Ranked, confidence: float) -> Numbers:
    side = ranked.side
    counts = np.bincount(ranked.cells.above(confidence), minlength=side * side).reshape(side, side)
    missed = ~found.ignored & (ranked.takers < np.float32(confidence))
    counts[:, -1] += np.bincount(found.object_labels[missed], minlength=side)
    return counts


def _columns(found: FoundObjects, ranked: _Ranked, confidence: float) -> dict[str, Column]:
    """A value an image, (N,)."""
    right_images = ranked.right.above(confidence)
    right = _per_image(found, right_images)
    wrong = _per_image(found, ranked.wrong.above(confidence))
    missed = ranked.counted - right
    overlap = np.bincount(right_images, ranked.overlaps[: len(right_images)], found.images)
    told_of = 2 * right + wrong + missed
    return {
        "true_positives": right,
        "false_positives": wrong,
        "false_negatives": missed,
        "f1": np.divide(2 * right, told_of, out=np.ones(found.images), where=told_of > 0),
        "mean_iou": np.divide(overlap, right, out=np.zeros(found.images), where=right > 0),
        "confidence": np.where(ranked.surest >= np.float32(confidence), ranked.surest, 0),
    }


def _rates(result: Result, confidence: float) -> ResultSummary:
    """The summary with precision, recall and F1 at a confidence, from the curves."""
    curves = {name: result.arrays.get(f"curve_{name}") for name in ("precision", "recall", "f1")}
    place = round(confidence * _STEPS)
    metrics, per_class = dict(result.summary.metrics), dict(result.summary.per_class)
    for name, curve in curves.items():
        if curve is None or curve.ndim != 2 or curve.shape[1] <= place:
            continue
        mean = mean_over_classes(curve)
        full = next((known for known in metrics if known.rpartition("/")[2] == name), None)
        if mean is not None and full is not None:
            metrics[full] = float(mean[place])
        column = curve[:, place].astype(np.float64)
        recall = curves["recall"]
        if name == "precision" and recall is not None and recall.shape == curve.shape:
            # Without any box the curve has 1, so that it can be drawn; in a table it would be praise for nothing.
            column[(recall[:, place] == 0) & (column == 1)] = np.nan
        per_class[name] = {
            label: float(value)
            for label, value in zip(result.classes, column, strict=False)
            if not np.isnan(value)
        }
    return result.summary.model_copy(update={"metrics": metrics, "per_class": per_class})


def _per_image(found: FoundObjects, image: Numbers) -> Numbers:
    return np.bincount(image, minlength=found.images)


def _fault(result: Result, boxes: int, objects: int) -> str:
    """What would otherwise show when a tile is painted."""
    arrays = result.arrays
    for name, count in (*((n, boxes) for n in _OF_BOXES), *((n, objects) for n in _OF_OBJECTS)):
        if len(arrays[name]) != count:
            return f"{name}.npy has {len(arrays[name])} rows for {count}"
    for name, count in (("box_offsets", boxes), ("object_offsets", objects)):
        starts = arrays[name]
        is_whole = len(starts) == result.images + 1 and not int(starts[0]) and int(starts[-1]) == count
        if not is_whole or bool((np.diff(starts) < 0).any()):
            return f"{name}.npy does not divide them among the images"
    for name in ("box_partners", "box_partners_any"):
        if boxes and int(arrays[name].max()) >= objects:
            return f"{name}.npy names an object that there is not"
    for name in ("box_labels", "object_labels"):
        values = arrays[name]
        if len(values) and not (int(values.min()) >= 0 and int(values.max()) < len(result.classes)):
            return f"{name}.npy names a class that there is not"
    return ""
