"""From what a detector gives (outputs, lists of dicts, raw boxes with scores) to Detections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.ops import batched_nms, clip_boxes_to_image

from engine.data.box_geometry import resize_boxes
from engine.errors import PluginError
from engine.tasks.detection.outputs import DetectorOutputs, Found
from engine.tasks.predictions import Detections
from engine.tasks.task import Size

_MASK_FROM = 0.5
_AXES_OF_PATCHES = 4


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of many candidate boxes are told."""

    least_score: float = 0.001
    candidates: int = 1000
    """The surest of an image that are compared with each other."""
    most_overlap: float = 0.5
    """Of two boxes of one class that overlap more, the surer one stays."""
    most: int = 100
    """Objects of an image."""


def select(boxes: Tensor, scores: Tensor, size: Size, selection: Selection | None = None) -> Found:
    """Choose the objects of one image among K candidate boxes, each class for itself.

    Args:
        boxes: (K, 4) xyxy.
        scores: (K, C) probabilities.
        size: of the image, to which boxes are clipped.
        selection: how.
    """
    chosen = selection or Selection()
    rows, labels = torch.nonzero(scores > chosen.least_score, as_tuple=True)
    values = scores[rows, labels]
    values, order = values.topk(min(chosen.candidates, len(values)))
    rows, labels = rows[order], labels[order]
    inside = clip_boxes_to_image(boxes[rows], size)
    keep = batched_nms(inside.float(), values.float(), labels, chosen.most_overlap)[: chosen.most]
    return {"boxes": inside[keep], "scores": values[keep], "labels": labels[keep]}


def found_in(outputs: object) -> list[Found]:
    """Read a network's outputs in eval mode.

    Raises:
        PluginError: `outputs_shape` when they are none of: `DetectorOutputs`; one dict of boxes, scores and labels an
            image; a dict with `boxes` (N, K, 4) and `scores` (N, K, C) of all candidates.
    """
    if isinstance(outputs, DetectorOutputs):
        return outputs.predictions()
    if isinstance(outputs, Mapping) and {"boxes", "scores", "labels"} <= outputs.keys():
        return [dict(outputs)]
    if isinstance(outputs, Mapping) and {"boxes", "scores"} <= outputs.keys():
        return [
            select(boxes, scores, _extent(boxes))
            for boxes, scores in zip(outputs["boxes"], outputs["scores"], strict=True)
        ]
    if isinstance(outputs, Sequence) and all(isinstance(one, Mapping) for one in outputs):
        faults = [_missing(one) for one in outputs]
        if not any(faults):
            return [dict(one) for one in outputs]
    raise PluginError(
        "outputs_shape",
        f"The network gave {_told(outputs)}, which are no detections.",
        "In eval mode a detector gives one dict an image with boxes (n, 4), scores (n,) and labels (n,).",
    )


def to_detections(found: Found, frame: Size, original: Size) -> Detections:
    """Carry what was found from the network's frame to the image's own pixels."""
    boxes = _array(found["boxes"], np.float32).reshape(-1, 4)
    own = resize_boxes(boxes, (frame[1], frame[0]), (original[1], original[0]))
    limits = np.array([original[1], original[0]] * 2, dtype=np.float32)
    own = np.clip(own, np.float32(0), limits)
    masks = found.get("masks")
    return Detections(
        boxes=own,
        scores=_array(found["scores"], np.float32).reshape(-1),
        labels=_array(found["labels"], np.int64).reshape(-1),
        masks=None if masks is None else _masks(masks, own, original),
    )


def fitted(detections: Detections, frame: Size, original: Size) -> Detections:
    """Carry detections from the network's frame to the image's own pixels."""
    found: Found = {
        "boxes": torch.from_numpy(detections.boxes),
        "scores": torch.from_numpy(detections.scores),
        "labels": torch.from_numpy(detections.labels),
    }
    moved = to_detections(found, frame, original)
    if detections.masks is None:
        return moved
    return replace(moved, masks=_resized(detections.masks.astype(np.float32), original))


def _masks(masks: Tensor | NDArray[np.generic], boxes: NDArray[np.float32], size: Size) -> NDArray[np.bool_]:
    probabilities = torch.as_tensor(masks).detach().float().cpu()
    if len(probabilities) == 0:
        return np.zeros((0, *size), dtype=np.bool_)
    if probabilities.ndim == _AXES_OF_PATCHES:
        pasted = paste_masks_in_image(probabilities, torch.from_numpy(boxes), size)
        return (pasted[:, 0] >= _MASK_FROM).numpy()
    return _resized(probabilities.numpy(), size)


def _resized(masks: NDArray[np.float32], size: Size) -> NDArray[np.bool_]:
    made = np.zeros((len(masks), *size), dtype=np.bool_)
    for number, mask in enumerate(masks):
        made[number] = cv2.resize(mask, (size[1], size[0]), interpolation=cv2.INTER_LINEAR) >= _MASK_FROM
    return made


def _array(values: object, kind: type[np.generic]) -> NDArray:
    if isinstance(values, Tensor):
        values = values.detach().float().cpu().numpy() if values.is_floating_point() else values.cpu().numpy()
    return np.array(values, dtype=kind)


def _extent(boxes: Tensor) -> Size:
    """A size that cuts nothing off: the frame is clipped to later."""
    far = float(boxes.max()) if boxes.numel() else 0.0
    return (int(far) + 1, int(far) + 1)


def _missing(one: Mapping[object, object]) -> list[str]:
    return [name for name in ("boxes", "scores", "labels") if name not in one]


def _told(outputs: object) -> str:
    if isinstance(outputs, Tensor):
        return f"a tensor of shape {tuple(outputs.shape)}"
    if isinstance(outputs, Mapping):
        return f"a dict of {', '.join(str(name) for name in outputs)}"
    return type(outputs).__name__
