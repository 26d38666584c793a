"""Networks of Ultralytics by name, made from the descriptions inside its package: no file of weights, no network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from engine.config.problems import nearest
from engine.errors import PluginError
from engine.plugin.adapters.ultralytics_package import require_ultralytics

FAMILIES = ("yolo26", "yolo11", "yolov8")
SIZES = "nsmlx"
STRIDE = 32
"""Sides of a detector's images must be multiples of this."""
SMALLEST_SIDE = 2 * STRIDE
"""At one place a batch norm of a single image would have nothing to compare."""
DETECTORS = tuple(f"{family}{size}{kind}" for kind in ("", "-seg") for family in FAMILIES for size in SIZES)
"""The second half also gives a mask of each object."""
CLASSIFIERS = tuple(f"{family}{size}-cls" for family in FAMILIES for size in SIZES)


def makes_masks(architecture: str) -> bool:
    return architecture.endswith("-seg")


def make_yolo(architecture: str, classes: int) -> Any:
    """Make a network with weights from chance: a `DetectionModel`, `SegmentationModel` or `ClassificationModel`.

    Raises:
        PluginError: `architecture_unknown`; UserError: `feature_missing`.
    """
    known = (*DETECTORS, *CLASSIFIERS)
    if architecture not in known:
        close = nearest(architecture, known)
        raise PluginError(
            "architecture_unknown",
            f"There is no network {architecture!r} of Ultralytics here."
            + (f" Did you mean {close!r}?" if close else ""),
            f"The smallest ones are {DETECTORS[0]}, {DETECTORS[len(DETECTORS) // 2]} and {CLASSIFIERS[0]}.",
        )
    require_ultralytics()
    from ultralytics.nn.tasks import (  # an optional package
        ClassificationModel,
        DetectionModel,
        SegmentationModel,
    )

    kinds: dict[str, Any] = {"cls": ClassificationModel, "seg": SegmentationModel}
    kind = kinds.get(architecture.partition("-")[2], DetectionModel)
    return kind(f"{architecture}.yaml", ch=3, nc=classes, verbose=False)


def require_fitting_size(image_size: int) -> None:
    """Pass when images of this side can go through a detector.

    Raises:
        PluginError: `image_size_unfit`.
    """
    if image_size % STRIDE or image_size < SMALLEST_SIDE:
        fitting = max(SMALLEST_SIDE, round(image_size / STRIDE) * STRIDE)
        raise PluginError(
            "image_size_unfit",
            f"Detectors of Ultralytics cannot work with images of {image_size} px: a side is a multiple of {STRIDE}, "
            f"at least {SMALLEST_SIDE}.",
            f"Set image_size to {fitting}.",
        )


class YoloClassifier(nn.Module):
    """A classifier that gives logits in either mode."""

    def __init__(self, yolo: nn.Module) -> None:
        super().__init__()
        self.yolo = yolo

    def forward(self, pixels: Tensor) -> Tensor:
        outputs = self.yolo(pixels)
        return outputs[1] if isinstance(outputs, tuple) else outputs


class YoloDetector(nn.Module):
    """A detector that tells all its candidates, before any are left out.

    Attributes:
        yolo: a `DetectionModel` or `SegmentationModel`.
    """

    def __init__(self, yolo: nn.Module) -> None:
        super().__init__()
        self.yolo = yolo

    @property
    def head(self) -> Any:
        return cast("Any", self.yolo).model[-1]

    def forward(self, pixels: Tensor) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        """Take float (N, 3, S, S).

        Returns:
            Candidates (N, K, 4 + C): corners in pixels of the input, and class probabilities. From a network with
            masks, beside them their coefficients (N, K, M) and the prototypes (N, M, S / 4, S / 4); not where it is
            taken apart for a deployment file.
        """
        with _raw(self.head):
            found = self.yolo(pixels)
        # Of YOLO26's two heads the one that its package asks too, unless it is told to do without the overlap rule.
        found = found.get("one2many", found)
        candidates = _decoded(self.head, found)
        if "proto" not in found or torch.compiler.is_exporting():
            return candidates
        proto = found["proto"]
        proto = proto[0] if isinstance(proto, tuple) else proto
        return candidates, found["mask_coefficient"].transpose(1, 2).float(), proto.float()


@contextmanager
def _raw(head: nn.Module) -> Iterator[None]:
    """Let a head give its branches as they are; the layers in it keep their mode."""
    before = head.training
    head.training = True
    try:
        yield
    finally:
        head.training = before


def _decoded(head: Any, found: dict[str, Any]) -> Tensor:
    from ultralytics.utils.tal import dist2bbox, make_anchors  # an optional package

    anchors, strides = make_anchors(found["feats"], head.stride, 0.5)
    distances = head.dfl(found["boxes"].float())
    corners = dist2bbox(distances, anchors.transpose(0, 1)[None], xywh=False, dim=1) * strides.transpose(0, 1)
    return torch.cat([corners, found["scores"].float().sigmoid()], dim=1).transpose(1, 2)
