"""The engine's batches in the form that Ultralytics' trainers and losses take; no image is copied to a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from engine.data.batch import Batch
from engine.data.normalisation import normalise
from engine.data.plugin_loader import PluginLoader
from engine.errors import UserError
from engine.plugin.adapters.plain_training import stacked
from engine.tasks.detection.outputs import Target, learnt_from

MASK_STRIDE = 4
"""Pixels of the input to one of the masks that are learnt from."""
YoloBatch = dict[str, Any]
"""`img` (N, 3, S, S); of all objects in the batch `cls` (n, 1), `bboxes` (n, 4): centre and size, from 0 to 1, and
`batch_idx` (n,); with masks also `masks` and `sem_masks`, (N, S / 4, S / 4)."""


class YoloLoader:
    """What a trainer of Ultralytics asks of its loader, over that of the engine.

    Attributes:
        ended: whether the batch that was given last is the last one of its epoch.
    """

    num_workers = 0
    drop_last = False

    def __init__(self, loader: Any, with_masks: bool) -> None:
        self._loader = loader
        self._with_masks = with_masks
        self.batch_size = int(loader.batch_size)
        self.dataset = loader.dataset
        self.sampler = range(len(loader.dataset))
        self.ended = False

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[YoloBatch]:
        for number, batch in enumerate(self._batches(), start=1):
            self.ended = number >= len(self)
            yield batch

    def _batches(self) -> Iterator[YoloBatch]:
        given = self._loader.batches() if isinstance(self._loader, PluginLoader) else self._loader
        for batch in given:
            images, targets = (batch.images, batch.targets) if isinstance(batch, Batch) else batch
            yield {"img": stacked(images)} | objects_of_batch(
                targets, stacked(images).shape[-2], self._with_masks
            )

    def pixels(self, images: Tensor) -> Tensor:
        """Normalise what is uint8 (N, S, S, 3), where it is."""
        if images.dtype != torch.uint8:
            return images
        return normalise(images, self._loader.mean, self._loader.std)

    def close(self) -> None:
        """Leave closing to the owner of the engine's loader."""


def objects_of_batch(targets: Sequence[Target], side: int, with_masks: bool) -> YoloBatch:
    """Put the objects of all images in one table.

    Args:
        targets: one an image, in pixels of a square of `side`.
        side: of the square.
        with_masks: whether masks are learnt too.

    Raises:
        UserError: `masks_missing`.
    """
    learnt = [_largest_first(learnt_from(target)) for target in targets]
    boxes = torch.cat([target["boxes"] for target in learnt]) / side
    corners, sizes = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    batch: YoloBatch = {
        "cls": torch.cat([target["labels"] for target in learnt]).float().view(-1, 1),
        "bboxes": torch.cat([corners + sizes / 2, sizes], dim=1),
        "batch_idx": torch.cat(
            [torch.full((len(target["labels"]),), float(number)) for number, target in enumerate(learnt)]
        ),
    }
    if with_masks:
        drawn = [_drawn(target, side) for target in learnt]
        batch["masks"] = torch.stack([numbers for numbers, _ in drawn])
        batch["sem_masks"] = torch.stack([classes for _, classes in drawn])
    return batch


def _largest_first(target: Target) -> Target:
    """Sort objects so that small ones are drawn over large ones, as their numbers in a mask say."""
    sides = target["boxes"][:, 2:] - target["boxes"][:, :2]
    order = sides.prod(dim=1).argsort(descending=True, stable=True)
    return {name: part[order] for name, part in target.items()}


def _drawn(target: Target, side: int) -> tuple[Tensor, Tensor]:
    """For each pixel the number of its object, counted from 1, and the class of that; 0 where there is none."""
    if "masks" not in target:
        raise UserError(
            "masks_missing",
            "This detector learns masks, and the dataset has boxes only.",
            "Choose an architecture without -seg, or import a dataset with polygons or masks of its objects.",
        )
    middle = MASK_STRIDE // 2
    masks = target["masks"][:, middle::MASK_STRIDE, middle::MASK_STRIDE]
    numbers = torch.zeros((side // MASK_STRIDE, side // MASK_STRIDE), dtype=torch.float32)
    classes = torch.zeros_like(numbers)
    for number, mask in enumerate(masks):
        numbers[mask] = number + 1
        classes[mask] = float(target["labels"][number])
    return numbers, classes
