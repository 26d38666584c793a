"""The task segmentation, composed of its parts: a class for each pixel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.batch import Batch
from engine.data.normalisation import TensorInput
from engine.data.preprocessing import Framing
from engine.data.targets import SplitFiles, TargetSource
from engine.metrics.segmentation import IGNORE
from engine.tasks.predictions import SegmentationMap
from engine.tasks.segmentation.collector import PixelCollector
from engine.tasks.segmentation.decode import adapt_infer, fit, to_maps
from engine.tasks.segmentation.judge import DIRECTIONS
from engine.tasks.segmentation.loss import logits_of, segmentation_loss
from engine.tasks.segmentation.targets import MaskTargets
from engine.tasks.task import Collector, Direction, Judgement, Outputs, Prediction, RawInfer, Size

if TYPE_CHECKING:
    from engine.config.augmentation import AugmentationConfig
    from engine.datasets.manifest import Item

_JUDGED_AT_ONCE = 16


class Segmentation:
    """A class for each pixel. Implements `engine.tasks.task.Task`."""

    name = "segmentation"
    primary_metric = "miou"
    metric_directions: Mapping[str, Direction] = DIRECTIONS
    framing: Framing = "whole"
    fewest_classes = 2
    mixes = False
    exports_any_batch = True

    def is_usable(self, item: Item) -> bool:
        return item.mask is not None

    def targets(self, split: SplitFiles) -> TargetSource:
        return MaskTargets(split)

    def example_targets(self, labels: Tensor, image_size: int) -> Tensor:
        """Masks of one class each, with a row at the top that nobody knows."""
        masks = labels.to(torch.uint8).view(-1, 1, 1).repeat(1, image_size, image_size)
        masks[:, 0] = IGNORE
        return masks

    def plugin_batch(self, images: Tensor, targets: Tensor) -> tuple[object, object]:
        """Images as they are, masks as int64 (N, H, W)."""
        return images, targets.long()

    def mix(
        self,
        images: Tensor,
        targets: Tensor,
        rng: np.random.Generator,
        augmentation: AugmentationConfig,
        num_classes: int,
    ) -> tuple[Tensor, Tensor]:
        """Both as they are: blended images have no one class at a pixel."""
        del rng, augmentation, num_classes
        return images, targets

    def loss(self, outputs: Outputs, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """Cross-entropy and Dice of logits (N, C, h, w) and masks (N, H, W)."""
        return segmentation_loss(outputs, targets, label_smoothing)

    def output_fault(self, outputs: Outputs, count: int, num_classes: int, image_size: int) -> str | None:
        wanted = (count, num_classes, image_size, image_size)
        logits = logits_of(outputs) if isinstance(outputs, Tensor | Mapping) else outputs
        if isinstance(logits, Tensor) and logits.ndim == len(wanted) and logits.shape[:2] == wanted[:2]:
            return None
        given = f"shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else type(logits).__name__
        return f"The network gives {given} for {count} images of {num_classes} classes instead of {wanted}."

    def predictions(
        self, outputs: Outputs, sizes: Sequence[Size] | None = None, frame: Size | None = None
    ) -> list[Prediction]:
        del frame
        return [*to_maps(outputs, sizes)]

    def fitted(self, prediction: Prediction, frame: Size, original: Size) -> Prediction:
        del frame
        assert isinstance(prediction, SegmentationMap)  # adapt_infer saw to it
        return fit(prediction, original)

    def class_scores(self, outputs: Outputs) -> Tensor | None:
        """Of each class the logits of the pixels that are taken for it, summed."""
        if not isinstance(outputs, Tensor | Mapping):
            return None
        logits = logits_of(outputs)
        taken = torch.zeros_like(logits).scatter_(1, logits.argmax(dim=1, keepdim=True), 1.0)
        return (logits * taken).sum(dim=(2, 3))

    def deployed(self, outputs: Outputs, as_probabilities: bool) -> Tensor:
        """Probabilities (N, C, H, W), or logits."""
        logits = logits_of(outputs)
        return logits.softmax(dim=1) if as_probabilities else logits

    def comparable(self, prediction: Prediction) -> NDArray[np.float64]:
        """The class of each pixel."""
        assert isinstance(prediction, SegmentationMap)  # adapt_infer saw to it
        return prediction.labels.astype(np.float64).ravel()

    def collector(self, class_names: Sequence[str], capacity: int) -> Collector:
        del capacity
        return PixelCollector(class_names)

    def judge(
        self,
        predictions: Sequence[Prediction],
        targets: Sequence[NDArray[np.integer]],
        class_names: Sequence[str],
    ) -> Judgement:
        """Judge maps by masks (H, W) of the same sizes."""
        collector = PixelCollector(class_names)
        for start in range(0, len(predictions), _JUDGED_AT_ONCE):
            stop = min(start + _JUDGED_AT_ONCE, len(predictions))
            masks = [torch.from_numpy(np.asarray(mask, dtype=np.uint8)) for mask in targets[start:stop]]
            empty = torch.empty((stop - start, 0, 0, 3), dtype=torch.uint8)
            collector.add_predictions(predictions[start:stop], Batch(empty, masks, torch.arange(start, stop)))
        return collector.judgement()

    def adapt_infer(self, infer: Callable[..., object], tensor_input: TensorInput) -> RawInfer:
        return adapt_infer(infer, tensor_input)
