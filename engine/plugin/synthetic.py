"""A handful of made-up images, and the loader and callbacks with which a plugin is tried out on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.batch import Targets
from engine.data.normalisation import normalise
from engine.data.plugin_loader import PluginDataset
from engine.plugin.contract import TrainingStopped
from engine.tasks.task import Task

CLASSES = ("circle", "square", "star")
BATCH_SIZE = 4
BATCHES = 2
_SEED = 7

Constants = tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticImages:
    """Noise whose brightness tells the class."""

    images: Tensor
    """uint8 (N, S, S, 3)."""
    labels: Tensor
    """int64 (N,)."""
    task: Task

    @classmethod
    def of_size(cls, size: int, task: Task) -> SyntheticImages:
        labels = torch.arange(BATCHES * BATCH_SIZE) % len(CLASSES)
        generator = torch.Generator().manual_seed(_SEED)
        noise = torch.randint(0, 100, (len(labels), size, size, 3), generator=generator)
        return cls((noise + 70 * labels.view(-1, 1, 1, 1)).to(torch.uint8), labels, task)

    def batches(self) -> Iterator[tuple[Tensor, Targets]]:
        """Yield uint8 images and targets, `BATCH_SIZE` at a time."""
        size = self.images.shape[1]
        for images, labels in zip(self.images.split(BATCH_SIZE), self.labels.split(BATCH_SIZE), strict=True):
            yield images, self.task.example_targets(labels, size)


class SyntheticLoader:
    """What a full-control plugin's `train` and `validate` get: as `PluginLoader`, without a dataset behind it."""

    def __init__(self, images: SyntheticImages, mean: Constants, std: Constants) -> None:
        self._images = images
        self._mean = mean
        self._std = std
        self.class_names = CLASSES
        self.dataset = PluginDataset(len(images.labels), CLASSES)
        self.batch_size = BATCH_SIZE

    def __len__(self) -> int:
        return BATCHES

    def __iter__(self) -> Iterator[tuple[object, object]]:
        for images, targets in self._images.batches():
            pixels = normalise(images, self._mean, self._std, torch.float32)
            yield self._images.task.plugin_batch(pixels, targets)


@dataclass(slots=True)
class TrialCallbacks:
    """Listens to a plugin's `train` and ends it after one epoch. Implements `engine.plugin.contract.Callbacks`."""

    epochs: int = 0
    reported: dict[str, object] = field(default_factory=dict[str, object])
    """All metrics, by name."""
    went_on: bool = False
    """It trained another epoch though it was told to stop."""

    @property
    def should_stop(self) -> bool:
        return self.epochs > 0

    def on_step_end(self, step: int, metrics: Mapping[str, object] | None = None) -> None:
        del step
        self.went_on = self.went_on or self.epochs > 0
        self.reported |= metrics or {}

    def on_epoch_end(self, epoch: int, metrics: Mapping[str, object] | None = None) -> None:
        """Raise TrainingStopped."""
        del epoch
        self.went_on = self.went_on or self.epochs > 0
        self.epochs += 1
        self.reported |= metrics or {}
        raise TrainingStopped

    def on_checkpoint(self, path: str | Path) -> None:
        del path

    def log(self, name: str, value: float) -> None:
        self.reported[name] = value


def pictures() -> list[NDArray[np.uint8]]:
    """Make three images as `infer` gets them: uint8 (H, W, 3), each of another size."""
    generator = np.random.default_rng(_SEED)
    return [
        generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
        for height, width in ((48, 64), (96, 40), (33, 33))
    ]
