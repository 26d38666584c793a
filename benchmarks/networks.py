"""The networks that the comparisons train: any of timm's, or one of Ultralytics', without what their trainers add."""

from __future__ import annotations

import timm
from torch import Tensor, nn

from engine.config.train import TrainConfig
from engine.plugin import ConfigSchema, ModelMetadata, TorchModel

ULTRALYTICS = "ultra:"
"""What an architecture's name begins with when Ultralytics' package builds it: `ultra:yolov8n-cls.yaml`."""


class AnyNetwork(TorchModel):
    """The architecture that the command line names, from random weights."""

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(name="any-network", framework="timm", task_type="classification")

    @classmethod
    def get_config_schema(cls) -> ConfigSchema:
        return ConfigSchema.from_pydantic(TrainConfig)

    def build(self) -> nn.Module:
        return classifier(str(self.config["architecture"]), self.num_classes)


class PlainLogits(nn.Module):
    """Ultralytics' classifier, giving logits only: in its evaluating mode it gives a pair."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        outputs = self.network(images)
        return outputs[1] if isinstance(outputs, tuple) else outputs


def classifier(name: str, classes: int) -> nn.Module:
    """Build a classifier with random weights."""
    if not name.startswith(ULTRALYTICS):
        return timm.create_model(name, num_classes=classes)
    from ultralytics.nn.tasks import ClassificationModel  # an optional extra, slow to load

    return PlainLogits(ClassificationModel(name.removeprefix(ULTRALYTICS), nc=classes, verbose=False))
