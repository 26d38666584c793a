"""A segmenter's maps of images whose classes nobody knows: which classes it sees, and on how much of the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from desktop.charts.figures import Figure
from desktop.grids.table_columns import TableColumn
from desktop.grids.tile import Tile
from desktop.models.class_table import ClassColumn
from desktop.models.drawn_labels import DrawnLabels
from desktop.models.result import Result
from desktop.models.result_masks import predicted_map
from desktop.tasks.image_rows import NONE, file_column, name_ranks, number_column, word_column
from desktop.tasks.measures import Measure
from desktop.tasks.metric_facts import Metrics
from desktop.tasks.pixel_answers import pixels_of
from desktop.tasks.segmentation import SegmentationView
from desktop.tasks.task import Bound, Choice, ClassValue, ImageDetail, Layers, MetricFact, Score, Selection
from desktop.tasks.unlabelled import NAME, VERDICTS, answer_cards, share_values
from desktop.viewers.label_view import PREDICTION
from desktop.viewers.matrix_data import MatrixData


class UnlabelledSegmentationView(SegmentationView):
    """See `TaskView`."""

    class_measure = "Share"
    counts = "images"
    class_columns: tuple[ClassColumn, ...] = ()
    sorts: Sequence[Choice] = (Choice("classes", "Most classes"), NAME)
    verdicts: Sequence[Choice] = VERDICTS
    measures: Sequence[Measure] = ()
    draws = (PREDICTION,)
    draws_pixels = False

    def bound(self, result: Result) -> Bound | None:  # noqa: ARG002  # nothing is good or poor
        return None

    def at(self, result: Result, bound: float) -> Result:  # noqa: ARG002  # the same
        return result

    def cards(
        self,
        result: Result,
        before: Metrics | None,  # noqa: ARG002  # there is nothing to compare
        before_title: str,  # noqa: ARG002  # the same
    ) -> list[MetricFact]:
        first, _, _, *rest = answer_cards(result, self.class_values(result), "of the images")
        called = _called(result)
        images, pixels = max(1, len(called)), called.sum(axis=0)
        mean = MetricFact("Classes an image", f"{(called > 0).sum() / images:.1f}")
        largest = MetricFact("Largest class", "–")
        if pixels.sum():
            number = int(np.argmax(pixels))
            share = f"{pixels[number] / pixels.sum():.0%} of the pixels"
            largest = MetricFact("Largest class", result.classes[number], share)
        return [first, mean, largest, *rest]

    def class_values(self, result: Result) -> list[ClassValue]:
        return share_values(result, (_called(result) > 0).sum(axis=0))

    def matrix(self, result: Result) -> MatrixData | None:  # noqa: ARG002  # nothing is confused
        return None

    def figures(self, result: Result) -> list[Figure]:  # noqa: ARG002  # there is no number by image
        return []

    def chosen(self, result: Result, selection: Selection) -> NDArray[np.bool_]:
        mask = np.ones(result.images, dtype=np.bool_)
        if selection.predicted is not None and result.images:
            mask &= _called(result)[:, selection.predicted] > 0
        return mask

    def order(self, result: Result, sort: str) -> NDArray[np.generic] | None:
        if not result.images:
            return None
        if sort == "classes":
            return -(_called(result) > 0).sum(axis=1)
        return name_ranks(result.paths) if sort == NAME.key else None

    def columns(self, result: Result) -> Sequence[TableColumn]:
        if not result.images:
            return ()
        there = (_called(result) > 0).sum(axis=1)
        return [
            file_column(result),
            word_column("prediction", "Predicted", lambda image: _words(result, image), lambda: there),
            number_column("classes", "Classes", there, "{:,}"),
        ]

    def tile(self, result: Result, image: int) -> Tile:
        shares = _shares(result, image)
        if not shares:
            return Tile(NONE)
        number, share = shares[0]
        caption, note = result.classes[number], f"{share:.0%}"
        return Tile(caption, note, None, f"Mostly {caption}, {note} of the pixels")

    def layers(self, result: Result, image: int) -> Layers:
        numbers = predicted_map(result, image)
        found: dict[str, DrawnLabels] = {} if numbers is None else {PREDICTION: pixels_of(numbers)}
        return found

    def detail(self, result: Result, image: int) -> ImageDetail:
        shares = _shares(result, image)
        scores = tuple(Score(result.classes[n], share, note=f"{share:.1%}", number=n) for n, share in shares)
        facts = (("Classes", str(len(shares))),)
        return ImageDetail(result.paths[image], "", True, facts, "Share of the pixels", scores)


def _called(result: Result) -> NDArray[np.int64]:
    """(N, C) pixels of each image that are taken for a class."""
    called = result.columns.get("class_called")
    return np.zeros((0, len(result.classes)), dtype=np.int64) if called is None else called.astype(np.int64)


def _shares(result: Result, image: int) -> list[tuple[int, float]]:
    """The classes of an image with their share of its pixels, the largest first."""
    pixels = _called(result)[image]
    every = max(1, int(pixels.sum()))
    order = np.argsort(-pixels, kind="stable")
    return [(int(number), float(pixels[number] / every)) for number in order if pixels[number]]


def _words(result: Result, image: int) -> str:
    return ", ".join(result.classes[number] for number, _ in _shares(result, image)) or NONE


VIEW = UnlabelledSegmentationView()
