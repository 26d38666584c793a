"""The adapter for timm's image classifiers: any architecture by name, with weights from several places."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Any, ClassVar

import timm
import torch
from pydantic import Field
from torch import Tensor, nn

from engine.checkpoints.read import start_from_weights, tensors_of
from engine.config.field import ConfigField
from engine.config.pretrained import PretrainedConfig
from engine.config.problems import nearest
from engine.config.schema import ConfigSchema
from engine.config.setting import Setting
from engine.config.train import TrainConfig
from engine.errors import PluginError, UserError
from engine.plugin.adapters.bundled_weights import bundled_file, bundled_weights
from engine.plugin.adapters.hub import quick_refusal_without_network
from engine.plugin.adapters.torch_model import TorchModel

DEFAULT = "tf_efficientnet_lite0"
_SMALL_STD = 0.01
_REFUSALS = (
    AssertionError,
    AttributeError,
    IndexError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What timm's networks raise for a size or a setting that they do not take."""


class TimmConfig(PretrainedConfig):
    """The settings of a training, and which of timm's networks."""

    architecture: Annotated[
        str, Setting(label="Architecture", group="model", help="One of timm's networks.")
    ] = DEFAULT
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
            PluginError: `architecture_unknown`, `architecture_no_classifier`, `image_size_unfit`,
                `weights_missing`, `weights_unreachable`.
        """
        name = self.architecture_name
        if not timm.is_model(name):
            close = nearest(name, timm.list_models())
            raise PluginError(
                "architecture_unknown",
                f"timm has no architecture {name!r}." + (f" Did you mean {close!r}?" if close else ""),
                "Search them with `lensmith plugins schema timm_classifier`.",
            )
        network = self._filled(self._create(pretrained=False))
        self._require_answers(network)
        data = timm.data.resolve_model_data_config(network)  # pyright: ignore[reportAttributeAccessIssue]  # timm exports it at run time
        self.input_mean, self.input_std = tuple(data["mean"]), tuple(data["std"])
        return network

    def backbone_parameters(self) -> Iterable[nn.Parameter]:
        """Everything but the classifier."""
        last = {id(p) for part in _classifiers(self.network) for p in part.parameters()}
        return [parameter for parameter in self.network.parameters() if id(parameter) not in last]

    @property
    def _source(self) -> str:
        """Where weights come from; a plugin's own schema may have a bool there."""
        wished = self.config.get("pretrained", "auto")
        return {True: "auto", False: "off", None: "off"}.get(wished, str(wished))

    def _filled(self, network: nn.Module) -> nn.Module:
        source = self._source
        if source == "file":
            start_head_small(network, self.start_from_file(network))
        elif source == "hub":
            return self._from_hub()
        elif source == "auto":
            return self._fill_automatically(network)
        return network

    def _create(self, *, pretrained: bool) -> nn.Module:
        name = self.architecture_name
        extra: dict[str, Any] = {}
        if self.config.get("drop_rate") is not None:
            # Also 0, or an architecture's own default would hold.
            extra["drop_rate"] = float(self.config["drop_rate"])
        known = timm.get_pretrained_cfg(name, allow_unregistered=True)
        if known is not None and known.fixed_input_size:
            # Transformers are made for one size; the others take any.
            extra["img_size"] = self.image_size
        try:
            return timm.create_model(name, pretrained=pretrained, num_classes=self.num_classes, **extra)
        except _REFUSALS as error:
            if pretrained:
                raise
            raise self._unfit(error) from error

    def _require_answers(self, network: nn.Module) -> None:
        """Ask the network once: many take only some sizes, and some are no classifiers."""
        was_training = network.training
        try:
            with torch.no_grad():
                outputs: object = network.eval()(torch.zeros(1, 3, self.image_size, self.image_size))
        except _REFUSALS as error:
            raise self._unfit(error) from error
        finally:
            network.train(was_training)
        if not isinstance(outputs, Tensor) or outputs.shape != (1, self.num_classes):
            raise PluginError(
                "architecture_no_classifier",
                f"timm's {self.architecture_name} does not answer with one number a class: it is no classifier.",
                "Choose another architecture.",
            )

    def _unfit(self, error: Exception) -> PluginError:
        known = timm.get_pretrained_cfg(self.architecture_name, allow_unregistered=True)
        made_for = f" It was made for image_size {known.input_size[-1]}." if known is not None else ""
        reason = f" ({type(error).__name__}: {str(error).splitlines()[0]})" if str(error) else ""
        return PluginError(
            "image_size_unfit",
            f"timm's {self.architecture_name} cannot work with images of {self.image_size} px{reason}.",
            f"Set another image_size, or another architecture.{made_for}",
        )

    def _fill_automatically(self, network: nn.Module) -> nn.Module:
        if bundled_file(self.architecture_name) is not None:
            own: dict[str, Tensor] = tensors_of(timm.create_model(self.architecture_name))
            weights = bundled_weights(self.architecture_name, own)
            start_head_small(network, start_from_weights(network, weights, "the bundled weights"))
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
            with quick_refusal_without_network():
                network = self._create(pretrained=True)
        except Exception as error:
            # timm and the hub's client raise many kinds: no network, no such weights, a damaged download.
            if isinstance(error, UserError):
                raise
            raise PluginError(
                "weights_unreachable",
                f"The weights of {self.architecture_name} could not be fetched from the hub ({type(error).__name__}).",
                "Connect to the internet, or set pretrained to file or off; tf_efficientnet_lite0 works offline.",
            ) from error
        known = timm.get_pretrained_cfg(self.architecture_name, allow_unregistered=True)
        if known is not None and known.num_classes != self.num_classes:
            start_head_small(network)
        return network


TimmModelAdapter = TimmModel


def start_head_small(network: nn.Module, fresh: Collection[str] | None = None) -> None:
    """Let a fresh classifier on a trained network begin near equal probabilities.

    Some architectures draw it from ±1/√classes: with ten classes the first loss is more than twice that of
    guessing, and its gradients spoil what the backbone knows.

    Args:
        network: with weights in its backbone.
        fresh: names of the tensors that no weights filled; None where the whole classifier is fresh.
    """
    names = {module: name for name, module in network.named_modules()}
    for part in _classifiers(network):
        for layer in part.modules():
            is_fresh = fresh is None or f"{names[layer]}.weight" in fresh
            if isinstance(layer, nn.Linear) and is_fresh:
                nn.init.normal_(layer.weight, std=_SMALL_STD)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)


def _classifiers(network: nn.Module) -> list[nn.Module]:
    get_classifier: Any = getattr(network, "get_classifier", None)
    head: Any = get_classifier() if get_classifier is not None else None
    parts: Iterable[Any] = head if isinstance(head, (tuple, list, nn.ModuleList)) else (head,)
    return [part for part in parts if isinstance(part, nn.Module)]


def _with_options(field: ConfigField) -> ConfigField:
    return field.model_copy(update={"type": "select", "options": timm.list_models()})
