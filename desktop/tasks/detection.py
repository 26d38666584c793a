"""How a detector's results are shown: average precision, objects found, missed and made up, boxes on pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from desktop.charts.figures import Figure, RateFigure
from desktop.grids.table_columns import TableColumn
from desktop.grids.tile import Tile
from desktop.models.class_table import ClassColumn
from desktop.models.drawn_labels import DrawnLabels
from desktop.models.exports_snippet import BOX_PROGRAM
from desktop.models.result import Result
from desktop.models.result_labels import true_objects
from desktop.models.result_masks import predicted_masks
from desktop.tasks.box_answers import BoxAnswers
from desktop.tasks.detection_figures import CONFIDENCE, OVERLAP, confidence_at, detection_figures
from desktop.tasks.detection_rows import detection_columns
from desktop.tasks.found_objects import (
    FoundObjects,
    Verdicts,
    at_confidence,
    best_confidence,
    found_objects,
    meetings,
    verdicts,
)
from desktop.tasks.histories import OBJECTS_OVER_TIME
from desktop.tasks.image_rows import name_ranks
from desktop.tasks.measures import Measure, Span
from desktop.tasks.metric_facts import (
    Metrics,
    class_values,
    share_fact,
    weakest_fact,
    with_reference,
)
from desktop.tasks.object_choice import fitting
from desktop.tasks.object_parts import object_parts
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
from desktop.viewers.label_view import PREDICTION, TRUTH
from desktop.viewers.matrix_data import MatrixData

BACKGROUND = "background"
MISSED, MADE_UP = "missed", "made_up"
_COLUMNS = ("true_positives", "false_positives", "false_negatives")
_MOST_TOLD = 40
"""Boxes listed beside an image."""


class DetectionView(BoxAnswers):
    """See `TaskView`. What depends on the confidence is told of results that `at` gave."""

    icon = "ph.bounding-box"
    headline = ("map", "map50")
    class_metrics = ("map", "map50", "map75", "recall", "precision", "f1", "mask_map", "mask_map50")
    class_measure = "AP 50-95"
    counts = "objects"
    class_columns = (
        ClassColumn("map", "AP 50-95"),
        ClassColumn("map50", "AP 50"),
        ClassColumn("map75", "AP 75"),
        ClassColumn("mask_map", "Mask AP"),
        ClassColumn("precision", "Precision"),
        ClassColumn("recall", "Recall"),
        ClassColumn("f1", "F1"),
    )
    sorts: Sequence[Choice] = (
        Choice("worst", "Worst first (F1)"),
        Choice(MADE_UP, "Most false"),
        Choice(MISSED, "Most missed"),
        Choice("overlap", "Lowest IoU"),
        Choice("objects", "Most objects"),
        Choice("name", "File name"),
    )
    verdicts: Sequence[Choice] = (
        Choice(ALL, "All"),
        Choice(INCORRECT, "Wrong", "Something is missed or made up  (I)"),
        Choice(MISSED, "Missed", "An object is missed"),
        Choice(MADE_UP, "False", "A box is where no such object is"),
        Choice(CORRECT, "Right", "Every object is found, and nothing else  (C)"),
    )
    measures: Sequence[Measure] = (
        Measure(CONFIDENCE, "Confidence", tip="Of a box"),
        Measure(OVERLAP, "IoU", tip="Of a box with the nearest object of its class"),
    )
    draws = (TRUTH, PREDICTION)
    draws_pixels = False
    no_heat_map = (
        "The boxes of a detector say where it looks; a class has no one score that a map could explain."
    )
    program = BOX_PROGRAM
    history = OBJECTS_OVER_TIME

    def bound(self, result: Result) -> Bound | None:
        best = best_confidence(result)
        if best is None or found_objects(result) is None:
            return None
        tip = (
            "Boxes with less confidence are left out of precision, recall, F1, the matrix and the pictures. "
            "Average precision (AP) takes in all of them, and stays"
        )
        return Bound("Confidence ≥", tip, best, best, "Best F1", CONFIDENCE)

    def at(self, result: Result, bound: float) -> Result:
        return at_confidence(result, bound)

    def cards(self, result: Result, before: Metrics | None, before_title: str) -> list[MetricFact]:
        first = share_fact("mAP 50-95", "map", result, before)
        has_masks = result.metric("mask_map") is not None
        third = ("Mask mAP 50-95", "mask_map") if has_masks else ("mAP 75", "map75")
        return [
            with_reference(first, before_title, result.summary.images),
            share_fact("mAP 50", "map50", result, before),
            share_fact(*third, result, before),
            _f1(result),
            weakest_fact(self.class_values(result), "AP"),
        ]

    def class_values(self, result: Result) -> list[ClassValue]:
        return class_values(result, "map")

    def matrix(self, result: Result) -> MatrixData | None:
        if result.confusion is None:
            return None
        return MatrixData(result.confusion, (*result.classes, BACKGROUND), "object", has_background=True)

    def figures(self, result: Result) -> list[Figure]:
        return detection_figures(result)

    def measure_of(self, result: Result, key: str) -> Measure:  # noqa: ARG002  # other tasks name its classes
        return next(known for known in self.measures if known.key == key)

    def meant(self, result: Result, figure: RateFigure, x: float, line: int) -> Span | float | None:
        return confidence_at(result, figure, x, line)

    def chosen(self, result: Result, selection: Selection) -> NDArray[np.bool_]:
        mask = np.ones(result.images, dtype=np.bool_)
        if not result.images:
            return mask
        _right, made_up, missed = (result.column(name).astype(np.int64) > 0 for name in _COLUMNS)
        by_verdict = {
            INCORRECT: made_up | missed,
            MISSED: missed,
            MADE_UP: made_up,
            CORRECT: ~(made_up | missed),
        }
        mask &= by_verdict.get(selection.verdict, mask)
        found = found_objects(result)
        if found is None or (selection.true is None and selection.predicted is None and not selection.spans):
            return mask
        met = meetings(found, result.bound or 0.0, len(result.classes))
        fits = fitting(found, met, selection)
        if selection.verdict == MADE_UP and selection.spans:
            # A wrong box that lies in the range, not any wrong one beside a right one that does.
            fits &= verdicts(found, result.bound or 0.0).wrong[met.row]
        return mask & (np.bincount(met.image[fits], minlength=result.images) > 0)

    def order(self, result: Result, sort: str) -> NDArray[np.generic] | None:
        if not result.images:
            return None
        right, made_up, missed = (result.column(name).astype(np.int64) for name in _COLUMNS)
        match sort:
            case "worst":
                return result.column("f1").astype(np.float64) - 1e-9 * (made_up + missed)
            case "made_up":
                return -made_up
            case "missed":
                return -missed
            case "overlap":
                overlap = result.columns.get("mean_iou", result.columns.get("best_iou"))
                return None if overlap is None else np.where(right > 0, overlap, 2.0)
            case "objects":
                return -(right + missed)
            case "name":
                return name_ranks(result.paths)
            case _:
                return None

    def parts(self, result: Result) -> Parts | None:
        return object_parts(result)

    def columns(self, result: Result) -> Sequence[TableColumn]:
        return detection_columns(result)

    def tile(self, result: Result, image: int) -> Tile:
        right, made_up, missed = _counts(result, image)
        mistakes = [f"{missed} missed"] if missed else []
        mistakes += [f"{made_up} false"] if made_up else []
        every = f"{right} found" if right else "nothing there"
        spoken = f"{right} found, {missed} missed, {made_up} false"
        return Tile(" · ".join(mistakes) or every, f"{_f1_of(result, image):.0%}", not mistakes, spoken)

    def layers(self, result: Result, image: int) -> Layers:
        found = found_objects(result)
        if found is None:
            return {}
        told = verdicts(found, result.bound or 0.0)
        truth = _truth_layer(result, image, found, told)
        return {TRUTH: truth, PREDICTION: _prediction_layer(result, image, found, told)}

    def tile_layers(self, result: Result, image: int) -> Layers:
        found = found_objects(result)
        if found is None:
            return {}
        told = verdicts(found, result.bound or 0.0)
        return {
            TRUTH: _objects_there(result, image, found, told),
            PREDICTION: _boxes_found(result, image, found, told),
        }

    def detail(self, result: Result, image: int) -> ImageDetail:
        right, made_up, missed = _counts(result, image)
        overlap = float(result.columns.get("mean_iou", result.columns["best_iou"])[image])
        is_correct = not (made_up or missed)
        facts = (
            ("Objects", str(right + missed)),
            ("Found", str(right)),
            ("Missed", str(missed)),
            ("False", str(made_up)),
            ("F1", f"{_f1_of(result, image):.1%}"),
            ("Mean IoU", f"{overlap:.1%}" if right else "–"),
        )
        verdict = "All found" if is_correct else "With mistakes"
        scores = _told_boxes(result, image)
        return ImageDetail(
            result.paths[image], verdict, is_correct, facts, "Boxes and objects missed", scores
        )


def _counts(result: Result, image: int) -> tuple[int, int, int]:
    """Found, made up and missed in an image."""
    right, made_up, missed = (int(result.column(name)[image]) for name in _COLUMNS)
    return right, made_up, missed


def _f1_of(result: Result, image: int) -> float:
    return float(result.column("f1")[image])


def _f1(result: Result) -> MetricFact:
    """F1 with precision and recall, at the confidence that is looked at."""
    values = [result.metric(name) for name in ("f1", "precision", "recall")]
    if any(value is None for value in values):
        return MetricFact("F1", "–")
    f1, precision, recall = (float(value or 0.0) for value in values)
    title = "F1" if result.bound is None else f"F1 at {result.bound:.0%}"
    return MetricFact(title, f"{f1:.1%}", f"precision {precision:.0%} · recall {recall:.0%}")


def _boxes_found(result: Result, image: int, found: FoundObjects, told: Verdicts) -> DrawnLabels:
    """The boxes that are sure enough; a cross marks those where no such object is."""
    part = found.boxes_of(image)
    rows = np.arange(part.start, part.stop)[told.shown[part]]
    width, height = (int(side) for side in result.sizes[image])
    return DrawnLabels(
        width,
        height,
        found.boxes[rows],
        found.labels[rows],
        found.scores[rows],
        [f"{found.scores[row]:.0%}{' ✕' if told.wrong[row] else ''}" for row in rows],
        wrong=told.wrong[rows],
    )


def _objects_there(result: Result, image: int, found: FoundObjects, told: Verdicts) -> DrawnLabels:
    part = found.objects_of(image)
    width, height = (int(side) for side in result.sizes[image])
    words = [
        "not counted" if ignored else "" if seen else "missed"
        for ignored, seen in zip(found.ignored[part].tolist(), told.found[part].tolist(), strict=True)
    ]
    return DrawnLabels(
        width,
        height,
        found.objects[part],
        found.object_labels[part],
        words=words,
        faint=found.ignored[part],
        wrong=~(told.found[part] | found.ignored[part]),
    )


def _truth_layer(result: Result, image: int, found: FoundObjects, told: Verdicts) -> DrawnLabels:
    """The objects with their masks, where the dataset's are the ones that were compared."""
    plain = _objects_there(result, image, found, told)
    annotated = true_objects(result, image)
    if annotated is None or not annotated.has_masks or len(annotated) != len(plain):
        return plain
    return replace(plain, rings=annotated.rings, class_map=annotated.class_map)


def _prediction_layer(result: Result, image: int, found: FoundObjects, told: Verdicts) -> DrawnLabels:
    plain = _boxes_found(result, image, found, told)
    part = found.boxes_of(image)
    rows = np.arange(part.start, part.stop)[told.shown[part]].tolist()
    masks = predicted_masks(result, image, rows, part.start)
    return plain if masks is None else replace(plain, masks=masks)


def _told_boxes(result: Result, image: int) -> tuple[Score, ...]:
    """Boxes by confidence, the wrong ones first, then what was missed."""
    found = found_objects(result)
    if found is None:
        return ()
    told = verdicts(found, result.bound or 0.0)
    part, there = found.boxes_of(image), found.objects_of(image)
    rows = [row for row in range(part.start, part.stop) if told.shown[row]]
    rows.sort(key=lambda row: (not told.wrong[row], -found.scores[row]))
    missed = [row for row in range(there.start, there.stop) if not (told.found[row] or found.ignored[row])]
    scores = [
        Score(result.classes[number], 0.0, note="missed", number=number)
        for number in found.object_labels[missed].tolist()
    ]
    for row in rows:
        number = int(found.labels[row])
        label = result.classes[number]
        note = f"{found.scores[row]:.0%} · IoU {found.overlaps[row]:.2f}" if told.right[row] else ""
        is_wrong = bool(told.wrong[row])
        scores.append(Score(label, float(found.scores[row]), bool(told.right[row]), is_wrong, note, number))
    return tuple(scores[:_MOST_TOLD])


VIEW = DetectionView()
