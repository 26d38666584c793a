"""A classifier's answers about images whose class nobody knows: the likeliest class, and how sure the model is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from desktop.charts.figures import Figure
from desktop.grids.table_columns import TableColumn
from desktop.grids.tile import Tile, judged_tile
from desktop.models.class_table import ClassColumn
from desktop.models.result import Result
from desktop.models.result_scores import class_scores
from desktop.tasks.classification import ClassificationView
from desktop.tasks.image_rows import class_column, file_column, name_ranks, number_column
from desktop.tasks.measures import Measure
from desktop.tasks.metric_facts import Metrics
from desktop.tasks.task import Bound, Choice, ClassValue, ImageDetail, MetricFact, Score, Selection
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
from desktop.viewers.matrix_data import MatrixData

_MARGIN_TIP = "Score of the likeliest class above the second; 0 to 1"


class UnlabelledClassificationView(ClassificationView):
    """See `TaskView`."""

    class_measure = "Share"
    class_columns: tuple[ClassColumn, ...] = ()
    sorts: Sequence[Choice] = (UNSURE, SURE, Choice("margin", "Lowest margin"), NAME)
    verdicts: Sequence[Choice] = VERDICTS
    measures: Sequence[Measure] = (
        Measure(CONFIDENCE, "Confidence", tip="Of the class that was predicted"),
        Measure("margin", "Margin", "number", _MARGIN_TIP),
    )

    def bound(self, result: Result) -> Bound | None:  # noqa: ARG002  # there is nothing to count anew
        return None

    def cards(
        self,
        result: Result,
        before: Metrics | None,  # noqa: ARG002  # there is nothing to compare
        before_title: str,  # noqa: ARG002  # the same
    ) -> list[MetricFact]:
        return answer_cards(result, self.class_values(result), "of the images")

    def class_values(self, result: Result) -> list[ClassValue]:
        return share_values(result, np.bincount(_predicted(result), minlength=len(result.classes)))

    def matrix(self, result: Result) -> MatrixData | None:  # noqa: ARG002  # nothing is confused
        return None

    def figures(self, result: Result) -> list[Figure]:
        return confidence_figure(result)

    def chosen(self, result: Result, selection: Selection) -> NDArray[np.bool_]:
        mask = np.ones(result.images, dtype=np.bool_)
        if selection.predicted is not None:
            mask &= _predicted(result) == selection.predicted
        for span in selection.spans:
            if span.key in result.columns:
                mask &= span.holds(result.column(span.key))
        return mask

    def order(self, result: Result, sort: str) -> NDArray[np.generic] | None:
        if not result.images:
            return None
        if sort == NAME.key:
            return name_ranks(result.paths)
        return super().order(result, sort) if sort in ("unsure", "sure", "margin") else None

    def columns(self, result: Result) -> Sequence[TableColumn]:
        if not result.images:
            return ()
        return (
            file_column(result),
            class_column("prediction", "Prediction", result.classes, result.column("predicted")),
            number_column("confidence", "Confidence", result.column("confidence")),
            number_column("margin", "Margin", result.column("margin"), "{:+.3f}", _MARGIN_TIP),
        )

    def tile(self, result: Result, image: int) -> Tile:
        prediction = result.classes[int(result.column("predicted")[image])]
        return judged_tile(None, prediction, float(result.column("confidence")[image]))

    def detail(self, result: Result, image: int) -> ImageDetail:
        prediction = result.classes[int(result.column("predicted")[image])]
        probabilities = class_scores(result, image)
        top = [int(index) for index in np.atleast_1d(result.column("top")[image])]
        return ImageDetail(
            name=result.paths[image],
            verdict="",
            is_correct=True,
            facts=(
                ("Prediction", prediction),
                ("Confidence", f"{float(result.column('confidence')[image]):.1%}"),
                ("Margin", f"{float(result.column('margin')[image]):+.3f}"),
            ),
            heading="Likeliest classes",
            scores=tuple(Score(result.classes[n], float(probabilities[n])) for n in top),
        )


def _predicted(result: Result) -> NDArray[np.int64]:
    return result.columns.get("predicted", np.zeros(0)).astype(np.int64)


VIEW = UnlabelledClassificationView()
