"""What is counted image by image, so that metrics of any draw of the images are sums: the heart of the bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]
"""(M, R): how often each of M images was drawn in each of R draws. Whole numbers, and so are their sums."""
Values = NDArray[np.float64]
LOWER_IS_BETTER = frozenset({"loss", "log_loss", "calibration_error"})


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Metrics of R draws. NaN where a draw has nothing to measure."""

    metrics: Values
    """(R, K), in the order of `metrics`."""
    classes: Values
    """(R, C): the measure by class."""


class Counts(Protocol):
    """One result, counted on M images."""

    metrics: Sequence[str]
    """Names without prefix of the K metrics."""
    stands_for: Sequence[str]
    """Stored metrics that say the same in another way, and need no line of their own."""
    class_measure: str
    """Name of the metric by class."""

    @property
    def right(self) -> NDArray[np.bool_]:
        """(M,): whether the model is right about an image, as its task judges it."""
        ...

    @property
    def goodness(self) -> Values:
        """(M,): how good it is on each image; the larger, the better."""
        ...

    @property
    def class_images(self) -> NDArray[np.int64]:
        """(C,): on how many images each class is there, or is said to be."""
        ...

    def draw(self, weights: Weights) -> Drawn:
        """Compute the metrics of some draws of the images."""
        ...


def sums_by_class(weights: Weights, labels: NDArray[np.int64], classes: int) -> Values:
    """(R, C): the weights of the rows of each class, where `labels` is (M,); -1 belongs to none."""
    sums = np.zeros((weights.shape[1], classes))
    order = np.argsort(labels, kind="stable")
    order = order[np.searchsorted(labels[order], 0) :]
    if len(order):
        there, starts = np.unique(labels[order], return_index=True)
        sums[:, there] = np.add.reduceat(weights[order], starts, axis=0).T
    return sums


def share(part: Values, whole: Values) -> Values:
    """Divide; NaN where there is nothing to divide by."""
    return np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=whole > 0)


def mean_there(values: Values) -> Values:
    """(R,): the mean of each row over what is not NaN; NaN where all is."""
    there = ~np.isnan(values)
    return share(np.where(there, values, 0).sum(axis=1), there.sum(axis=1).astype(np.float64))
