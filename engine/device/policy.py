"""How one step computes: the port that training talks to, and its form for a single device."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from engine.data.normalisation import normalise
from engine.device.resolved import Resolved

_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


class DevicePolicy(Protocol):
    """Where and in which precision a network computes, and how gradients become a step."""

    @property
    def device(self) -> torch.device: ...

    @property
    def resolved(self) -> Resolved: ...

    def place(self, network: nn.Module) -> None:
        """Move a network to the device, in its memory order, in place."""
        ...

    def forward_of(self, network: nn.Module, optimizer: Optimizer, batch_size: int) -> Callable[..., Any]:
        """What to call for the network's outputs in training (compiled or wrapped, sharing its weights).

        Args:
            network: placed already.
            optimizer: of its parameters.
            batch_size: images of a whole batch; the last one of an epoch may have fewer.
        """
        ...

    def to_input(self, images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
        """Turn uint8 (N, H, W, 3) into normalised float (N, 3, H, W) on the device, without waiting for it."""
        ...

    def autocast(self) -> AbstractContextManager[object]:
        """The context of a forward pass."""
        ...

    def backward(self, loss: Tensor) -> None: ...

    def step(self, optimizer: Optimizer, parameters: Iterable[Tensor], clip_norm: float | None) -> None:
        """Clip, step and forget the gradients."""
        ...

    def state_dict(self) -> dict[str, object]: ...

    def load_state_dict(self, state: Mapping[str, object]) -> None: ...


class SingleDevice:
    """One CPU or one GPU, without any framework between. Implements `DevicePolicy`."""

    def __init__(self, device: torch.device, resolved: Resolved) -> None:
        self.device = device
        self.resolved = resolved
        self._memory_format = torch.channels_last if resolved.channels_last else torch.contiguous_format
        self._dtype = _AUTOCAST.get(resolved.precision)
        self._scaler = (
            torch.amp.GradScaler(device.type, enabled=True) if resolved.precision == "fp16" else None
        )

    def place(self, network: nn.Module) -> None:
        network.to(self.device)
        # Networks of other than 4-dimensional weights keep those as they are.
        cast("Any", network).to(memory_format=self._memory_format)

    def forward_of(self, network: nn.Module, optimizer: Optimizer, batch_size: int) -> Callable[..., Any]:
        del optimizer
        if not self.resolved.compile:
            return network
        compiled = torch.compile(network, dynamic=False)

        def forward(images: Tensor, *targets: object) -> object:
            # An incomplete batch would be compiled for anew, which takes longer than it ever gains.
            return (compiled if len(images) == batch_size else network)(images, *targets)

        return forward

    def to_input(self, images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
        there = images.to(self.device, non_blocking=True)
        return normalise(there, mean, std, memory_format=self._memory_format)

    def autocast(self) -> AbstractContextManager[object]:
        return nullcontext() if self._dtype is None else torch.autocast(self.device.type, dtype=self._dtype)

    def backward(self, loss: Tensor) -> None:
        (loss if self._scaler is None else self._scaler.scale(loss)).backward()

    def step(self, optimizer: Optimizer, parameters: Iterable[Tensor], clip_norm: float | None) -> None:
        if clip_norm is not None:
            if self._scaler is not None:
                self._scaler.unscale_(optimizer)
            # An overflow in fp16 is the scaler's to handle: it leaves that step out.
            nn.utils.clip_grad_norm_(parameters, clip_norm, error_if_nonfinite=False)
        if self._scaler is None:
            optimizer.step()
        else:
            self._scaler.step(optimizer)
            self._scaler.update()
        optimizer.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, object]:
        return {} if self._scaler is None else {"scaler": self._scaler.state_dict()}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        if self._scaler is not None and "scaler" in state:
            self._scaler.load_state_dict(cast("dict[str, Any]", state["scaler"]))
