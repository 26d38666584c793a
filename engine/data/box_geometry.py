"""Boxes and instance masks through the changes of an image: resized, cut out, mirrored, turned, clipped and sieved.

Boxes are (n, 4) xyxy in pixels, where pixel i of a row covers the interval from i to i + 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.geometry import Cut, cut_out, target_to_stored

Boxes = NDArray[np.float32]
Masks = NDArray[np.bool_]
MIN_VISIBLE = 0.3
"""Share of an object's box that must be left in a training sample; less no longer tells what it is."""
MIN_SIDE = 1.0
"""Shorter side, pixels of the sample, below which nothing can be seen of an object."""


def resize_boxes(boxes: Boxes, before: tuple[int, int], after: tuple[int, int]) -> Boxes:
    """Carry boxes of an image of width and height `before` into the same image resized to `after`."""
    factors = np.array([after[0] / before[0], after[1] / before[1]] * 2)
    return (np.asarray(boxes, dtype=np.float64).reshape(-1, 4) * factors).astype(np.float32)


def cut_boxes(boxes: Boxes, cut: Cut, image_size: int) -> Boxes:
    """Carry boxes into the square sample that `cut` makes, not clipped.

    A turned box becomes the upright one around it, which is larger than what is tight around the object.
    """
    return map_boxes(boxes, sample_matrix(cut, image_size))


def cut_masks(masks: Masks, cut: Cut, image_size: int) -> Masks:
    """Carry masks (n, H, W) into the square sample that `cut` makes: (n, S, S)."""
    made = np.zeros((len(masks), image_size, image_size), dtype=np.bool_)
    for number, mask in enumerate(masks):
        made[number] = cut_out(mask.astype(np.uint8), cut, image_size, "nearest", fill=0) > 0
    return made


def sample_matrix(cut: Cut, image_size: int) -> NDArray[np.float64]:
    """(2, 3), from a place in the stored image to its place in the sample."""
    if cut.angle == 0:
        # Such a box is cut at whole pixels.
        whole = (round(cut.left), round(cut.top), round(cut.width), round(cut.height))
        cut = Cut(*whole, mirrored=cut.mirrored)
    centres = np.vstack([target_to_stored(cut, image_size), [0, 0, 1]])
    # That one speaks of pixel centres at integers, half a pixel from our places.
    there, back = np.eye(3), np.eye(3)
    there[:2, 2], back[:2, 2] = -0.5, 0.5
    return (back @ np.linalg.inv(centres) @ there)[:2]


def map_boxes(boxes: Boxes, matrix: NDArray[np.float64]) -> Boxes:
    """Carry boxes through an affine (2, 3) matrix: the upright boxes around their corners."""
    if len(boxes) == 0:
        return np.zeros((0, 4), dtype=np.float32)
    corners = np.asarray(boxes, dtype=np.float64)[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    moved = corners @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1).astype(np.float32)


def clip_boxes(boxes: Boxes, width: float, height: float) -> Boxes:
    """Cut off what lies outside the image; a box wholly outside gets no area."""
    limits = np.array([width, height, width, height], dtype=np.float32)
    return np.clip(np.asarray(boxes, dtype=np.float32).reshape(-1, 4), np.float32(0), limits)


def areas(boxes: Boxes) -> NDArray[np.float32]:
    """(n,), square pixels; 0 for an inverted box."""
    sides = np.maximum(0, boxes[:, 2:] - boxes[:, :2])
    return sides[:, 0] * sides[:, 1]


def still_visible(
    whole: Boxes, clipped: Boxes, min_share: float = MIN_VISIBLE, min_side: float = MIN_SIDE
) -> NDArray[np.bool_]:
    """(n,), which boxes have enough left after clipping to learn from."""
    sides = clipped[:, 2:] - clipped[:, :2]
    return (sides >= min_side).all(axis=1) & (areas(clipped) >= min_share * areas(whole))


def boxes_of_masks(masks: Masks) -> Boxes:
    """(n, 4), the tightest box around each mask; zeros for an empty one."""
    boxes = np.zeros((len(masks), 4), dtype=np.float32)
    for number, mask in enumerate(masks):
        columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
        if len(columns):
            boxes[number] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return boxes
