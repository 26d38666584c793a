"""Feature pyramids for detectors: any network of timm, or of torchvision by its layers' strides, with an FPN on top."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import timm
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names
from torchvision.ops import FeaturePyramidNetwork

from engine.config.problems import nearest
from engine.errors import PluginError

TORCHVISION_PREFIX = "torchvision/"
_PROBE_SIDE = 128
_FINEST_STRIDE = 8
_COARSEST_OF_IMAGE = 4
"""Levels go on until a cell of the coarsest one is a quarter of the image."""
_REFUSALS = (AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError, ValueError)


class Pyramid(nn.Module):
    """A body that gives feature maps of growing stride, brought to one width by a feature pyramid (Lin et al. 2017).

    Attributes:
        out_channels: width of all levels.
        strides: of the levels, pixels; those beyond the body's are made by halving the last one.
    """

    def __init__(self, body: nn.Module, levels: Sequence[tuple[int, int]], channels: int, extra: int) -> None:
        super().__init__()
        self.body = body
        self.fpn = FeaturePyramidNetwork([width for width, _ in levels], channels)
        self.down = nn.ModuleList(nn.Conv2d(channels, channels, 3, 2, 1) for _ in range(extra))
        self.out_channels = channels
        last = levels[-1][1]
        self.strides = tuple(stride for _, stride in levels) + tuple(last * 2**n for n in range(1, extra + 1))

    def forward(self, pixels: Tensor) -> OrderedDict[str, Tensor]:
        found = self.body(pixels)
        maps = list(found.values()) if isinstance(found, dict) else list(found)
        levels: OrderedDict[str, Tensor] = self.fpn(
            OrderedDict((str(n), level) for n, level in enumerate(maps))
        )
        last = levels[str(len(maps) - 1)]
        for extra in self.down:
            last = extra(last)
            levels[str(len(levels))] = last
        return levels


def make_body(name: str, *, pretrained: bool = False) -> tuple[nn.Module, list[tuple[int, int]]]:
    """Make a network that gives its feature maps of stride 8 and more, finest first.

    Args:
        name: one of timm's, or one of torchvision's after `torchvision/`.
        pretrained: let timm fetch its weights.

    Returns:
        The network, and (channels, stride) of each map.

    Raises:
        PluginError: `backbone_unknown`, `backbone_unfit`.
    """
    try:
        if name.startswith(TORCHVISION_PREFIX):
            return _torchvision_body(name.removeprefix(TORCHVISION_PREFIX))
        return _timm_body(name, pretrained=pretrained)
    except _REFUSALS as error:
        raise PluginError(
            "backbone_unfit",
            f"{name} gives no feature maps of growing stride ({type(error).__name__}: {error}).",
            "Choose a convolutional network, such as resnet18 or tf_efficientnet_lite0.",
        ) from error


def backbone_names() -> list[str]:
    """All names of networks that `make_body` may be asked for; those without growing strides are refused by it."""
    return timm.list_models() + [f"{TORCHVISION_PREFIX}{name}" for name in _torchvision_names()]


def _torchvision_names() -> list[str]:
    return torchvision.models.list_models(module=torchvision.models)


def extra_levels(levels: Sequence[tuple[int, int]], image_size: int) -> int:
    """How often the last level is halved, so that objects of the image's own size have a level."""
    stride, count = levels[-1][1], 0
    while stride * 2 <= image_size // _COARSEST_OF_IMAGE:
        stride, count = stride * 2, count + 1
    return count


def _timm_body(name: str, *, pretrained: bool) -> tuple[nn.Module, list[tuple[int, int]]]:
    if not timm.is_model(name):
        raise _unknown(name, timm.list_models())
    whole: Any = timm.create_model(name, features_only=True)
    # Of several maps with one stride, as transformers have them, the last knows most.
    last = {stride: n for n, stride in enumerate(whole.feature_info.reduction())}
    wanted = [last[stride] for stride in sorted(last) if stride >= _FINEST_STRIDE]
    body: Any = timm.create_model(name, features_only=True, out_indices=wanted, pretrained=pretrained)
    info = body.feature_info
    return body, list(zip(info.channels(), info.reduction(), strict=True))


def _torchvision_body(name: str) -> tuple[nn.Module, list[tuple[int, int]]]:
    known = _torchvision_names()
    if name not in known:
        raise _unknown(name, known)
    network = torchvision.models.get_model_builder(name)(weights=None)
    nodes = _last_node_of_each_stride(network)
    body = create_feature_extractor(network, {node: str(n) for n, (node, _, _) in enumerate(nodes)})
    return body, [(width, stride) for _, width, stride in nodes]


def _last_node_of_each_stride(network: nn.Module) -> list[tuple[str, int, int]]:
    """Find (layer, channels, stride) of the last map at each stride, by looking at an image."""
    names = get_graph_node_names(network.eval())[1]
    probe = create_feature_extractor(network, names).eval()
    with torch.no_grad():
        maps = probe(torch.zeros(1, 3, _PROBE_SIDE, _PROBE_SIDE))
    found: dict[int, tuple[str, int, int]] = {}
    for name in names:
        value = maps[name]
        if isinstance(value, Tensor) and value.ndim == 4 and value.shape[-1] > 1:  # N, C, H, W
            stride = _PROBE_SIDE // value.shape[-1]
            if stride >= _FINEST_STRIDE:
                found[stride] = (name, value.shape[1], stride)
    if not found:
        raise ValueError("no layer shrinks the image by 8 or more")
    return [found[stride] for stride in sorted(found)]


def _unknown(name: str, known: Sequence[str]) -> PluginError:
    close = nearest(name, list(known))
    return PluginError(
        "backbone_unknown",
        f"There is no backbone {name!r}." + (f" Did you mean {close!r}?" if close else ""),
        f"Give a network of timm, or one of torchvision after {TORCHVISION_PREFIX!r}.",
    )
