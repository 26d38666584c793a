"""Which precision and memory order are fastest here: a few timed steps of each, on a copy of the network."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from engine.device.policy import SingleDevice
from engine.device.randomness import untouched_randomness
from engine.device.resolved import ChosenPrecision, Resolved

FEWEST_STEPS = 50
"""A training of fewer optimizer steps than this is over before a probe would pay."""
_BUDGET_S = 5.0
_TIMES = 2
_STEPS_A_TIME = {"cpu": 1}
_STEPS_A_TIME_ELSEWHERE = 5
"""A GPU is told of the next step while it computes: only several in a row take as long as in the training."""
_LARGEST_BATCH_ON_CPU = 8
_GAIN = {True: 1.1, False: 1.05}
"""How much faster a candidate must be: more where it also gives up precision."""


@dataclass(frozen=True, slots=True, eq=False)
class ProbeSubject:
    """What is timed: forward and backward of `network` on a batch like the run's."""

    network: nn.Module
    images: Tensor
    """uint8 (N, H, W, 3)."""
    targets: Tensor
    loss: Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for."""

    precision: str = "auto"
    channels_last: str = "auto"
    compile: bool = False


def candidates(wish: Wish, device: torch.device) -> list[Resolved]:
    """List what may be chosen, the plainest first."""
    precisions = [wish.precision] if wish.precision != "auto" else _precisions_of(device)
    orders = {"on": [True], "off": [False]}.get(wish.channels_last, [False, True])
    plain = Resolved(device_type=device.type, compile=wish.compile)
    return [
        plain.model_copy(update={"precision": precision, "channels_last": order})
        for precision in precisions
        for order in orders
    ]


def choose_fastest(
    subject: ProbeSubject, options: Sequence[Resolved], device: torch.device, budget_s: float = _BUDGET_S
) -> Resolved:
    """Time the options and give the fastest; the first one unless another is clearly faster.

    Neither the network nor any random state is changed. An option that fails or gives no finite loss is out.
    """
    if len(options) == 1:
        return options[0]
    if device.type == "cpu":
        subject = replace(
            subject,
            images=subject.images[:_LARGEST_BATCH_ON_CPU],
            targets=subject.targets[:_LARGEST_BATCH_ON_CPU],
        )
    measured: dict[str, float] = {}
    best, best_s = options[0], math.inf
    deadline = time.monotonic() + budget_s
    with untouched_randomness(device):
        for option in options:
            if measured and time.monotonic() > deadline:
                break
            seconds = _time_steps(subject, option, device)
            measured[option_name(option)] = round(seconds, 6)
            gives_up_precision = option.precision != best.precision
            if seconds * (_GAIN[gives_up_precision] if math.isfinite(best_s) else 1.0) < best_s:
                best, best_s = option, seconds
    finite = {name: seconds for name, seconds in measured.items() if math.isfinite(seconds)}
    return best.model_copy(update={"measured_s": finite})


def option_name(option: Resolved) -> str:
    return f"{option.precision}{' channels-last' if option.channels_last else ''}"


def _time_steps(subject: ProbeSubject, option: Resolved, device: torch.device) -> float:
    """Seconds of the fastest of a few steps; infinite when the option does not work."""
    try:
        policy = SingleDevice(device, option.model_copy(update={"compile": False}))
        network = copy.deepcopy(subject.network)
        policy.place(network)
        network.train()
        steps = _STEPS_A_TIME.get(device.type, _STEPS_A_TIME_ELSEWHERE)
        _time_in_a_row(subject, policy, network, 1)  # chooses algorithms and takes memory
        times = [_time_in_a_row(subject, policy, network, steps) for _ in range(_TIMES)]
    except (RuntimeError, ValueError, TypeError, NotImplementedError):
        return math.inf
    return min(times)


def _time_in_a_row(subject: ProbeSubject, policy: SingleDevice, network: nn.Module, steps: int) -> float:
    """Mean seconds of a step; infinite when the last loss is not finite."""
    began = time.perf_counter()
    loss = math.nan
    for _ in range(steps):
        images = policy.to_input(subject.images, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
        with policy.autocast():
            loss = subject.loss(network(images), subject.targets.to(policy.device, non_blocking=True))
        loss.backward()
        network.zero_grad(set_to_none=True)
    # Reading the loss waits for the device.
    return (time.perf_counter() - began) / steps if math.isfinite(float(loss)) else math.inf


def _precisions_of(device: torch.device) -> list[ChosenPrecision]:
    if device.type == "cuda":
        return (
            ["fp32", "bf16"] if torch.cuda.is_bf16_supported(including_emulation=False) else ["fp32", "fp16"]
        )
    return ["fp32", "bf16"] if device.type == "cpu" and _cpu_computes_bf16() else ["fp32"]


def _cpu_computes_bf16() -> bool:
    """Whether the processor has instructions for bf16; without them it is only emulated, slowly."""
    describe = getattr(torch.cpu, "get_capabilities", None)
    abilities = describe() if describe is not None else {}
    return bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))
