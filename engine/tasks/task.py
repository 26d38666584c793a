"""What the engine needs to know of a task (classification, detection, ...): the Protocol that each one implements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.data.batch import Batch
from engine.data.normalisation import TensorInput
from engine.tasks.predictions import ClassScores, Detections, SegmentationMap

if TYPE_CHECKING:
    from engine.config.augmentation import AugmentationConfig

Direction = Literal["max", "min"]
Prediction = ClassScores | Detections | SegmentationMap
RawInfer = Callable[[list[NDArray[np.uint8]]], Sequence[Prediction]]
"""Takes upright RGB uint8 (H, W, 3) images of any size, gives one prediction for each."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """All that is known after predictions met their targets."""

    metrics: dict[str, float]
    """By name without a split prefix: `accuracy`."""
    per_class: dict[str, dict[str, float]]
    """Metric name, then class name."""
    confusion: NDArray[np.int64]
    """(C, C), rows are the true classes, columns the predicted ones."""
    columns: dict[str, NDArray[np.generic]] = field(default_factory=dict[str, "NDArray[np.generic]"])
    """Per image, first axis N: `item` (position in manifest.items), `target`, `predicted`, `confidence`, ..."""

    @property
    def images(self) -> int:
        return len(self.columns["item"]) if "item" in self.columns else int(self.confusion.sum())


class Collector(Protocol):
    """Gathers one evaluation batch by batch without waiting for the device; metrics are computed once, at the end."""

    def add_outputs(self, outputs: Tensor, loss: Tensor, batch: Batch) -> None:
        """Take a network's raw outputs. `loss` is the batch's mean (a scalar) or one value an image."""
        ...

    def add_predictions(self, predictions: Sequence[Prediction], batch: Batch) -> None:
        """Take finished predictions, one an image of the batch."""
        ...

    def judgement(self) -> Judgement:
        """Compute all metrics and per-image columns."""
        ...


class Task(Protocol):
    """One task. All methods are pure; what belongs to one run comes in as an argument."""

    @property
    def name(self) -> str: ...

    @property
    def primary_metric(self) -> str:
        """Name, without prefix, of the metric that best checkpoints are chosen by unless the user says otherwise."""
        ...

    @property
    def metric_directions(self) -> Mapping[str, Direction]:
        """For each metric without prefix, which way is better."""
        ...

    def mix(
        self,
        images: Tensor,
        targets: Tensor,
        rng: np.random.Generator,
        augmentation: AugmentationConfig,
        num_classes: int,
    ) -> tuple[Tensor, Tensor]:
        """Blend the images of a batch (N, 3, H, W), on their device; targets come back as `loss` takes them."""
        ...

    def loss(self, outputs: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """Mean loss of a batch, a scalar."""
        ...

    def predictions(self, outputs: Tensor) -> list[ClassScores]:
        """Turn raw outputs into predictions."""
        ...

    def collector(self, class_names: Sequence[str], capacity: int) -> Collector:
        """Start an evaluation of at most `capacity` images."""
        ...

    def judge(
        self, predictions: Sequence[Prediction], targets: NDArray[np.int64], class_names: Sequence[str]
    ) -> Judgement:
        """Judge finished predictions at once."""
        ...

    def adapt_infer(self, infer: Callable[..., object], tensor_input: TensorInput) -> RawInfer:
        """Make a plugin's `infer` take a list of raw images, whichever of the two accepted forms it has."""
        ...
