"""Images with one class each: right or wrong, by class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.comparison.counts import Drawn, Values, Weights, mean_there, share, sums_by_class
from engine.comparison.matching import class_map
from engine.comparison.measured import Measured


class ClassCounts:
    """See `Counts`. Rates follow `engine.metrics.confusion`: a rate of a class that nobody called is 0."""

    metrics: Sequence[str] = (
        "accuracy",
        "balanced_accuracy",
        "f1_macro",
        "precision_macro",
        "recall_macro",
        "log_loss",
    )
    stands_for: Sequence[str] = ("loss", "precision_micro", "recall_micro", "f1_micro")
    class_measure = "f1"

    def __init__(self, result: Measured, rows: NDArray[np.int64], classes: Sequence[str]) -> None:
        places = class_map(result, classes)
        self._classes = len(classes)
        self._true = places[result.column("target")[rows].astype(np.int64)]
        self._called = places[result.column("predicted")[rows].astype(np.int64)]
        # A NaN is the worst that there is, as where images are sorted; as a number it would spoil all draws.
        self._losses = result.column("loss")[rows].astype(np.float64)
        self._right = self._true == self._called

    @property
    def right(self) -> NDArray[np.bool_]:
        return self._right

    @property
    def goodness(self) -> Values:
        return -np.nan_to_num(self._losses, nan=np.inf)

    @property
    def class_images(self) -> NDArray[np.int64]:
        called = self._called[~self._right]
        return np.bincount(self._true, minlength=self._classes) + np.bincount(called, minlength=self._classes)

    def draw(self, weights: Weights) -> Drawn:
        there = sums_by_class(weights, self._true, self._classes)
        called = sums_by_class(weights, self._called, self._classes)
        hits = sums_by_class(weights, np.where(self._right, self._true, -1), self._classes)
        seen = (there + called) > 0
        recall = share(hits, there)
        f1 = share(2 * hits, there + called)
        images = weights.sum(axis=0, dtype=np.float64)
        metrics = [
            share(hits.sum(axis=1), images),
            mean_there(recall),
            mean_there(f1),
            mean_there(np.where(seen, np.nan_to_num(share(hits, called)), np.nan)),
            mean_there(np.where(seen, np.nan_to_num(recall), np.nan)),
            share(self._losses @ weights, images),
        ]
        return Drawn(np.stack(metrics, axis=1), f1)
