"""The adapter for timm's image classifiers: any architecture by name, with weights from several places."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

import timm
from pydantic import Field
from torch import Tensor, nn

from engine.checkpoints.read import start_from_weights, tensors_of
from engine.config.field import ConfigField
from engine.config.problems import nearest
from engine.config.schema import ConfigSchema
from engine.config.setting import Setting
from engine.config.train import TrainConfig
from engine.errors import PluginError, UserError
from engine.plugin.adapters.bundled_weights import bundled_file, bundled_weights
from engine.plugin.adapters.torch_model import TorchModel

DEFAULT = "tf_efficientnet_lite0"


class TimmConfig(TrainConfig):
    """The settings of a training, and which of timm's networks."""

    architecture: Annotated[
        str, Setting(label="Architecture", group="model", help="One of timm's networks.")
    ] = DEFAULT
    pretrained: Annotated[
        Literal["auto", "hub", "file", "off"],
        Setting(
            label="Pretrained",
            group="model",
            help="Where weights come from: auto takes those that Lensmith brings, else the hub, else none; "
            "hub downloads them; file reads a file; off starts from chance.",
        ),
    ] = "auto"
    pretrained_path: Annotated[
        str | None,
        Setting(
            label="Weights file",
            group="model",
            help="A .safetensors, .pt or .pth file, a run, or a checkpoint folder.",
            visible_when={"pretrained": ["file"]},
        ),
    ] = None
    drop_rate: Annotated[
        float,
        Field(ge=0, le=0.9),
        Setting(
            label="Dropout",
            group="model",
            help="Share of features left out before the classifier.",
            advanced=True,
        ),
    ] = 0.0


class TimmModel(TorchModel):
    """A timm classifier. A plugin may fix `architecture`; else it is a setting with all of timm's names."""

    Config: ClassVar[type[TrainConfig]] = TimmConfig
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

    @property
    def architecture_name(self) -> str:
        """The architecture in use; `model_name` is accepted as another name of the setting."""
        named = self.architecture or self.config.get("architecture") or self.config.get("model_name")
        return str(named or DEFAULT)

    def build(self) -> nn.Module:
        """Make the network, and fill it with the weights that the settings ask for.

        Raises:
            PluginError: `architecture_unknown`, `weights_missing`, `weights_unreachable`.
        """
        name = self.architecture_name
        if not timm.is_model(name):
            close = nearest(name, timm.list_models())
            raise PluginError(
                "architecture_unknown",
                f"timm has no architecture {name!r}." + (f" Did you mean {close!r}?" if close else ""),
                "Search them with `lensmith plugins schema timm_classifier`.",
            )
        network = self._create(pretrained=False)
        source = str(self.config.get("pretrained", "auto"))
        if source == "auto":
            network = self._fill_automatically(network)
        elif source == "hub":
            network = self._from_hub()
        elif source == "file":
            self.start_from_file(network)
        data = timm.data.resolve_model_data_config(network)  # pyright: ignore[reportAttributeAccessIssue]  # timm exports it at run time
        self.input_mean, self.input_std = tuple(data["mean"]), tuple(data["std"])
        return network

    def backbone_parameters(self) -> Iterable[nn.Parameter]:
        """Everything but the classifier."""
        get_classifier: Any = getattr(self.network, "get_classifier", None)
        head: Any = get_classifier() if get_classifier is not None else None
        parts: Iterable[Any] = head if isinstance(head, (tuple, list)) else (head,)
        last = {id(p) for part in parts if isinstance(part, nn.Module) for p in part.parameters()}
        return [parameter for parameter in self.network.parameters() if id(parameter) not in last]

    def _create(self, *, pretrained: bool, num_classes: int | None = None) -> nn.Module:
        name = self.architecture_name
        extra: dict[str, Any] = {}
        if "drop_rate" in self.config:
            extra["drop_rate"] = float(self.config["drop_rate"])
        known = timm.get_pretrained_cfg(name, allow_unregistered=True)
        if known is not None and known.fixed_input_size:
            # Transformers are made for one size; the others take any.
            extra["img_size"] = self.image_size
        return timm.create_model(
            name, pretrained=pretrained, num_classes=num_classes or self.num_classes, **extra
        )

    def _fill_automatically(self, network: nn.Module) -> nn.Module:
        if bundled_file(self.architecture_name) is not None:
            own: dict[str, Tensor] = tensors_of(timm.create_model(self.architecture_name))
            weights = bundled_weights(self.architecture_name, own)
            start_from_weights(network, weights, "the bundled weights")
            return network
        known = timm.get_pretrained_cfg(self.architecture_name, allow_unregistered=True)
        if known is None or not known.has_weights:
            self.notes.append(
                f"There are no pretrained weights for {self.architecture_name}: it starts from chance."
            )
            return network
        try:
            return self._from_hub()
        except PluginError as error:
            self.notes.append(
                f"{error.message} The training starts from chance, which needs more images and epochs."
            )
            return network

    def _from_hub(self) -> nn.Module:
        try:
            return self._create(pretrained=True)
        except Exception as error:
            # timm and the hub's client raise many kinds: no network, no such weights, a damaged download.
            if isinstance(error, UserError):
                raise
            raise PluginError(
                "weights_unreachable",
                f"The weights of {self.architecture_name} could not be fetched from the hub ({type(error).__name__}).",
                "Connect to the internet, or set pretrained to file or off; tf_efficientnet_lite0 works offline.",
            ) from error


TimmModelAdapter = TimmModel


def _with_options(field: ConfigField) -> ConfigField:
    return field.model_copy(update={"type": "select", "options": timm.list_models()})
