"""Where in a network the features of an image stand: layers that keep its places, and what the last layer reads."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

_MOST_PREFIX = 8
"""Tokens before those of the places: class, distillation, registers."""
_AXES_OF_MAP, _AXES_OF_TOKENS, _AXES_OF_ROWS = 4, 3, 2


def places_of(values: Tensor) -> Tensor | None:
    """Give the values of a layer as (N, C, h, w), whatever order they stand in; None where there are no places.

    Inputs are square, so that maps are too: the heads of an attention, (N, heads, tokens, width), are none.
    """
    if values.ndim == _AXES_OF_MAP:
        is_channels_last = values.shape[1] == values.shape[2] != values.shape[3]
        shaped = values.permute(0, 3, 1, 2) if is_channels_last else values
        height, width = shaped.shape[2:]
        return shaped if height == width > 1 else None
    if values.ndim == _AXES_OF_TOKENS:
        tokens = values.shape[1]
        side = math.isqrt(tokens)
        if side > 1 and tokens - side**2 <= _MOST_PREFIX:
            kept = values[:, tokens - side**2 :]
            return kept.transpose(1, 2).reshape(len(values), -1, side, side)
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Deepest:
    """The deepest layer of a network whose output is a map of the image."""

    layer: nn.Module
    has_tokens_behind: bool
    """Whether the network goes on with a list of tokens, which mix the places: a transformer."""


def deepest_map(network: nn.Module, pixels: Tensor, within: nn.Module | None = None) -> Deepest | None:
    """Look for the deepest layer that keeps the places of an image; None where none does.

    Args:
        network: in eval mode.
        pixels: inputs of it.
        within: the part of it that is looked at; None for all.
    """
    met: list[tuple[nn.Module, Tensor]] = []

    def look(module: nn.Module, _inputs: tuple[Any, ...], output: Tensor) -> None:
        if len(output) == len(pixels) and not isinstance(module, nn.Identity):
            met.append((module, output))

    with _watched(within or network, look), torch.no_grad():
        network(pixels)
    times = Counter(id(module) for module, _ in met)
    has_tokens = False
    for module, output in reversed(met):
        if places_of(output) is None:
            continue
        if output.ndim == _AXES_OF_TOKENS:
            has_tokens = has_tokens or isinstance(module, nn.LayerNorm)
        elif times[id(module)] == 1:  # a layer that is used twice has no one output
            return Deepest(module, has_tokens)
    return None


def features_of(network: nn.Module, pixels: Tensor, within: nn.Module | None = None) -> Tensor | None:
    """Give one row an image: what the last linear layer reads, else the mean of the deepest map; None without either.

    Args:
        network: in eval mode.
        pixels: (N, 3, S, S).
        within: the part of it that is looked at; None for all.
    """
    read: list[Tensor] = []
    maps: list[Tensor] = []

    def look(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        if len(output) != len(pixels):
            return
        if output.ndim == _AXES_OF_MAP and (shaped := places_of(output)) is not None:
            read.clear()  # what was read before, as by a gate of channels, is not the end
            maps.append(shaped)
        elif isinstance(module, nn.Linear | nn.Conv2d) and isinstance(inputs[0], Tensor):
            flat = inputs[0].flatten(1)
            if flat.shape[1] == inputs[0].shape[1]:
                read.append(flat)

    with _watched(within or network, look), torch.inference_mode():
        network(pixels)
    if read:
        return read[-1].float()
    if not maps:
        return None
    smallest = min(shaped.shape[2] * shaped.shape[3] for shaped in maps)
    deepest = [shaped for shaped in maps if shaped.shape[2] * shaped.shape[3] == smallest][-1]
    return deepest.float().mean(dim=(2, 3))


@contextmanager
def _watched(
    network: nn.Module, look: Callable[[nn.Module, tuple[Any, ...], Tensor], object]
) -> Iterator[None]:
    """Tell `look` of every call of a module that gives a tensor."""

    def hear(module: nn.Module, inputs: tuple[Any, ...], output: object) -> None:
        if isinstance(output, Tensor) and output.ndim >= _AXES_OF_ROWS:
            look(module, inputs, output)

    handles = [module.register_forward_hook(hear) for module in network.modules()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
