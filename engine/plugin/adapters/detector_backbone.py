"""Feature pyramids for detectors: any network of timm, or of torchvision by its layers' strides, with an FPN on top."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import timm
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names
from torchvision.ops import FeaturePyramidNetwork

from engine.config.problems import nearest
from engine.data.normalisation import IMAGENET_MEAN, IMAGENET_STD
from engine.errors import PluginError
from engine.plugin.adapters.timm_features import feature_body

TORCHVISION_PREFIX = "torchvision/"
_PROBE_SIDE = 128
_AXES_OF_MAPS = 4
_FINEST_STRIDE = 8
_COARSEST_OF_IMAGE = 4
"""Levels go on until a cell of the coarsest one is a quarter of the image."""
_REFUSALS = (AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One of the maps that a body gives."""

    position: int
    """Among them."""
    channels: int
    stride: int
    """Pixels of the image that a cell is wide."""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A network that gives feature maps, in a list or by name."""

    network: nn.Module
    levels: tuple[Level, ...]
    """The maps that a detector looks at: one for each stride of 8 and more, finest first."""
    mean: tuple[float, ...] = IMAGENET_MEAN
    """What its weights expect, for pixels from 0 to 1."""
    std: tuple[float, ...] = IMAGENET_STD


class Pyramid(nn.Module):
    """A body whose maps are brought to one width by a feature pyramid (Lin et al. 2017).

    Attributes:
        out_channels: width of all levels.
        strides: of the levels, pixels; those beyond the body's are made by halving the last one.
    """

    def __init__(self, body: Body, channels: int, image_size: int) -> None:
        super().__init__()
        self.body = body.network
        self.fpn = FeaturePyramidNetwork([level.channels for level in body.levels], channels)
        strides = [level.stride for level in body.levels]
        while strides[-1] * 2 <= image_size // _COARSEST_OF_IMAGE:
            strides.append(strides[-1] * 2)
        extra = len(strides) - len(body.levels)
        self.down = nn.ModuleList(nn.Conv2d(channels, channels, 3, 2, 1) for _ in range(extra))
        self.out_channels = channels
        self.strides = tuple(strides)
        self._positions = [level.position for level in body.levels]

    def forward(self, pixels: Tensor) -> OrderedDict[str, Tensor]:
        found = self.body(pixels)
        maps = list(found.values()) if isinstance(found, dict) else list(found)
        chosen = [maps[position] for position in self._positions]
        levels: OrderedDict[str, Tensor] = self.fpn(
            OrderedDict((str(number), level) for number, level in enumerate(chosen))
        )
        last = levels[str(len(chosen) - 1)]
        for down in self.down:
            last = down(last)
            levels[str(len(levels))] = last
        return levels


def make_body(name: str, source: str, notes: list[str]) -> Body:
    """Make a body with its weights.

    Args:
        name: one of timm's networks, or one of torchvision's after `torchvision/`.
        source: `auto` takes bundled weights, else timm's from the hub, else none; `hub`; anything else none.
        notes: gets a sentence where weights were wished and are not there.

    Raises:
        PluginError: `architecture_unknown`, `architecture_no_features`, `weights_missing`, `weights_unreachable`.
    """
    if not name.startswith(TORCHVISION_PREFIX):
        made = feature_body(name, source, notes)
        found = [
            Level(position, channels, stride)
            for position, (channels, stride) in enumerate(zip(made.channels, made.strides, strict=True))
        ]
        return Body(made.network, _levels(name, found), made.mean, made.std)
    if source == "hub":
        raise PluginError(
            "weights_missing",
            f"Weights of {name} are not fetched.",
            "Name the network without the prefix to take timm's, or set pretrained to file.",
        )
    if source == "auto":
        notes.append(f"{name} starts from chance, which needs more images and epochs.")
    return _torchvision_body(name)


def backbone_names() -> list[str]:
    """All names that `make_body` may be asked for; networks without maps of growing stride are refused by it."""
    return timm.list_models() + [f"{TORCHVISION_PREFIX}{name}" for name in _torchvision_names()]


def _torchvision_names() -> list[str]:
    return torchvision.models.list_models(module=torchvision.models)


def _torchvision_body(name: str) -> Body:
    own, known = name.removeprefix(TORCHVISION_PREFIX), _torchvision_names()
    if own not in known:
        close = nearest(own, known)
        raise PluginError(
            "architecture_unknown",
            f"torchvision has no network {own!r}." + (f" Did you mean {close!r}?" if close else ""),
            "Convolutional networks such as torchvision/resnet18 fit.",
        )
    try:
        network = torchvision.models.get_model_builder(own)(weights=None)
        nodes = _nodes(network)
    except _REFUSALS as error:
        raise _without_maps(name, f"{type(error).__name__}: {error}") from error
    levels = _levels(name, [level for _, level in nodes])
    chosen = {nodes[level.position][0]: str(number) for number, level in enumerate(levels)}
    body = create_feature_extractor(network, chosen)
    return Body(body, tuple(Level(n, level.channels, level.stride) for n, level in enumerate(levels)))


def _nodes(network: nn.Module) -> list[tuple[str, Level]]:
    """All layers of a network that give maps, found by looking at an image."""
    names = get_graph_node_names(network.eval())[1]
    probe = create_feature_extractor(network, names).eval()
    with torch.no_grad():
        maps = probe(torch.zeros(1, 3, _PROBE_SIDE, _PROBE_SIDE))
    found: list[tuple[str, Level]] = []
    for name in names:
        value = maps[name]
        # A single cell is what pooling leaves, which knows no place.
        if isinstance(value, Tensor) and value.ndim == _AXES_OF_MAPS and value.shape[-1] > 1:
            found.append((name, Level(len(found), value.shape[1], _PROBE_SIDE // value.shape[-1])))
    return found


def _levels(name: str, maps: Sequence[Level]) -> tuple[Level, ...]:
    # Of several maps with one stride, as transformers have them, the last knows most.
    last = {level.stride: level for level in maps if level.stride >= _FINEST_STRIDE}
    if not last:
        raise _without_maps(name, f"none has a stride of {_FINEST_STRIDE} or more")
    return tuple(last[stride] for stride in sorted(last))


def _without_maps(name: str, why: str) -> PluginError:
    return PluginError(
        "architecture_no_features",
        f"{name} gives no feature maps that a detector can use ({why}).",
        "Choose a convolutional network, such as tf_efficientnet_lite0 or resnet18.",
    )
