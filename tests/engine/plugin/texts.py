"""Plugins as an author would write them, good and broken, to be written into a folder of a test."""

from __future__ import annotations

from pathlib import Path

from engine.plugin.discovery import PluginSource, source_at

METADATA = """
    @classmethod
    def get_metadata(cls):
        return ModelMetadata(
            name="{name}",
            framework="{framework}",
            task_type="classification",
            tags=["{tag}"],
        )
"""

SCHEMA = """
    @classmethod
    def get_config_schema(cls):
        return ConfigSchema(fields=[ConfigField(name="depth", type="int", default=2, min=1, max=9)])
"""

METHODS = """
    def __init__(self, config):
        self.config = config

    def train(self, train_loader, val_loader=None, callbacks=None):
        pass

    def validate(self, val_loader):
        return {"accuracy": 0.5}

    def infer(self, image_or_batch):
        return None

    def save_checkpoint(self, path, epoch, metrics):
        pass

    def load_checkpoint(self, path):
        pass

    def export(self, path, format, **kwargs):
        raise NotImplementedError
"""

IMPORTS = "from engine.plugin import BaseModel, ConfigField, ConfigSchema, ModelMetadata\n"


def model_class(
    name: str, class_name: str = "Model", framework: str = "custom", tag: str = "small", schema: str = SCHEMA
) -> str:
    """Write a class with all nine methods that does nothing."""
    about = METADATA.format(name=name, framework=framework, tag=tag)
    return f"\n\nclass {class_name}(BaseModel):{about}{schema}{METHODS}"


def plugin_text(name: str, **parts: str) -> str:
    """Write a plugin of one model that does nothing."""
    return IMPORTS + model_class(name, **parts)


def write_plugin(folder: Path, files: dict[str, str] | str) -> PluginSource:
    """Write a plugin's files (a text alone is its model.py) into a folder and find it there."""
    for name, text in ({"model.py": files} if isinstance(files, str) else files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return source_at(folder)


def line_of(source: PluginSource, text: str, file: str = "model.py") -> int:
    """Give the number of the only line that holds a text."""
    lines = (source.folder / file).read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, start=1) if text in line]
    return number


FULL_CONTROL = '''"""A ResNet of the author's own, small: convolutions with an attention that can be switched on."""

from __future__ import annotations

import torch
from torch import nn

from engine.plugin import BaseModel, ConfigField, ConfigSchema, ModelMetadata

LAYERS = ["layer1", "layer2", "layer3", "layer4"]


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, channels, 1), nn.Sigmoid())

    def forward(self, x):
        return x * self.gate(x)


class MyCustomResNet(BaseModel):
    """Custom ResNet with my special sauce."""

    @classmethod
    def get_metadata(cls):
        return ModelMetadata(
            name="my-custom-resnet50",
            version="1.0.0",
            author="John Doe",
            framework="pytorch",
            task_type="classification",
            description="ResNet50 with custom attention mechanism",
            tags=["resnet", "attention", "classification"],
            min_gpu_memory_gb=4.0,
            recommended_batch_size=32,
            supported_image_sizes=[32, 64],
        )

    @classmethod
    def get_config_schema(cls):
        return ConfigSchema(
            fields=[
                ConfigField(
                    name="optimizer_type",
                    type="select",
                    default="adam",
                    options=["adam", "sgd", "adamw"],
                    description="Optimizer to use",
                    group="optimizer",
                ),
                ConfigField(name="learning_rate", type="float", default=1e-3, min=1e-6, max=1.0, group="optimizer"),
                ConfigField(name="weight_decay", type="float", default=1e-4, min=0.0, max=1e-2, advanced=True),
                ConfigField(
                    name="scheduler_type", type="select", default="cosine", options=["cosine", "step", "exponential"]
                ),
                ConfigField(name="warmup_epochs", type="int", default=5, min=0, max=50, group="scheduler"),
                ConfigField(name="use_mixup", type="bool", default=False, group="augmentation", advanced=True),
                ConfigField(name="mixup_alpha", type="float", default=0.2, min=0.0, max=1.0, group="augmentation"),
                ConfigField(
                    name="attention_layers", type="multiselect", default=["layer3", "layer4"], options=LAYERS
                ),
                ConfigField(name="dropout_rate", type="float", default=0.1, min=0.0, max=0.9, group="model"),
            ],
            presets={
                "easy": {"optimizer_type": "adam", "learning_rate": 1e-3, "use_mixup": False},
                "medium": {"optimizer_type": "adamw", "learning_rate": 5e-4, "use_mixup": True, "mixup_alpha": 0.2},
                "advanced": {"optimizer_type": "adamw", "weight_decay": 5e-4, "epochs": 40, "dropout_rate": 0.2},
            },
        )

    def __init__(self, config):
        self.config = config
        layers = []
        channels = 3
        for name in LAYERS:
            layers += [nn.Conv2d(channels, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU()]
            if name in config["attention_layers"]:
                layers.append(Attention(8))
            channels = 8
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(config["dropout_rate"])]
        self.model = nn.Sequential(*layers, *head, nn.Linear(8, config["num_classes"]))
        self.optimizer = self._build_optimizer()

    def _build_optimizer(self):
        kinds = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}
        rate, decay = self.config["learning_rate"], self.config["weight_decay"]
        return kinds[self.config["optimizer_type"]](self.model.parameters(), lr=rate, weight_decay=decay)

    def train(self, train_loader, val_loader=None, callbacks=None):
        for epoch in range(self.config["epochs"]):
            self.model.train()
            for images, labels in train_loader:
                loss = nn.functional.cross_entropy(self.model(images), labels)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
            if callbacks and callbacks.on_epoch_end:
                callbacks.on_epoch_end(epoch, {"loss": float(loss)})

    def validate(self, val_loader):
        right = seen = 0
        self.model.eval()
        with torch.no_grad():
            for images, labels in val_loader:
                right += int((self.model(images).argmax(1) == labels).sum())
                seen += len(labels)
        return {"accuracy": right / seen}

    def infer(self, image_or_batch):
        self.model.eval()
        with torch.no_grad():
            output = self.model(image_or_batch)
        return output

    def save_checkpoint(self, path, epoch, metrics):
        torch.save({"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}, path)

    def load_checkpoint(self, path):
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])

    def export(self, path, format, **kwargs):
        raise NotImplementedError(format)
'''
"""A whole model with a loop of its own: select, multiselect, bool and bounded numbers, three presets."""
