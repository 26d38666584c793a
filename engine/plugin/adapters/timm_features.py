"""timm's networks as bodies that give feature maps of growing stride, with weights from several places."""

from __future__ import annotations

from typing import Any

import timm
from torch import Tensor, nn

from engine.checkpoints.read import start_from_weights, tensors_of
from engine.config.problems import nearest
from engine.errors import PluginError, UserError
from engine.plugin.adapters.bundled_weights import bundled_file, bundled_weights
from engine.plugin.adapters.hub import quick_refusal_without_network

_REFUSALS = (
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What timm raises for an architecture without feature maps."""


class FeatureBody:
    """A network for feature maps.

    Attributes:
        network: gives a list of maps (N, C, H, W), finest first.
        channels, strides: of the maps.
        mean, std: what its weights expect, for pixels from 0 to 1.
    """

    def __init__(self, name: str, *, pretrained: bool = False) -> None:
        if not timm.is_model(name):
            close = nearest(name, timm.list_models())
            raise PluginError(
                "architecture_unknown",
                f"timm has no architecture {name!r}." + (f" Did you mean {close!r}?" if close else ""),
                "Convolutional networks such as tf_efficientnet_lite0 or resnet18 fit.",
            )
        try:
            network: Any = timm.create_model(name, features_only=True, pretrained=pretrained)
            self.channels: tuple[int, ...] = tuple(network.feature_info.channels())
            self.strides: tuple[int, ...] = tuple(network.feature_info.reduction())
            if list(self.strides) != sorted(set(self.strides)):
                raise ValueError("all of its maps have one size")
        except _REFUSALS as error:
            if pretrained:
                raise
            raise PluginError(
                "architecture_no_features",
                f"timm's {name} gives no feature maps ({type(error).__name__}: {error}).",
                "Choose a convolutional network, such as tf_efficientnet_lite0 or resnet18.",
            ) from error
        self.network: nn.Module = network
        data = timm.data.resolve_model_data_config(network)  # pyright: ignore[reportAttributeAccessIssue]  # timm exports it at run time
        self.mean: tuple[float, ...] = tuple(data["mean"])
        self.std: tuple[float, ...] = tuple(data["std"])


def feature_body(name: str, source: str, notes: list[str]) -> FeatureBody:
    """Make a body with its weights.

    Args:
        name: of one of timm's networks.
        source: `auto` takes bundled weights, else the hub's, else none; `hub`; anything else none.
        notes: gets a sentence where weights were wished and are not there.

    Raises:
        PluginError: `architecture_unknown`, `architecture_no_features`, `weights_unreachable`.
    """
    body = FeatureBody(name)
    if source == "auto" and bundled_file(name) is not None:
        own: dict[str, Tensor] = tensors_of(timm.create_model(name))
        start_from_weights(body.network, bundled_weights(name, own), "the bundled weights")
        return body
    if source == "hub":
        return _from_hub(name)
    if source == "auto":
        try:
            return _from_hub(name)
        except PluginError as error:
            notes.append(
                f"{error.message} The training starts from chance, which needs more images and epochs."
            )
    return body


def _from_hub(name: str) -> FeatureBody:
    try:
        with quick_refusal_without_network():
            return FeatureBody(name, pretrained=True)
    except Exception as error:
        # timm and the hub's client raise many kinds: no network, no such weights, a damaged download.
        if isinstance(error, UserError):
            raise
        raise PluginError(
            "weights_unreachable",
            f"The weights of {name} could not be fetched from the hub ({type(error).__name__}).",
            "Connect to the internet, or set pretrained to file or off; tf_efficientnet_lite0 works offline.",
        ) from error
