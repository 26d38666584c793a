"""The adapter for semantic segmentation with any of timm's networks of feature maps, under a U-Net decoder."""

from __future__ import annotations

from typing import Annotated, ClassVar

import timm
from pydantic import Field
from torch import nn

from engine.config.field import ConfigField
from engine.config.pretrained import PretrainedConfig
from engine.config.schema import ConfigSchema
from engine.config.setting import Setting
from engine.config.train import TrainConfig
from engine.plugin.adapters.timm_features import feature_body
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.adapters.unet_network import UNet

DEFAULT = "tf_efficientnet_lite0"


class TimmSegmenterConfig(PretrainedConfig):
    """The settings of a training, and which network."""

    architecture: Annotated[
        str,
        Setting(label="Backbone", group="model", help="One of timm's networks that gives feature maps."),
    ] = DEFAULT
    decoder_width: Annotated[
        int,
        Field(ge=32, le=1024),
        Setting(
            label="Decoder width",
            group="model",
            unit="channels",
            step=32,
            help="Channels of the decoder's coarsest step; finer ones have fewer.",
            advanced=True,
        ),
    ] = 128


class TimmSegmenter(TorchModel):
    """A U-Net on a timm network. A plugin may fix `architecture`; else it is a setting."""

    Config: ClassVar[type[TrainConfig]] = TimmSegmenterConfig
    architecture: ClassVar[str | None] = None
    """Set by a plugin that is about one architecture."""

    @classmethod
    def get_config_schema(cls) -> ConfigSchema:
        """As TorchModel's, with the architectures as options."""
        schema = super().get_config_schema()
        fields = [
            _with_options(field) if field.name == "architecture" else field
            for field in schema.fields
            if field.name != "architecture" or cls.architecture is None
        ]
        return schema.model_copy(update={"fields": fields})

    def build(self) -> nn.Module:
        """Make the network, and fill it with the weights that the settings ask for.

        Raises:
            PluginError: `architecture_unknown`, `architecture_no_features`, `weights_missing`, `weights_unreachable`.
        """
        name = str(self.architecture or self.config.get("architecture") or DEFAULT)
        source = str(self.config.get("pretrained", "auto"))
        body = feature_body(name, source, self.notes)
        self.input_mean, self.input_std = body.mean, body.std
        width = int(self.config.get("decoder_width", TimmSegmenterConfig().decoder_width))
        network = UNet(body.network, body.channels, self.num_classes, width)
        if source == "file":
            self.start_from_file(network)
        return network

    def backbone(self) -> nn.Module:
        return self.network.get_submodule("body")


def _with_options(field: ConfigField) -> ConfigField:
    return field.model_copy(update={"type": "select", "options": timm.list_models()})
