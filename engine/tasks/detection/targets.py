"""What a detector learns from: the objects of each image, carried along when the image is resized and cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from engine.data.box_geometry import (
    Boxes,
    Masks,
    boxes_of_masks,
    clip_boxes,
    cut_boxes,
    cut_masks,
    resize_boxes,
    still_visible,
)
from engine.data.decoding import read_image
from engine.data.geometry import Cut, whole_frame
from engine.data.targets import SplitFiles, unseen
from engine.datasets.annotations import Annotations, load_annotations
from engine.errors import UserError
from engine.tasks.detection.outputs import Target


@dataclass(frozen=True, slots=True, eq=False)
class ImageObjects:
    """The n annotated objects of one image, in the pixels of `width` × `height`."""

    width: int
    height: int
    boxes: Boxes
    """(n, 4) xyxy."""
    labels: NDArray[np.int64]
    """(n,), class indices."""
    areas: NDArray[np.float32]
    """(n,) square pixels of the original image."""
    crowd: NDArray[np.bool_]
    """(n,): a region of many objects; not learnt from, and not counted."""
    difficult: NDArray[np.bool_]
    """(n,): need not be found."""
    masks: Masks | None = None
    """(n, height, width), where the dataset has them."""

    def where(self, keep: NDArray[np.bool_]) -> ImageObjects:
        """Keep some of the objects, (n,)."""
        return replace(
            self,
            boxes=self.boxes[keep],
            labels=self.labels[keep],
            areas=self.areas[keep],
            crowd=self.crowd[keep],
            difficult=self.difficult[keep],
            masks=None if self.masks is None else self.masks[keep],
        )


class BoxTargets:
    """The objects of a split. Implements `engine.data.targets.TargetSource`."""

    def __init__(self, split: SplitFiles) -> None:
        """Read the table of annotations.

        Raises:
            UserError: `annotations_missing`, `annotations_damaged`.
        """
        if split.annotations is None or not split.annotations.is_file():
            raise UserError(
                "annotations_missing",
                f"The dataset {split.manifest.name} has no boxes.",
                "Import it again from its annotation files: COCO, Pascal VOC or YOLO.",
            )
        self._table: Annotations = load_annotations(split.annotations)
        self._split = split
        self._items = split.items

    def __reduce__(self) -> tuple[type[BoxTargets], tuple[SplitFiles]]:
        """In another process the table is read anew."""
        return BoxTargets, (self._split,)

    def stored(self, position: int, width: int, height: int) -> ImageObjects:
        """Give the objects of an image that was resized to `width` × `height`."""
        own_width, own_height = self._size(position)
        return self._objects(position, (own_width, own_height), (width, height))

    def original(self, position: int) -> ImageObjects:
        """Give the objects in the pixels of the upright image."""
        size = self._size(position)
        return self._objects(position, size, size)

    def cut(self, target: ImageObjects, cut: Cut, image_size: int) -> ImageObjects:
        """Give the objects of the sample; where it shows only a part, those with enough left in it."""
        boxes = cut_boxes(target.boxes, cut, image_size)
        masks = None if target.masks is None else cut_masks(target.masks, cut, image_size)
        sample = replace(target, width=image_size, height=image_size, boxes=boxes, masks=masks)
        if cut == whole_frame(target.width, target.height):
            return sample
        clipped = clip_boxes(boxes, image_size, image_size)
        kept = still_visible(boxes, clipped)
        if masks is not None:
            # Tight around what the turn and the crop have left, unlike the box of a turned box.
            seen = np.asarray(masks.any(axis=(1, 2)))
            clipped = np.where(seen[:, None], boxes_of_masks(masks), clipped)
            kept &= seen
        return replace(sample, boxes=clipped).where(kept)

    def collate(self, targets: Sequence[ImageObjects]) -> list[Target]:
        """Give one dict an image; see `engine.tasks.detection.outputs.Target`."""
        return [as_tensors(target) for target in targets]

    def absent_classes(self) -> list[str]:
        """Crowds are not learnt from, so they do not count."""
        inside = np.zeros(len(self._table), dtype=np.bool_)
        inside[np.array(self._split.indices, dtype=np.int64)] = True
        counted = np.repeat(inside, np.diff(self._table.object_starts)) & ~self._table.crowd
        return unseen(self._split.manifest.classes, self._table.labels[counted])

    def _objects(self, position: int, before: tuple[int, int], after: tuple[int, int]) -> ImageObjects:
        index = self._split.indices[position]
        objects = self._table.of(index)
        masks = self._table.masks(index, before[1], before[0])
        whole = ImageObjects(
            width=after[0],
            height=after[1],
            boxes=resize_boxes(objects.boxes, before, after),
            labels=objects.labels,
            areas=objects.areas,
            crowd=objects.crowd,
            difficult=objects.difficult,
            masks=masks,
        )
        if masks is None or before == after:
            return whole
        small = np.zeros((len(masks), after[1], after[0]), dtype=np.bool_)
        columns, rows = _nearest(before[0], after[0]), _nearest(before[1], after[1])
        for number, mask in enumerate(masks):
            small[number] = mask[rows][:, columns]
        return replace(whole, masks=small)

    def _size(self, position: int) -> tuple[int, int]:
        """Width and height of the upright image."""
        item = self._items[position]
        if item.width and item.height:
            return item.width, item.height
        image = read_image(self._split.root / item.path)
        return image.shape[1], image.shape[0]


def as_tensors(target: ImageObjects) -> Target:
    """Give an image's objects as a dict of tensors, which share no memory with the table."""
    named: Target = {
        "boxes": torch.from_numpy(np.array(target.boxes, dtype=np.float32)),
        "labels": torch.from_numpy(np.array(target.labels, dtype=np.int64)),
        "areas": torch.from_numpy(np.array(target.areas, dtype=np.float32)),
        "crowd": torch.from_numpy(np.array(target.crowd, dtype=np.bool_)),
        "difficult": torch.from_numpy(np.array(target.difficult, dtype=np.bool_)),
    }
    if target.masks is not None:
        named["masks"] = torch.from_numpy(np.array(target.masks, dtype=np.bool_))
    return named


def _nearest(before: int, after: int) -> NDArray[np.int64]:
    """(after,), for each pixel of a resized row the one of the original below its centre."""
    return np.minimum(before - 1, ((np.arange(after) + 0.5) * before / after).astype(np.int64))
