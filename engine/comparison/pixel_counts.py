"""Images whose pixels have classes: pixels that are right, that are of a class, and that are called so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.comparison.counts import Drawn, Values, Weights, mean_there, share
from engine.comparison.matching import class_map
from engine.comparison.measured import Measured

GOOD = 0.5
"""An image is right from this mean IoU on."""


class PixelCounts:
    """See `Counts`. Pixels of all images are pooled, as in `engine.metrics.segmentation`."""

    metrics: Sequence[str] = ("miou", "dice", "pixel_accuracy", "mean_accuracy")
    stands_for: Sequence[str] = ()
    class_measure = "iou"

    def __init__(self, result: Measured, rows: NDArray[np.int64], classes: Sequence[str]) -> None:
        true = result.column("class_true")[rows].astype(np.float64)
        called = result.column("class_called")[rows].astype(np.float64)
        overlap = np.nan_to_num(result.column("class_iou")[rows].astype(np.float64))
        # IoU = right / (true + called - right), solved for the whole number that it was made of.
        right = np.rint(overlap * (true + called) / (1 + overlap))
        back = np.argsort(class_map(result, classes))
        self._counts = np.concatenate([part[:, back] for part in (right, true, called)], axis=1)
        self._overlap = result.column("iou")[rows].astype(np.float64)

    @property
    def right(self) -> NDArray[np.bool_]:
        return np.asarray(self._overlap >= GOOD)

    @property
    def goodness(self) -> Values:
        return self._overlap

    @property
    def class_images(self) -> NDArray[np.int64]:
        _right, true, called = np.split(self._counts, 3, axis=1)
        return ((true > 0) | (called > 0)).sum(axis=0)

    def draw(self, weights: Weights) -> Drawn:
        right, true, called = np.split(weights.T.astype(np.float64) @ self._counts, 3, axis=1)
        overlap = share(right, true + called - right)
        metrics = [
            mean_there(overlap),
            mean_there(share(2 * right, true + called)),
            share(right.sum(axis=1), true.sum(axis=1)),
            mean_there(share(right, true)),
        ]
        return Drawn(np.stack(metrics, axis=1), overlap)
