"""The task classification, composed of its parts: one class an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.data.batch_mix import MixSettings, mix_batch
from engine.data.normalisation import TensorInput
from engine.tasks.classification.collector import ScoreCollector
from engine.tasks.classification.decode import adapt_infer, to_class_scores
from engine.tasks.classification.judge import DIRECTIONS, judge_scores, score_table
from engine.tasks.classification.loss import classification_loss
from engine.tasks.predictions import ClassScores
from engine.tasks.task import Collector, Direction, Judgement, Prediction, RawInfer

if TYPE_CHECKING:
    from engine.config.augmentation import AugmentationConfig


class Classification:
    """One class an image. Implements `engine.tasks.task.Task`."""

    name = "classification"
    primary_metric = "accuracy"
    metric_directions: Mapping[str, Direction] = DIRECTIONS

    def mix(
        self,
        images: Tensor,
        targets: Tensor,
        rng: np.random.Generator,
        augmentation: AugmentationConfig,
        num_classes: int,
    ) -> tuple[Tensor, Tensor]:
        """Mixup or cutmix; soft targets (N, C) when one is on, else both inputs as they are."""
        if not augmentation.enabled:
            return images, targets
        settings = MixSettings(float(augmentation.mixup_alpha), float(augmentation.cutmix_alpha))
        return mix_batch(images, targets, rng, settings, num_classes)

    def loss(self, outputs: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """Cross-entropy of logits (N, C) with int64 (N,) classes or soft (N, C) targets, averaged over the batch."""
        return classification_loss(outputs, targets, label_smoothing)

    def predictions(self, outputs: Tensor) -> list[ClassScores]:
        """Softmax of logits (N, C)."""
        return to_class_scores(outputs)

    def collector(self, class_names: Sequence[str], capacity: int) -> Collector:
        return ScoreCollector(class_names, capacity)

    def judge(
        self, predictions: Sequence[Prediction], targets: NDArray[np.int64], class_names: Sequence[str]
    ) -> Judgement:
        return judge_scores(score_table(predictions, targets, len(class_names)), class_names)

    def adapt_infer(self, infer: Callable[..., object], tensor_input: TensorInput) -> RawInfer:
        return adapt_infer(infer, tensor_input)
