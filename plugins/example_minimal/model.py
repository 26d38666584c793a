"""The smallest plugin: say who the model is, and build its network. Everything else is the engine's."""

from __future__ import annotations

from torch import nn

from engine.plugin import ModelMetadata, TorchModel


class ExampleMinimal(TorchModel):
    """Four blocks of convolutions, trained from scratch."""

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(
            name="example-minimal",
            author="Lensmith",
            framework="pytorch",
            task_type="classification",
            description="A small network to begin from; learns simple pictures in a minute on a CPU.",
            tags=["example", "small", "cpu"],
            licence="Apache-2.0",
        )

    def build(self) -> nn.Module:
        layers: list[nn.Module] = []
        channels = 3
        for width in (16, 32, 64, 128):
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)]
            layers += [nn.ReLU(), nn.MaxPool2d(2)]
            channels = width
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, self.num_classes)]
        return nn.Sequential(*layers, *head)
