"""What the engine needs to know of a task (classification, detection, ...): the Protocol that each one implements."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.data.batch import Batch, Targets
from engine.data.normalisation import TensorInput
from engine.data.preprocessing import Framing
from engine.data.targets import SplitFiles, Target, TargetSource
from engine.tasks.predictions import ClassScores, Detections, SegmentationMap

if TYPE_CHECKING:
    from engine.config.augmentation import AugmentationConfig
    from engine.datasets.manifest import Item

Direction = Literal["max", "min"]
Prediction = ClassScores | Detections | SegmentationMap
Outputs: TypeAlias = Any
"""What a network gives for a batch, in the form that its task's loss takes: a tensor, or several by name."""
Size = tuple[int, int]
"""Height and width, pixels."""
RawInfer = Callable[[list[NDArray[np.uint8]]], Sequence[Prediction]]
"""Takes upright RGB uint8 (H, W, 3) images of any size, gives one prediction for each."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """All that is known after predictions met their targets."""

    metrics: dict[str, float]
    """By name without a split prefix: `accuracy`."""
    per_class: dict[str, dict[str, float]]
    """Metric name, then class name."""
    confusion: NDArray[np.int64] | None = None
    """Rows are the true classes, columns the predicted ones; None where the task counts nothing by class."""
    columns: dict[str, NDArray[np.generic]] = field(default_factory=dict[str, "NDArray[np.generic]"])
    """Per image, first axis N: `item` (position in manifest.items), `loss`, ..., and what the task adds."""
    arrays: dict[str, NDArray[np.generic]] = field(default_factory=dict[str, "NDArray[np.generic]"])
    """What is not one row an image: boxes of all images with `box_offsets` (N + 1), curves, histograms. What the model
    said of pixels has a name that begins with `mask_`: it is the first that is dropped where room is short."""
    curves: Collection[str] = ()
    """Names of those arrays that do not grow with the images: they are kept as the metrics are."""

    @property
    def images(self) -> int:
        if "item" in self.columns:
            return len(self.columns["item"])
        return int(self.confusion.sum()) if self.confusion is not None else 0


class Collector(Protocol):
    """Gathers one evaluation batch by batch without waiting for the device; metrics are computed once, at the end."""

    def add_outputs(self, outputs: Outputs, loss: Tensor | None, batch: Batch) -> None:
        """Take a network's raw outputs.

        `loss` is the batch's mean (a scalar) or one value an image; None where the network gives none in eval mode.
        """
        ...

    def add_predictions(self, predictions: Sequence[Prediction], batch: Batch) -> None:
        """Take finished predictions, one an image of the batch."""
        ...

    def judgement(self) -> Judgement:
        """Compute all metrics and per-image columns."""
        ...


class Task(Protocol):
    """One task. All methods are pure; what belongs to one run comes in as an argument.

    Implements `engine.data.targets.Targeting`.
    """

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

    @property
    def framing(self) -> Framing:
        """What a square sample shows: `whole` where targets have a place in the image."""
        ...

    @property
    def fewest_classes(self) -> int:
        """With fewer there is nothing to learn."""
        ...

    @property
    def mixes(self) -> bool:
        """Whether the images of a batch can be blended, which makes soft targets."""
        ...

    def is_usable(self, item: Item) -> bool:
        """Say whether an item can be learnt from and measured on."""
        ...

    def targets(self, split: SplitFiles) -> TargetSource:
        """Open the targets of a split."""
        ...

    def example_targets(self, labels: Tensor, image_size: int) -> Targets:
        """Make targets for made-up images (N, S, S, 3), each of which shows the class in `labels` (N,)."""
        ...

    def plugin_batch(self, images: Tensor, targets: Targets) -> tuple[object, object]:
        """Put a batch in the form that plugins with a loop of their own get.

        Args:
            images: float (N, 3, H, W), normalised.
            targets: as the loader collates them.
        """
        ...

    def mix(
        self,
        images: Tensor,
        targets: Targets,
        rng: np.random.Generator,
        augmentation: AugmentationConfig,
        num_classes: int,
    ) -> tuple[Tensor, Targets]:
        """Blend the images of a batch (N, 3, H, W), on their device; targets come back as `loss` takes them."""
        ...

    def loss(self, outputs: Outputs, targets: Targets, label_smoothing: float = 0.0) -> Tensor:
        """Mean loss of a batch, a scalar."""
        ...

    def output_fault(self, outputs: Outputs, count: int, num_classes: int, image_size: int) -> str | None:
        """Say in a sentence what is wrong with a network's outputs for `count` images; None when they fit."""
        ...

    def predictions(
        self, outputs: Outputs, sizes: Sequence[Size] | None = None, frame: Size | None = None
    ) -> list[Prediction]:
        """Turn raw outputs into predictions, in the pixels of originals of `sizes`, else in the network's own.

        Args:
            outputs: of the network in eval mode.
            sizes: of the originals.
            frame: of the network's input, for outputs that do not tell it.
        """
        ...

    def fitted(self, prediction: Prediction, frame: Size, original: Size) -> Prediction:
        """Bring a prediction from the network's frame to the pixels of the original image."""
        ...

    @property
    def exports_any_batch(self) -> bool:
        """Whether a deployment file can take any number of images at once."""
        ...

    def class_scores(self, outputs: Outputs) -> Tensor | None:
        """Give one number an image and class, (N, C), with its gradient: a heat map tells the grounds of it.

        None where a class has no one score in an image.
        """
        ...

    def deployed(self, outputs: Outputs, as_probabilities: bool) -> Tensor:
        """Give what a deployment file gives, one tensor: probabilities, or the network's own scores.

        Raises:
            UserError: `export_unsupported`.
        """
        ...

    def comparable(self, prediction: Prediction) -> NDArray[np.float64]:
        """Numbers, in one axis, by which two predictions of one image are told apart."""
        ...

    def collector(self, class_names: Sequence[str], capacity: int) -> Collector:
        """Start an evaluation of at most `capacity` images."""
        ...

    def judge(
        self, predictions: Sequence[Prediction], targets: Sequence[Target], class_names: Sequence[str]
    ) -> Judgement:
        """Judge finished predictions at once."""
        ...

    def adapt_infer(self, infer: Callable[..., object], tensor_input: TensorInput) -> RawInfer:
        """Make a plugin's `infer` take a list of raw images, whichever of the two accepted forms it has."""
        ...
