"""What a detector finds where nobody knows the objects: boxes from a confidence on, none of them right or wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from desktop.charts.figures import Figure
from desktop.grids.table_columns import TableColumn
from desktop.grids.tile import Tile
from desktop.models.class_table import ClassColumn
from desktop.models.result import Result
from desktop.tasks.detection import DetectionView
from desktop.tasks.found_objects import FoundObjects, found_objects
from desktop.tasks.image_rows import counted_classes, file_column, name_ranks, number_column, word_column
from desktop.tasks.measures import Measure
from desktop.tasks.metric_facts import Metrics
from desktop.tasks.task import (
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
from desktop.tasks.unlabelled import (
    CONFIDENCE,
    NAME,
    SURE,
    UNSURE,
    VERDICTS,
    answer_cards,
    confidence_figure,
    share_values,
)
from desktop.viewers.label_view import PREDICTION
from desktop.viewers.matrix_data import MatrixData

_BOUND = 0.25
_MOST_TOLD = 40


class UnlabelledDetectionView(DetectionView):
    """See `TaskView`."""

    class_measure = "Share"
    counts = "images"
    class_columns: tuple[ClassColumn, ...] = ()
    sorts: Sequence[Choice] = (UNSURE, SURE, Choice("objects", "Most objects"), NAME)
    verdicts: Sequence[Choice] = VERDICTS
    measures: Sequence[Measure] = (Measure(CONFIDENCE, "Confidence", tip="Of a box"),)
    draws = (PREDICTION,)

    def bound(self, result: Result) -> Bound | None:
        if found_objects(result) is None:
            return None
        return Bound("Confidence ≥", "Boxes with less confidence are left out", _BOUND, key=CONFIDENCE)

    def cards(
        self,
        result: Result,
        before: Metrics | None,  # noqa: ARG002  # there is nothing to compare
        before_title: str,  # noqa: ARG002  # the same
    ) -> list[MetricFact]:
        found, values = found_objects(result), self.class_values(result)
        boxes = 0 if found is None else int(_shown(result, found).sum())
        cards = answer_cards(result, values, "of the images")
        cards[2] = MetricFact("Objects", f"{boxes:,}", f"{boxes / max(1, result.images):.1f} an image")
        return cards

    def class_values(self, result: Result) -> list[ClassValue]:
        found, classes = found_objects(result), len(result.classes)
        if found is None:
            return share_values(result, np.zeros(classes, dtype=np.int64))
        shown = _shown(result, found)
        pairs = np.unique(found.box_image[shown] * classes + found.labels[shown])
        return share_values(result, np.bincount(pairs % classes, minlength=classes))

    def matrix(self, result: Result) -> MatrixData | None:  # noqa: ARG002  # nothing is confused
        return None

    def figures(self, result: Result) -> list[Figure]:
        return confidence_figure(result)

    def chosen(self, result: Result, selection: Selection) -> NDArray[np.bool_]:
        mask = np.ones(result.images, dtype=np.bool_)
        found = found_objects(result)
        if found is None or (selection.predicted is None and not selection.spans):
            return mask
        fits = _shown(result, found)
        if selection.predicted is not None:
            fits &= found.labels == selection.predicted
        for span in selection.spans:
            if span.key == CONFIDENCE:
                fits &= span.holds(found.scores)
        return mask & (np.bincount(found.box_image[fits], minlength=result.images) > 0)

    def order(self, result: Result, sort: str) -> NDArray[np.generic] | None:
        if not result.images:
            return None
        sureness = result.column("confidence").astype(np.float64)
        match sort:
            case "unsure":
                # Images in which nothing is found come last: there is no confidence.
                return np.where(sureness > 0, sureness, 2.0)
            case "sure":
                return -sureness
            case "objects":
                return -_counts(result)
            case "name":
                return name_ranks(result.paths)
            case _:
                return None

    def parts(self, result: Result) -> Parts | None:  # noqa: ARG002  # nothing became of any
        return None

    def columns(self, result: Result) -> Sequence[TableColumn]:
        if not result.images:
            return ()
        return (
            file_column(result),
            word_column("prediction", "Found", lambda image: _words(result, image), lambda: _counts(result)),
            number_column("objects", "Objects", _counts(result), "{:,}"),
            number_column("confidence", "Surest", result.column("confidence")),
        )

    def tile(self, result: Result, image: int) -> Tile:
        words, sureness = _words(result, image), float(result.column("confidence")[image])
        note = f"{sureness:.0%}" if sureness else ""
        told = f"Found {words}" if sureness else "Nothing found"
        return Tile(words if sureness else "nothing found", note, None, told)

    def tile_layers(self, result: Result, image: int) -> Layers:
        return {name: told for name, told in super().tile_layers(result, image).items() if name in self.draws}

    def layers(self, result: Result, image: int) -> Layers:
        return {name: told for name, told in super().layers(result, image).items() if name in self.draws}

    def detail(self, result: Result, image: int) -> ImageDetail:
        sureness = float(result.column("confidence")[image])
        facts = (
            ("Objects", str(int(_counts(result)[image]))),
            ("Surest", f"{sureness:.1%}" if sureness else "–"),
        )
        return ImageDetail(result.paths[image], "", True, facts, "Boxes", _told_boxes(result, image))


def _shown(result: Result, found: FoundObjects) -> NDArray[np.bool_]:
    return found.scores >= (result.bound or 0.0)


def _counts(result: Result) -> NDArray[np.int64]:
    """(N,) boxes of each image that are sure enough."""
    found = found_objects(result)
    if found is None:
        return np.zeros(result.images, dtype=np.int64)
    return np.bincount(found.box_image[_shown(result, found)], minlength=result.images)


def _words(result: Result, image: int) -> str:
    found = found_objects(result)
    if found is None:
        return "–"
    part = found.boxes_of(image)
    return counted_classes(result.classes, found.labels[part][_shown(result, found)[part]])


def _told_boxes(result: Result, image: int) -> tuple[Score, ...]:
    found = found_objects(result)
    if found is None:
        return ()
    part = found.boxes_of(image)
    rows = [row for row in range(part.start, part.stop) if _shown(result, found)[row]]
    rows.sort(key=lambda row: -found.scores[row])
    return tuple(
        Score(result.classes[int(found.labels[row])], float(found.scores[row]), number=int(found.labels[row]))
        for row in rows[:_MOST_TOLD]
    )


VIEW = UnlabelledDetectionView()
