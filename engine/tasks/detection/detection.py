"""The task detection, composed of its parts: boxes with classes, and masks where the dataset has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.data.batch import Targets
from engine.data.normalisation import TensorInput
from engine.data.preprocessing import Framing
from engine.data.targets import SplitFiles, TargetSource
from engine.errors import PluginError, UserError
from engine.tasks.detection.answers import adapt_infer
from engine.tasks.detection.collector import ObjectCollector
from engine.tasks.detection.decode import fitted, found_in, to_detections
from engine.tasks.detection.judge import DIRECTIONS
from engine.tasks.detection.loss import detection_loss
from engine.tasks.detection.outputs import DetectorOutputs, Target, example_target, learnt_from
from engine.tasks.detection.targets import BoxTargets
from engine.tasks.predictions import Detections
from engine.tasks.task import Collector, Direction, Judgement, Outputs, Prediction, RawInfer, Size

if TYPE_CHECKING:
    from engine.config.augmentation import AugmentationConfig
    from engine.datasets.manifest import Item


class Detection:
    """Any number of objects an image. Implements `engine.tasks.task.Task`."""

    name = "detection"
    primary_metric = "map"
    metric_directions: Mapping[str, Direction] = DIRECTIONS
    framing: Framing = "whole"
    fewest_classes = 1
    mixes = False
    exports_any_batch = False

    def is_usable(self, item: Item) -> bool:
        """Every image: one without objects shows what is none."""
        del item
        return True

    def targets(self, split: SplitFiles) -> TargetSource:
        return BoxTargets(split)

    def example_targets(self, labels: Tensor, image_size: int) -> list[Target]:
        """One object an image, in the middle."""
        return [example_target(int(label), image_size) for label in labels]

    def plugin_batch(self, images: Tensor, targets: Targets) -> tuple[object, object]:
        """As torchvision's detectors take them: a list of images and one of dicts."""
        return list(images), [learnt_from(target) for target in targets]

    def mix(
        self,
        images: Tensor,
        targets: Targets,
        rng: np.random.Generator,
        augmentation: AugmentationConfig,
        num_classes: int,
    ) -> tuple[Tensor, Targets]:
        """Leave the images as they are, and of the targets what is learnt from."""
        del rng, augmentation, num_classes
        return images, [learnt_from(target) for target in targets]

    def loss(self, outputs: Outputs, targets: Targets, label_smoothing: float = 0.0) -> Tensor:
        """Sum what the network computes; it has its own idea of smoothing."""
        del label_smoothing
        return detection_loss(outputs, targets)

    def output_fault(self, outputs: Outputs, count: int, num_classes: int, image_size: int) -> str | None:
        del num_classes, image_size
        if isinstance(outputs, DetectorOutputs):
            return None
        try:
            found = found_in(outputs)
        except PluginError as error:
            return error.message
        return None if len(found) == count else f"The network answers for {len(found)} of {count} images."

    def predictions(
        self, outputs: Outputs, sizes: Sequence[Size] | None = None, frame: Size | None = None
    ) -> list[Prediction]:
        """Detections in the pixels of images of `sizes`, from outputs in those of the network's frame.

        Without sizes they stay in the frame.
        """
        found = found_in(outputs)
        own = outputs.frame if isinstance(outputs, DetectorOutputs) else frame or _ANY
        wanted = [own] * len(found) if sizes is None else sizes
        return [to_detections(one, own, size) for one, size in zip(found, wanted, strict=True)]

    def fitted(self, prediction: Prediction, frame: Size, original: Size) -> Prediction:
        assert isinstance(prediction, Detections)  # adapt_infer saw to it
        return fitted(prediction, frame, original)

    def class_scores(self, outputs: Outputs) -> Tensor | None:
        """None: every box has a score of its own, and which boxes are told is no smooth function of the image."""
        del outputs

    def deployed(self, outputs: Outputs, as_probabilities: bool) -> Tensor:
        """Candidates (N, K, 4 + C): corners in pixels of the input, then a probability for each class.

        Without `as_probabilities`, a network that gives one tensor of another form is left as it is.

        Raises:
            UserError: `export_unsupported` for a detector that looks twice, and for one that gives no candidates.
        """
        if isinstance(outputs, Tensor):
            if as_probabilities and outputs.ndim != _AXES_OF_CANDIDATES:
                raise UserError(
                    "export_unsupported",
                    f"The network gives {tuple(outputs.shape)}, which are no candidates (batch, number, 4 + classes).",
                    "Set include_postprocessing to false to export its bare outputs, or write the file in the "
                    "plugin's `export`.",
                )
            return outputs
        candidates: Callable[[], Tensor] | None = getattr(outputs, "candidates", None)
        if candidates is None:
            raise UserError(
                "export_unsupported",
                "This detector cannot be written as one plain graph: it looks twice, or its outputs have no "
                "`candidates()`.",
                "Train one that looks once (RetinaNet, FCOS, SSDlite), or write the file in the plugin's `export`.",
            )
        return candidates()

    def comparable(self, prediction: Prediction) -> NDArray[np.float64]:
        """Boxes, then scores, then classes."""
        assert isinstance(prediction, Detections)  # adapt_infer saw to it
        parts = (prediction.boxes, prediction.scores, prediction.labels)
        return np.concatenate([np.asarray(part, dtype=np.float64).reshape(-1) for part in parts])

    def collector(self, class_names: Sequence[str], capacity: int) -> Collector:
        del capacity
        return ObjectCollector(class_names)

    def judge(
        self, predictions: Sequence[Prediction], targets: Sequence[Target], class_names: Sequence[str]
    ) -> Judgement:
        """Judge finished predictions in the pixels of their targets."""
        collector = ObjectCollector(class_names)
        for prediction, target in zip(predictions, targets, strict=True):
            collector.judge_one(prediction, target)
        return collector.judgement()

    def adapt_infer(self, infer: Callable[..., object], tensor_input: TensorInput) -> RawInfer:
        return adapt_infer(infer, tensor_input)


_AXES_OF_CANDIDATES = 3
_ANY: Size = (2**20, 2**20)
"""A frame that clips nothing."""
