"""The moving average of the weights, validated and saved in their place."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Ema:
    """`average = decay × average + (1 - decay) × weights`, after each optimizer step.

    The decay rises to its value with the steps (as in the original Inception training), so that the average of a
    short run is not its random start. Buffers (running statistics) are copied, not averaged.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._decay = decay
        self._averages: list[Tensor] = list(self.network.parameters())
        self._weights: list[Tensor] = list(network.parameters())
        self._buffers: dict[torch.dtype, tuple[list[Tensor], list[Tensor]]] = {}
        for copied, buffer in zip(self.network.buffers(), network.buffers(), strict=True):
            copies, buffers = self._buffers.setdefault(buffer.dtype, ([], []))
            copies.append(copied)
            buffers.append(buffer)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after optimizer step number `step`, counted from 1."""
        decay = min(self._decay, (1 + step) / (10 + step))
        get_ema_multi_avg_fn(decay)(self._averages, self._weights, None)
        for copies, buffers in self._buffers.values():
            # All of a kind at once: a GPU takes longer to be told of one than to copy it.
            torch._foreach_copy_(copies, buffers)  # pyright: ignore[reportPrivateImportUsage]  # torch's own averages use its like
