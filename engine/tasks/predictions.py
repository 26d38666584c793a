"""What a model says about one image, by task: the types that `infer` returns and that judges and views read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class ClassScores:
    """Classification: a probability for each class."""

    probs: NDArray[np.float32]
    """(C,), each 0 to 1; they sum to 1 where classes exclude each other."""

    @property
    def best(self) -> int:
        """Index of the likeliest class; the lowest index of equals."""
        return int(np.argmax(self.probs))

    @property
    def confidence(self) -> float:
        """Probability of the likeliest class."""
        return float(np.max(self.probs))


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Detection: N objects in the pixels of the image that was given."""

    boxes: NDArray[np.float32]
    """(N, 4) xyxy, pixels."""
    scores: NDArray[np.float32]
    """(N,), 0 to 1."""
    labels: NDArray[np.int64]
    """(N,), class indices."""
    masks: NDArray[np.bool_] | None = None
    """(N, H, W), where the model gives them."""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentationMap:
    """Segmentation: a class for each pixel of the image that was given."""

    labels: NDArray[np.int64]
    """(H, W), class indices."""
    scores: NDArray[np.float32] | None = None
    """(C, H, W) probabilities, where they are kept."""
