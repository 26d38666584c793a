"""Quality of detections and instance masks: COCO's average precision and what explains it. Update, then compute."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.metrics.average_precision import SIZES, PrecisionGrid, precision_grid
from engine.metrics.detection_curves import (
    ConfidenceCurves,
    ImageCounts,
    confidence_curves,
    confidence_histogram,
    confusion_with_background,
    image_counts,
    overlap_histogram,
)
from engine.metrics.objects import (
    ObjectTable,
    Predicted,
    PredictedColumns,
    TrueColumns,
    TrueObjects,
    predicted_columns,
    table_of,
    true_columns,
)
from engine.metrics.overlap import Matches, Pairs, match, of_same_class, overlapping_pairs

PerClass = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """At what curves, histograms, confusion and counts are taken; average precision does not depend on it."""

    least_overlap: float = 0.5
    """Intersection over union from which on an object is found."""
    score: float = 0.25
    """Predictions below are left out of the confusion matrix, the overlap histogram and the counts of images."""
    masks: bool = False
    """Compare masks instead of boxes."""
    library: str | None = None
    """`hotcoco` or `faster_coco_eval`; None for the first that is installed."""


@dataclass(frozen=True, slots=True, eq=False)
class DetectionMetrics:
    """C classes over N images. Rates are 0 to 1; where no object counts, they are NaN, never 0 or 1."""

    map: float
    """Mean over classes and the least overlaps 0.5, 0.55, ... 0.95 of average precision (COCO's AP): the mean of
    precision at 101 recalls, of the 100 surest predictions of each class and image."""
    map50: float
    """The same at overlap 0.5."""
    map75: float
    """The same at overlap 0.75."""
    map_small: float
    """The same as `map`, of objects below 32 x 32 pixels."""
    map_medium: float
    """Of objects from 32 x 32 to 96 x 96 pixels."""
    map_large: float
    """Of objects from 96 x 96 pixels on."""
    mar: float
    """Mean recall over classes and overlaps (COCO's AR with 100 predictions)."""
    ap: PerClass
    """(C,), over the ten overlaps; NaN for a class without objects, which does not count in `map` either."""
    ap50: PerClass
    """(C,)."""
    ap75: PerClass
    """(C,)."""
    ap_by_size: NDArray[np.float64]
    """(3, C): small, medium, large."""
    support: NDArray[np.int64]
    """(C,): objects that count: neither crowd nor difficult."""
    recalls: NDArray[np.float64]
    """(101,): 0, 0.01, ... 1: the x of precision against recall."""
    precision_at_recall: NDArray[np.float64]
    """(10, C, 101), at each of the ten overlaps: the best precision at that recall or a higher one (so it never
    rises), 0 where the recall is not reached."""
    curves: ConfidenceCurves
    """Precision, recall and F1 against confidence."""
    overlap_histogram: NDArray[np.int64]
    """(20,): predictions by largest overlap with an object of their class."""
    confidence_histogram: NDArray[np.int64]
    """(2, 20): right and wrong predictions by confidence."""
    confusion: NDArray[np.int64]
    """(C + 1, C + 1): rows true, columns predicted, the last ones background."""
    counts: ImageCounts
    """Right, wrong and missed of each image."""
    table: ObjectTable
    """All predictions and objects."""
    matches: Matches
    """Which prediction found which object of its class."""
    across: Matches
    """Which prediction took which object of any class."""


@dataclass(slots=True)
class DetectionMeter:
    """Gathers predictions and objects image by image; `compute` may be called any number of times.

    An image without predictions misses its objects; one without objects makes each of its predictions wrong.
    Source: COCO's evaluation (pycocotools, `cocoeval.py`), by hotcoco or faster-coco-eval.
    """

    num_classes: int
    settings: DetectionSettings = field(default_factory=DetectionSettings)
    _predicted: list[PredictedColumns] = field(default_factory=list[PredictedColumns], init=False)
    _true: list[TrueColumns] = field(default_factory=list[TrueColumns], init=False)

    def add(self, predicted: Predicted, target: TrueObjects) -> None:
        """Take one image. A prediction with a box or score that is not finite is left out.

        Raises:
            ValueError: a class index out of range, or no masks where they are compared.
        """
        image, masks = len(self._true), self.settings.masks
        columns = predicted_columns(predicted, image, self.num_classes, masks)
        self._true.append(true_columns(target, image, self.num_classes, masks))
        self._predicted.append(columns)

    def compute(self) -> DetectionMetrics:
        """Compute all.

        Raises:
            UserError: `coco_tools_missing` where no library is installed.
        """
        settings = self.settings
        table = table_of(self._predicted, self._true, self.num_classes)
        pairs = overlapping_pairs(table, settings.masks)
        return _metrics(table, pairs, precision_grid(table, settings.masks, settings.library), settings)


def _metrics(
    table: ObjectTable, pairs: Pairs, grid: PrecisionGrid, settings: DetectionSettings
) -> DetectionMetrics:
    same = of_same_class(table, pairs)
    matches = match(table, same, settings.least_overlap)
    across = match(table, pairs, settings.least_overlap)
    by_overlap = grid.average()
    by_size = np.stack([grid.average(size).mean(axis=0) for size in range(1, len(SIZES))])
    counted = ~table.true.ignored
    return DetectionMetrics(
        map=_mean(by_overlap),
        map50=_mean(by_overlap[0]),
        map75=_mean(by_overlap[5]),
        map_small=_mean(by_size[0]),
        map_medium=_mean(by_size[1]),
        map_large=_mean(by_size[2]),
        mar=_mean(grid.recall[..., 0]),
        ap=by_overlap.mean(axis=0),
        ap50=by_overlap[0],
        ap75=by_overlap[5],
        ap_by_size=by_size,
        support=np.bincount(table.true.labels[counted], minlength=table.num_classes),
        recalls=np.linspace(0, 1, 101),
        precision_at_recall=grid.precision[..., 0].transpose(0, 2, 1),
        curves=confidence_curves(table, matches),
        overlap_histogram=overlap_histogram(table, same, matches, settings.score),
        confidence_histogram=confidence_histogram(table, matches),
        confusion=confusion_with_background(table, across, settings.score),
        counts=image_counts(table, matches, settings.score),
        table=table,
        matches=matches,
        across=across,
    )


def _mean(values: NDArray[np.float64]) -> float:
    """Mean of what is there; NaN where nothing is."""
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else float("nan")
