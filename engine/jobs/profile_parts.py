"""Times the parts of a training step while it runs as always: the policy that steps talk to is watched."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.profiler import record_function

from engine.device.policy import DevicePolicy
from engine.device.resolved import Resolved
from engine.protocol.profile import Part

MARK: Final = "lensmith: "
"""Begins the names under which the parts stand in a trace."""


class PartWatch:
    """Adds up how long each part takes: on a GPU by its own clock, without making anything wait."""

    def __init__(self, device: torch.device) -> None:
        self._is_gpu = device.type == "cuda"
        self._seconds: defaultdict[Part, float] = defaultdict(float)
        self._events: list[tuple[Part, torch.cuda.Event, torch.cuda.Event]] = []

    @contextmanager
    def part(self, name: Part) -> Generator[None]:
        """Count the block to a part."""
        with record_function(f"{MARK}{name}"):
            if self._is_gpu:
                first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
                first.record()
                yield
                last.record()
                self._events.append((name, first, last))
                return
            began = time.perf_counter()
            yield
            self._seconds[name] += time.perf_counter() - began

    @contextmanager
    def marked(self, name: Part) -> Generator[None]:
        """Let the block stand in a trace; its time is taken by the caller."""
        with record_function(f"{MARK}{name}"):
            yield

    def take(self) -> dict[Part, float]:
        """Give the seconds of each part since the last call. The device must have done all it was told."""
        for name, first, last in self._events:
            self._seconds[name] += first.elapsed_time(last) / 1000
        self._events.clear()
        taken = dict(self._seconds)
        self._seconds.clear()
        return taken


class WatchedPolicy:
    """Computes as the policy inside, and tells the watch which part it is at. Implements `DevicePolicy`."""

    def __init__(self, policy: DevicePolicy, watch: PartWatch) -> None:
        self._policy = policy
        self._watch = watch

    @property
    def device(self) -> torch.device:
        return self._policy.device

    @property
    def resolved(self) -> Resolved:
        return self._policy.resolved

    def place(self, network: nn.Module) -> None:
        self._policy.place(network)

    def forward_of(self, network: nn.Module, optimizer: Optimizer, batch_size: int) -> Callable[..., Any]:
        return self._policy.forward_of(network, optimizer, batch_size)

    def to_input(self, images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
        with self._watch.part("copy"):
            return self._policy.to_input(images, mean, std)

    def autocast(self) -> AbstractContextManager[object]:
        """What is computed in it is the forward part: the network and its loss."""
        return self._forward()

    @contextmanager
    def _forward(self) -> Generator[None]:
        with self._watch.part("forward"), self._policy.autocast():
            yield

    def backward(self, loss: Tensor) -> None:
        with self._watch.part("backward"):
            self._policy.backward(loss)

    def step(self, optimizer: Optimizer, parameters: Iterable[Tensor], clip_norm: float | None) -> None:
        with self._watch.part("optimizer"):
            self._policy.step(optimizer, parameters, clip_norm)

    def state_dict(self) -> dict[str, object]:
        return self._policy.state_dict()

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        self._policy.load_state_dict(state)
