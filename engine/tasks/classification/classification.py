"""The task classification, composed of its parts: one class an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.data.batch_mix import MixSettings, mix_batch
from engine.data.normalisation import TensorInput
from engine.data.preprocessing import Framing
from engine.data.targets import LabelTargeting
from engine.tasks.classification.collector import ScoreCollector
from engine.tasks.classification.decode import adapt_infer, logits_in, to_class_scores
from engine.tasks.classification.judge import DIRECTIONS, judge_scores, score_table
from engine.tasks.classification.loss import classification_loss
from engine.tasks.predictions import ClassScores
from engine.tasks.task import Collector, Direction, Judgement, Outputs, Prediction, RawInfer, Size

if TYPE_CHECKING:
    from engine.config.augmentation import AugmentationConfig


class Classification(LabelTargeting):
    """One class an image. Implements `engine.tasks.task.Task`."""

    name = "classification"
    primary_metric = "accuracy"
    metric_directions: Mapping[str, Direction] = DIRECTIONS
    framing: Framing = "centre"
    fewest_classes = 2
    mixes = True
    exports_any_batch = True

    def example_targets(self, labels: Tensor, image_size: int) -> Tensor:
        """The labels themselves."""
        del image_size
        return labels

    def plugin_batch(self, images: Tensor, targets: Tensor) -> tuple[object, object]:
        return images, targets

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

    def output_fault(self, outputs: object, count: int, num_classes: int, image_size: int) -> str | None:
        del image_size
        wanted = (count, num_classes)
        if isinstance(outputs, Tensor) and tuple(outputs.shape) == wanted:
            return None
        given = f"shape {tuple(outputs.shape)}" if isinstance(outputs, Tensor) else type(outputs).__name__
        return f"The network gives {given} for {count} images of {num_classes} classes instead of {wanted}."

    def predictions(
        self, outputs: Tensor, sizes: Sequence[Size] | None = None, frame: Size | None = None
    ) -> list[Prediction]:
        """Softmax of logits (N, C)."""
        del sizes, frame
        return [*to_class_scores(outputs)]

    def fitted(self, prediction: Prediction, frame: Size, original: Size) -> Prediction:
        """As it is: a class has no place in the image."""
        del frame, original
        return prediction

    def class_scores(self, outputs: Outputs) -> Tensor | None:
        """The logits."""
        return logits_in(outputs)

    def deployed(self, outputs: Tensor, as_probabilities: bool) -> Tensor:
        """Probabilities (N, C), or logits."""
        return outputs.softmax(dim=1) if as_probabilities else outputs

    def comparable(self, prediction: Prediction) -> NDArray[np.float64]:
        """The probabilities."""
        assert isinstance(prediction, ClassScores)  # adapt_infer saw to it
        return np.asarray(prediction.probs, dtype=np.float64)

    def collector(self, class_names: Sequence[str], capacity: int) -> Collector:
        return ScoreCollector(class_names, capacity)

    def judge(
        self, predictions: Sequence[Prediction], targets: Sequence[int], class_names: Sequence[str]
    ) -> Judgement:
        labels = np.asarray(targets, dtype=np.int64)
        return judge_scores(score_table(predictions, labels, len(class_names)), class_names)

    def adapt_infer(self, infer: Callable[..., object], tensor_input: TensorInput) -> RawInfer:
        return adapt_infer(infer, tensor_input)
