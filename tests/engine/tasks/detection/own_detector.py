"""Detectors as an author writes them: torchvision's own, put into the engine's loop, and one with a loop of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models.detection import FCOS
from torchvision.models.detection.anchor_utils import AnchorGenerator

from engine.plugin import BaseModel, ConfigField, ConfigSchema, ModelMetadata, TorchModel


def metadata(name: str) -> ModelMetadata:
    return ModelMetadata(
        name=name, author="tests", framework="pytorch", task_type="detection", description="A detector."
    )


class Body(nn.Sequential):
    """Layers that tell their width, as torchvision asks of a backbone."""

    out_channels = 32


def small_fcos(num_classes: int, size: int) -> FCOS:
    """A torchvision detector that does everything by itself: resizing, losses, thinning out."""
    body = Body(
        nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
    )  # fmt: skip
    places = AnchorGenerator(((8,),), ((1.0,),))
    return FCOS(
        body, num_classes, size, size, [0.0] * 3, [1.0] * 3, anchor_generator=places, score_thresh=0.05
    )


class OwnNetwork(TorchModel):
    """Brings its network only: losses by name in training mode, a list of dicts otherwise."""

    targets_in_forward = True

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return metadata("own-network")

    def build(self) -> nn.Module:
        return small_fcos(self.num_classes, self.image_size)


class OwnLoop(BaseModel):
    """Brings network, loss and loop, and answers in the pixels of its input."""

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return metadata("own-loop")

    @classmethod
    def get_config_schema(cls) -> ConfigSchema:
        return ConfigSchema(
            fields=[
                ConfigField(name="epochs", type="int", default=2, min=1),
                ConfigField(name="batch_size", type="int", default=4, min=1),
                ConfigField(name="image_size", type="int", default=64, min=32),
            ],
            presets={"easy": {}},
        )

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.model = small_fcos(int(config["num_classes"]), int(config.get("image_size", 64)))

    def train(self, train_loader: Any, val_loader: Any = None, callbacks: Any = None) -> None:
        optimizer = torch.optim.AdamW(self.model.parameters(), lr=2e-3)
        step = 0
        for epoch in range(int(self.config["epochs"])):
            self.model.train()
            loss = torch.tensor(torch.nan)
            for images, targets in train_loader:
                loss = torch.stack(list(self.model(images, targets).values())).sum()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                step += 1
                callbacks.on_step_end(step, {"loss": float(loss.detach())})
            callbacks.on_epoch_end(epoch, {"loss": float(loss.detach())})

    def validate(self, val_loader: Any) -> dict[str, float]:
        self.model.train()
        with torch.no_grad():
            losses = [float(sum(self.model(images, targets).values())) for images, targets in val_loader]
        return {"loss": float(np.mean(losses))}

    def infer(self, image_or_batch: Tensor) -> Sequence[dict[str, Tensor]]:
        self.model.eval()
        return self.model(image_or_batch)

    def save_checkpoint(self, path: str, epoch: int, metrics: dict[str, float]) -> None:
        del epoch, metrics
        torch.save(self.model.state_dict(), path)

    def load_checkpoint(self, path: str) -> None:
        self.model.load_state_dict(torch.load(path, weights_only=True))

    def export(self, path: str, format: str, **kwargs: Any) -> Path:
        del path, kwargs
        raise NotImplementedError(format)
