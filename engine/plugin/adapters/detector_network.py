"""A torchvision detector as the engine's loop drives it: pixels in, outputs that know their losses and predictions.

torchvision's detectors want targets in `forward`, give losses in training and predictions otherwise, and resize by
themselves. Here `forward` takes one normalised batch in either mode; its outputs do the rest when they are asked, so
that a validation has both losses and predictions from one pass, in eval mode.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn
from torchvision.models.detection import FCOS, RetinaNet
from torchvision.models.detection.generalized_rcnn import GeneralizedRCNN
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.ssd import SSD
from torchvision.ops import box_iou

from engine.errors import UserError
from engine.tasks.detection.outputs import DetectorOutputs, Found, Losses, Target


class DetectorNetwork(nn.Module):
    """Wraps a detector of torchvision. Class indices count from 0 on the outside, whatever the detector does.

    Attributes:
        detector: RetinaNet, FCOS, SSD, or a GeneralizedRCNN (Faster R-CNN, Mask R-CNN).
    """

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        # Pixels arrive resized and normalised.
        detector.transform = nn.Identity()
        self.detector: Any = detector
        self.has_background = isinstance(detector, (GeneralizedRCNN, SSD))

    def forward(self, pixels: Tensor) -> DetectorOutputs:
        """Take float (N, 3, H, W).

        A detector that looks once gives tensors where the network is taken apart for a deployment file: (N, K, 4 + C),
        corners and class probabilities of all candidates, before overlapping ones are left out.
        """
        features = self.detector.backbone(pixels)
        if isinstance(features, Tensor):
            single: OrderedDict[str, Tensor] = OrderedDict([("0", features)])
            features = single
        size = (int(pixels.shape[-2]), int(pixels.shape[-1]))
        images = ImageList(pixels, [size] * len(pixels))
        if isinstance(self.detector, GeneralizedRCNN):
            return _TwoStageOutputs(self.detector, images, features)
        levels = list(features.values())
        heads = self.detector.head(levels)
        # Anchors and losses want full precision.
        heads = {name: value.float() for name, value in heads.items()}
        outputs = _OneStageOutputs(self.detector, images, levels, heads)
        if torch.compiler.is_exporting():
            return cast("DetectorOutputs", outputs.candidates())
        return outputs


class _OneStageOutputs:
    """Of RetinaNet, FCOS and SSD."""

    def __init__(
        self,
        detector: RetinaNet | FCOS | SSD,
        images: ImageList,
        levels: list[Tensor],
        heads: dict[str, Tensor],
    ) -> None:
        self._detector = detector
        self._images = images
        self.frame = images.image_sizes[0]
        self._heads = heads
        self._counts = [level.shape[-2] * level.shape[-1] for level in levels]
        self._anchors: list[Tensor] = detector.anchor_generator(images, levels)

    def losses(self, targets: Sequence[Target]) -> Losses:
        detector = self._detector
        if isinstance(detector, RetinaNet):
            return detector.compute_loss(_plain(targets), self._heads, self._anchors)
        if isinstance(detector, FCOS):
            return detector.compute_loss(_plain(targets), self._heads, self._anchors, self._counts)
        shifted = _counted_from_one(targets)
        matches = [
            detector.proposal_matcher(box_iou(target["boxes"], anchors))
            if len(target["boxes"])
            else torch.full((len(anchors),), -1, dtype=torch.int64, device=anchors.device)
            for target, anchors in zip(shifted, self._anchors, strict=True)
        ]
        return detector.compute_loss(shifted, self._heads, self._anchors, matches)

    def candidates(self) -> Tensor:
        """(N, K, 4 + C): corners and class probabilities of every place, a row each."""
        detector, heads = self._detector, self._heads
        if isinstance(detector, FCOS):
            anchors = torch.stack(self._anchors)
            boxes = detector.box_coder.decode(heads["bbox_regression"], anchors)
            scores = (heads["cls_logits"].sigmoid() * heads["bbox_ctrness"].sigmoid()).sqrt()
        else:
            images = zip(heads["bbox_regression"], self._anchors, strict=True)
            boxes = torch.stack([detector.box_coder.decode_single(*image) for image in images])
            logits = heads["cls_logits"]
            scores = logits.softmax(-1)[..., 1:] if isinstance(detector, SSD) else logits.sigmoid()
        return torch.cat([boxes, scores], dim=-1)

    def predictions(self) -> list[Found]:
        detector, sizes = self._detector, self._images.image_sizes
        if isinstance(detector, SSD):
            return _counted_from_zero(detector.postprocess_detections(self._heads, self._anchors, sizes))
        cells = next(iter(self._heads.values())).shape[1] // sum(self._counts)
        counts = [count * cells for count in self._counts]
        heads = {name: list(value.split(counts, dim=1)) for name, value in self._heads.items()}
        anchors = [list(image.split(counts)) for image in self._anchors]
        return detector.postprocess_detections(heads, anchors, sizes)


class _TwoStageOutputs:
    """Of Faster R-CNN and Mask R-CNN: the features, from which the rest follows."""

    def __init__(
        self, detector: GeneralizedRCNN, images: ImageList, features: OrderedDict[str, Tensor]
    ) -> None:
        self._detector = detector
        self._images = images
        self.frame = images.image_sizes[0]
        self._features = OrderedDict((name, level.float()) for name, level in features.items())

    def losses(self, targets: Sequence[Target]) -> Losses:
        stage: Any = self._detector.roi_heads
        if stage.has_mask() and not all("masks" in target for target in targets):
            raise UserError(
                "masks_missing",
                "This detector learns masks, and the dataset has boxes only.",
                "Choose faster_rcnn, or import a dataset with polygons or masks of its objects.",
            )
        shifted = _counted_from_one(targets)
        with _sampling(self._detector):
            proposals, first = self._detector.rpn(self._images, self._features, shifted)
            sizes = self._images.image_sizes
            second = self._detector.roi_heads(self._features, proposals, sizes, shifted)[1]
        return {**first, **second}

    def predictions(self) -> list[Found]:
        proposals = self._detector.rpn(self._images, self._features)[0]
        found = self._detector.roi_heads(self._features, proposals, self._images.image_sizes)[0]
        return _counted_from_zero(found)


@contextmanager
def _sampling(detector: GeneralizedRCNN) -> Iterator[None]:
    """Let the two stages compare proposals with targets; layers below them, such as batch norms, keep their mode."""
    stages: list[nn.Module] = [detector.rpn, detector.roi_heads]
    modes = [stage.training for stage in stages]
    try:
        for stage in stages:
            stage.training = True
        yield
    finally:
        for stage, mode in zip(stages, modes, strict=True):
            stage.training = mode


def _plain(targets: Sequence[Target]) -> list[Target]:
    return [dict(target) for target in targets]


def _counted_from_one(targets: Sequence[Target]) -> list[Target]:
    return [{**target, "labels": target["labels"] + 1} for target in targets]


def _counted_from_zero(found: list[Found]) -> list[Found]:
    return [{**one, "labels": one["labels"] - 1} for one in found]
