"""torchvision's detectors on any pyramid of features, with anchors that follow the pyramid's strides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import nn
from torchvision.models.detection import FCOS, FasterRCNN, MaskRCNN, RetinaNet
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.fcos import FCOSHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.retinanet import RetinaNetHead
from torchvision.models.detection.ssd import SSD
from torchvision.models.detection.ssdlite import SSDLiteHead
from torchvision.ops import MultiScaleRoIAlign

from engine.plugin.adapters.detector_backbone import Pyramid

RATIOS = (0.5, 1.0, 2.0)
_ROI = 7
_MASK_ROI = 14


@dataclass(frozen=True, slots=True)
class DetectorParts:
    """What a detector is made of."""

    pyramid: Pyramid
    num_classes: int
    """Without background."""
    image_size: int
    depth: int
    """Convolutions of each head."""
    anchor_scale: float
    """Side of a level's smallest anchor over its stride."""
    least_score: float
    most_overlap: float
    most_objects: int


def make_retinanet(parts: DetectorParts) -> nn.Module:
    """RetinaNet (Lin et al. 2017): anchors, and a loss that leaves the many easy ones aside."""
    anchors = _anchors(parts, octaves=3)
    head = RetinaNetHead(parts.pyramid.out_channels, anchors.num_anchors_per_location()[0], parts.num_classes)
    _shorten(head.classification_head.conv, parts.depth)
    _shorten(head.regression_head.conv, parts.depth)
    return RetinaNet(
        parts.pyramid, parts.num_classes, anchor_generator=anchors, head=head, **_postprocessing(parts)
    )


def make_fcos(parts: DetectorParts) -> nn.Module:
    """FCOS (Tian et al. 2019): no anchors; each place says how far away the object's edges are."""
    strides = parts.pyramid.strides
    places = AnchorGenerator(tuple((stride,) for stride in strides), ((1.0,),) * len(strides))
    head = FCOSHead(parts.pyramid.out_channels, 1, parts.num_classes, parts.depth)
    return FCOS(
        parts.pyramid, parts.num_classes, anchor_generator=places, head=head, **_postprocessing(parts)
    )


def make_ssdlite(parts: DetectorParts) -> nn.Module:
    """SSDlite (Liu et al. 2016, Sandler et al. 2018): separable heads on each level, fast on a CPU."""
    levels = len(parts.pyramid.strides)
    size = (parts.image_size, parts.image_size)
    smallest = parts.anchor_scale * parts.pyramid.strides[0] / parts.image_size
    anchors = DefaultBoxGenerator([[2]] * levels, min_ratio=min(0.8, smallest), max_ratio=0.95)
    norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.03)
    widths = [parts.pyramid.out_channels] * levels
    # One more class: the background comes first.
    head = SSDLiteHead(widths, anchors.num_anchors_per_location(), parts.num_classes + 1, norm)
    return SSD(parts.pyramid, anchors, size, parts.num_classes + 1, head=head, **_postprocessing(parts))


def make_faster_rcnn(parts: DetectorParts) -> nn.Module:
    """Faster R-CNN (Ren et al. 2015): proposals first, then a closer look at each."""
    return FasterRCNN(
        parts.pyramid,
        rpn_anchor_generator=_anchors(parts, octaves=1),
        box_roi_pool=_pool(parts, _ROI),
        **_second_stage(parts),
    )


def make_mask_rcnn(parts: DetectorParts) -> nn.Module:
    """Mask R-CNN (He et al. 2017): Faster R-CNN, and a mask of each object."""
    width = parts.pyramid.out_channels
    return MaskRCNN(
        parts.pyramid,
        rpn_anchor_generator=_anchors(parts, octaves=1),
        box_roi_pool=_pool(parts, _ROI),
        mask_roi_pool=_pool(parts, _MASK_ROI),
        mask_head=MaskRCNNHeads(width, (width,) * parts.depth, 1),
        mask_predictor=MaskRCNNPredictor(width, width, parts.num_classes + 1),
        **_second_stage(parts),
    )


KINDS: dict[str, Callable[[DetectorParts], nn.Module]] = {
    "fcos": make_fcos,
    "retinanet": make_retinanet,
    "ssdlite": make_ssdlite,
    "faster_rcnn": make_faster_rcnn,
    "mask_rcnn": make_mask_rcnn,
}
"""By the name that settings use."""


def _anchors(parts: DetectorParts, octaves: int) -> AnchorGenerator:
    """Square and oblong boxes on each level, `octaves` sizes to a doubling."""
    strides = parts.pyramid.strides
    sizes: Sequence[tuple[int, ...]] = [
        tuple(round(parts.anchor_scale * stride * 2 ** (n / octaves)) for n in range(octaves))
        for stride in strides
    ]
    return AnchorGenerator(tuple(sizes), (RATIOS,) * len(strides))


def _pool(parts: DetectorParts, side: int) -> MultiScaleRoIAlign:
    names = [str(level) for level in range(len(parts.pyramid.strides))]
    # canonical: an object of half the image is looked at on the level whose stride is a sixteenth of it.
    return MultiScaleRoIAlign(names, side, 2, canonical_scale=parts.image_size // 2, canonical_level=4)


def _second_stage(parts: DetectorParts) -> dict[str, Any]:
    width = parts.pyramid.out_channels
    hidden = 4 * width
    return {
        "box_head": TwoMLPHead(width * _ROI**2, hidden),
        "box_predictor": FastRCNNPredictor(hidden, parts.num_classes + 1),
        "rpn_pre_nms_top_n_train": 1000,
        "rpn_post_nms_top_n_train": 500,
        "rpn_pre_nms_top_n_test": 500,
        "rpn_post_nms_top_n_test": 300,
        "box_batch_size_per_image": 128,
        "box_score_thresh": parts.least_score,
        "box_nms_thresh": parts.most_overlap,
        "box_detections_per_img": parts.most_objects,
    }


def _postprocessing(parts: DetectorParts) -> dict[str, Any]:
    return {
        "score_thresh": parts.least_score,
        "nms_thresh": parts.most_overlap,
        "detections_per_img": parts.most_objects,
    }


def _shorten(convolutions: nn.Sequential, depth: int) -> None:
    while len(convolutions) > depth:
        del convolutions[-1]
