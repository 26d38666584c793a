"""The adapter for Ultralytics' classifiers: its networks, trained by the engine's own loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, cast

from torch import nn

from engine.config.pretrained import PretrainedConfig
from engine.config.schema import ConfigSchema
from engine.config.setting import Setting
from engine.config.train import TrainConfig
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.adapters.ultralytics_networks import CLASSIFIERS, YoloClassifier, make_yolo
from engine.plugin.adapters.ultralytics_weights import fill


class UltralyticsClassifierConfig(PretrainedConfig):
    """The settings of a training, and which network."""

    architecture: Annotated[
        str,
        Setting(label="Architecture", group="model", help="n is the smallest of a family, x the largest."),
    ] = CLASSIFIERS[0]


class UltralyticsClassifier(TorchModel):
    """A YOLO classifier. A plugin may fix `architecture`; else it is a setting."""

    Config: ClassVar[type[TrainConfig]] = UltralyticsClassifierConfig
    architecture: ClassVar[str | None] = None
    """Set by a plugin that is about one network."""
    input_mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    input_std: tuple[float, ...] = (1.0, 1.0, 1.0)

    @classmethod
    def get_config_schema(cls) -> ConfigSchema:
        """As TorchModel's, with the networks as options."""
        schema = super().get_config_schema()
        fields = [
            field.model_copy(update={"type": "select", "options": list(CLASSIFIERS)})
            if field.name == "architecture"
            else field
            for field in schema.fields
            if field.name != "architecture" or cls.architecture is None
        ]
        return schema.model_copy(update={"fields": fields})

    def build(self) -> nn.Module:
        """Make the network, and fill it with the weights that the settings ask for.

        Raises:
            UserError: `feature_missing` without Ultralytics; PluginError: `architecture_unknown`,
                `weights_missing`, `weights_unreachable`.
        """
        named = self.architecture or str(self.config.get("architecture") or CLASSIFIERS[0])
        yolo = make_yolo(named, self.num_classes)
        path = self.config.get("pretrained_path")
        fill(yolo, named, str(self.config.get("pretrained", "auto")), path, self.notes)
        return YoloClassifier(yolo)

    def backbone_parameters(self) -> Iterable[nn.Parameter]:
        """Everything but the last layer, which tells the classes."""
        yolo: Any = cast("YoloClassifier", self.network).yolo
        return [parameter for layer in yolo.model[:-1] for parameter in layer.parameters()]
