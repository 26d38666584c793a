"""From the candidates of an Ultralytics detector to the objects that are told of each image, with their masks."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import batched_nms, clip_boxes_to_image

from engine.tasks.detection.decode import Selection
from engine.tasks.detection.outputs import Found


@dataclass(frozen=True, slots=True, eq=False)
class MaskParts:
    """What the masks of one image are made of."""

    coefficients: Tensor
    """(K, M)."""
    prototypes: Tensor
    """(M, H, W)."""


def objects_of(candidates: Tensor, side: int, selection: Selection, masks: MaskParts | None = None) -> Found:
    """Choose the objects of one image.

    Args:
        candidates: (K, 4 + C): corners, and class probabilities.
        side: of the square input, pixels.
        selection: how; of boxes that overlap more than `most_overlap` only the surest of a class stays.
        masks: where the network makes some.
    """
    boxes, scores = candidates[:, :4], candidates[:, 4:]
    rows, labels = torch.nonzero(scores > selection.least_score, as_tuple=True)
    values, order = scores[rows, labels].topk(min(selection.candidates, len(rows)))
    rows, labels = rows[order], labels[order]
    inside = clip_boxes_to_image(boxes[rows], (side, side))
    kept = torch.arange(len(rows), device=rows.device)
    if selection.most_overlap < 1:
        kept = batched_nms(inside, values, labels, selection.most_overlap)
    kept = kept[: selection.most]
    found: Found = {"boxes": inside[kept], "scores": values[kept], "labels": labels[kept]}
    if masks is not None:
        found["masks"] = _masks_of(masks, rows[kept], found["boxes"], side)
    return found


def _masks_of(parts: MaskParts, rows: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Probabilities (n, side, side), 0 outside of each box."""
    if len(rows) == 0:
        return torch.zeros((0, side, side), device=boxes.device)
    prototypes = parts.prototypes
    small = (parts.coefficients[rows] @ prototypes.flatten(1)).view(-1, *prototypes.shape[1:])
    large = functional.interpolate(small[None], (side, side), mode="bilinear", align_corners=False)[0]
    place = torch.arange(side, device=boxes.device) + 0.5
    left, top, right, bottom = (edge[:, None] for edge in boxes.unbind(1))
    across = (place >= left) & (place < right)
    down = (place >= top) & (place < bottom)
    return large.sigmoid() * (down[:, :, None] & across[:, None, :])
