"""Adapters small enough for many trainings in one test, and batches on which they can learn something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.plugin import ClassScores, ModelMetadata, TimmModel, TorchModel

SIDE = 16
CLASSES = ("dark", "middle", "bright")


class Small(TorchModel):
    """A convolution and a head."""

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(name="small", task_type="classification")

    def build(self) -> nn.Module:
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU())
        pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, self.num_classes)]
        return nn.Sequential(self.features, *pooled)

    def backbone(self) -> nn.Module:
        return self.features


class SmallTimm(TimmModel):
    """Any of timm's networks."""

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(name="small-timm", framework="timm", task_type="classification")


def flat(**changes: object) -> dict[str, Any]:
    """Give a configuration as the engine hands it to a constructor; `__` stands for the dot in a name."""
    known: dict[str, Any] = {
        "num_classes": len(CLASSES),
        "class_names": list(CLASSES),
        "device": "cpu",
        "pretrained_path": None,
        "start_epoch": 0,
        "epochs": 3,
        "batch_size": 6,
        "image_size": SIDE,
        "seed": 0,
        "optimizer.type": "adam",
        "optimizer.lr": 0.02,
    }
    return known | {name.replace("__", "."): value for name, value in changes.items()}


class Batches:
    """Noise whose brightness tells the class, normalised, as `train` and `validate` get it."""

    def __init__(self, count: int = 4, size: int = 6) -> None:
        generator = torch.Generator().manual_seed(2)
        self.labels = torch.arange(count * size) % len(CLASSES)
        noise = torch.rand((len(self.labels), 3, SIDE, SIDE), generator=generator)
        self.images = noise + 1.5 * (self.labels.view(-1, 1, 1, 1) - 1)
        self._size = size

    def __len__(self) -> int:
        return len(self.labels) // self._size

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        yield from zip(self.images.split(self._size), self.labels.split(self._size), strict=True)


class Listener:
    """Writes down what it is told. Implements `engine.plugin.contract.Callbacks` as far as adapters use it."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.steps: list[int] = []
        self.epochs: list[tuple[int, dict[str, float]]] = []
        self._stop_after = stop_after

    @property
    def should_stop(self) -> bool:
        return self._stop_after is not None and len(self.epochs) >= self._stop_after

    def on_step_end(self, step: int, metrics: object = None) -> None:
        del metrics
        self.steps.append(step)

    def on_epoch_end(self, epoch: int, metrics: dict[str, float]) -> None:
        self.epochs.append((epoch, dict(metrics)))


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def probabilities(model: TorchModel, images: np.ndarray | list[np.ndarray]) -> np.ndarray:
    """What `infer` gives, an image a row."""
    rows = []
    for answer in model.infer(images):
        assert isinstance(answer, ClassScores)
        rows.append(answer.probs)
    return np.stack(rows)


def trainable_weights(model: TorchModel) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.network.parameters()])
