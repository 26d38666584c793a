"""Which precision and memory order are fastest here: a few timed steps of each, on a copy of the network."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from engine.data.batch import Targets, first_targets, move_targets
from engine.device.policy import SingleDevice
from engine.device.randomness import untouched_randomness
from engine.device.resolved import ChosenPrecision, Resolved
from engine.protocol.operating_system import thread_seconds

FEWEST_STEPS = 20
"""A training of fewer optimizer steps than this is over before a probe would pay."""
_BUDGET_S = 5.0
_SHARE_OF_RUN = 0.05
"""A long run may spend this part of its time on the probe where the budget is less."""
_WAKINGS_A_RUN = 20
"""A run shorter than so many times the device's waking is not probed: each candidate has a waking of its own."""
_TIMES = 2
_SHORT_STEP_S = 0.1
_STEPS_IN_A_ROW = 5
"""A GPU is told of the next step while it computes: only several short ones in a row take as long as in training."""
_LARGEST_BATCH_ON_CPU = 8
_GAIN = {True: 1.1, False: 1.05}
"""How much faster a candidate must be: more where it also gives up precision."""


@dataclass(frozen=True, slots=True, eq=False)
class ProbeSubject:
    """What is timed: forward and backward of `network` on a batch like the run's."""

    network: nn.Module
    images: Tensor
    """uint8 (N, H, W, 3)."""
    targets: Targets
    loss: Callable[..., Tensor]
    targets_in_forward: bool = False
    """Whether the network is called with its targets too."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for."""

    precision: str = "auto"
    channels_last: str = "auto"
    compile: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """How long the probe may take.

    Attributes:
        steps: of the whole training.
        budget_s: seconds for all candidates but the first; a long run gives more.
    """

    steps: int = 0
    budget_s: float = _BUDGET_S

    def seconds_for(self, run_s: float, waking_s: float) -> float:
        """Say how long candidates may be tried in a run of about `run_s`; below 0 when not at all.

        Args:
            run_s: seconds that the whole training takes as the first candidate computes; 0 where nobody knows.
            waking_s: seconds of the first candidate's first step.
        """
        if 0 < run_s < _WAKINGS_A_RUN * waking_s:
            return -1.0
        return max(self.budget_s, _SHARE_OF_RUN * run_s)


def candidates(wish: Wish, device: torch.device) -> list[Resolved]:
    """List what may be chosen, the plainest first."""
    precisions = [wish.precision] if wish.precision != "auto" else _precisions_of(device)
    orders = {"on": [True], "off": [False]}.get(wish.channels_last, [False, True])
    plain = Resolved(device_type=device.type, compile=wish.compile)
    # By order first: on a GPU, channels last may take many seconds for its first step, and less is tried then.
    return [
        plain.model_copy(update={"precision": precision, "channels_last": order})
        for order in orders
        for precision in precisions
    ]


def choose_fastest(
    subject: ProbeSubject, options: Sequence[Resolved], device: torch.device, plan: Plan = Plan()
) -> Resolved:
    """Time the options and give the fastest; the first one unless another is clearly faster.

    Neither the network nor any random state is changed. An option that fails or gives no finite loss is out.
    """
    if len(options) == 1:
        return options[0]
    whole = len(subject.images)
    clock = clock_of(device)
    if device.type == "cpu":
        subject = replace(
            subject,
            images=subject.images[:_LARGEST_BATCH_ON_CPU],
            targets=first_targets(subject.targets, _LARGEST_BATCH_ON_CPU),
        )
    measured: dict[str, float] = {}
    best, best_s = options[0], math.inf
    deadline = math.inf
    with untouched_randomness(device):
        for option in options:
            if clock() > deadline:
                break
            waking_s, seconds = _time_steps(subject, option, device)
            if not measured and math.isfinite(seconds):
                run_s = plan.steps * seconds * whole / len(subject.images)
                # What the first one took is not counted: it also loads a GPU's libraries.
                deadline = clock() + plan.seconds_for(run_s, waking_s)
            measured[option_name(option)] = round(seconds, 6)
            gives_up_precision = option.precision != best.precision
            if seconds * (_GAIN[gives_up_precision] if math.isfinite(best_s) else 1.0) < best_s:
                best, best_s = option, seconds
    finite = {name: seconds for name, seconds in measured.items() if math.isfinite(seconds)}
    return best.model_copy(update={"measured_s": finite})


def clock_of(device: torch.device) -> Callable[[], float]:
    """Give what counts a step's seconds: on the CPU those that the calling thread computed, where they are counted.

    Beside other programs the wall's seconds say more about those than about the step. The calling thread has its share
    in everything that several threads compute, and does alone what only one can.
    """
    return thread_seconds if device.type == "cpu" else time.perf_counter


def option_name(option: Resolved) -> str:
    return f"{option.precision}{' channels-last' if option.channels_last else ''}"


def _time_steps(subject: ProbeSubject, option: Resolved, device: torch.device) -> tuple[float, float]:
    """Seconds of the first step, and of the fastest of a few more; infinite when the option does not work."""
    clock = clock_of(device)
    began = clock()
    waking_s = 0.0
    try:
        policy = SingleDevice(device, option.model_copy(update={"compile": False}))
        network = copy.deepcopy(subject.network)
        policy.place(network)
        network.train()
        _time_in_a_row(subject, policy, network, 1)
        waking_s = clock() - began
        times = [_time_in_a_row(subject, policy, network, 1)]
        steps = _STEPS_IN_A_ROW if device.type != "cpu" and times[0] < _SHORT_STEP_S else 1
        times += [_time_in_a_row(subject, policy, network, steps) for _ in range(_TIMES - 1)]
    except (RuntimeError, ValueError, TypeError, NotImplementedError):
        return waking_s, math.inf
    return waking_s, min(times)


def _time_in_a_row(subject: ProbeSubject, policy: SingleDevice, network: nn.Module, steps: int) -> float:
    """Mean seconds of a step; infinite when the last loss is not finite."""
    clock = clock_of(policy.device)
    began = clock()
    loss = torch.tensor(math.nan)
    for _ in range(steps):
        images = policy.to_input(subject.images, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
        with policy.autocast():
            targets = move_targets(subject.targets, policy.device)
            given = (images, targets) if subject.targets_in_forward else (images,)
            loss = subject.loss(network(*given), targets)
        loss.backward()
        network.zero_grad(set_to_none=True)
    is_finite = math.isfinite(loss.item())  # waits for the device
    return (clock() - began) / steps if is_finite else math.inf


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
