"""The probe finds the fastest way to compute and leaves everything as it was."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from engine.device import probe
from engine.device.probe import (
    Plan,
    ProbeSubject,
    Wish,
    candidates,
    choose_fastest,
    clock_of,
    option_name,
)
from engine.device.randomness import capture_randomness
from engine.device.resolved import Resolved

CPU = torch.device("cpu")
FP32 = Resolved(device_type="cpu")
BF16 = Resolved(device_type="cpu", precision="bf16")
LAST = Resolved(device_type="cpu", channels_last=True)


def compute(seconds: float) -> None:
    """Be busy so long: on the CPU, sleep is not counted."""
    clock = clock_of(CPU)
    until = clock() + seconds
    while clock() < until:
        pass


class Slow(nn.Module):
    """Answers as fast as it is told, by precision."""

    def __init__(self, fp32_s: float, bf16_s: float) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.times = {torch.float32: fp32_s, torch.bfloat16: bf16_s}

    def forward(self, images: Tensor) -> Tensor:
        outputs = self.layer(images.mean(dim=(2, 3)))
        compute(self.times[outputs.dtype])
        return outputs


def subject(network: nn.Module, images: int = 4) -> ProbeSubject:
    pixels = torch.randint(0, 256, (images, 8, 8, 3), dtype=torch.uint8)
    return ProbeSubject(network, pixels, torch.zeros(images, dtype=torch.int64), nn.functional.cross_entropy)


def drawing() -> nn.Module:
    """A network that draws random numbers and counts in its buffers."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.Dropout(0.5),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 2),
    )


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Wish(precision="bf16", channels_last="on"), ["bf16 channels-last"]),
        (Wish(precision="fp32", channels_last="off"), ["fp32"]),
        (Wish(precision="fp32"), ["fp32", "fp32 channels-last"]),
        (Wish(precision="fp16", channels_last="off"), ["fp16"]),
    ],
)
def test_that_what_the_user_says_is_the_only_candidate(wish: Wish, expected: list[str]) -> None:
    assert [option_name(option) for option in candidates(wish, CPU)] == expected


@pytest.mark.parametrize(("computes", "expected"), [(True, ["fp32", "bf16"]), (False, ["fp32"])])
def test_that_bf16_is_tried_where_the_processor_has_it(
    computes: bool, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": computes}, raising=False)

    found = candidates(Wish(channels_last="off"), CPU)

    assert [option_name(option) for option in found] == expected


@pytest.mark.parametrize(("has_bf16", "expected"), [(True, ["fp32", "bf16"]), (False, ["fp32", "fp16"])])
def test_that_a_gpu_tries_bf16_or_else_fp16(
    has_bf16: bool, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: has_bf16)

    found = candidates(Wish(channels_last="off", compile=True), torch.device("cuda"))

    assert [option_name(option) for option in found] == expected
    assert all(option.compile for option in found)


def test_that_a_single_candidate_is_taken_without_measuring() -> None:
    assert choose_fastest(subject(Slow(9, 9)), [BF16], CPU) is BF16


@pytest.mark.parametrize(
    ("fp32_s", "bf16_s", "expected"), [(0.08, 0.02, "bf16"), (0.02, 0.08, "fp32"), (0.04, 0.04, "fp32")]
)
def test_that_the_faster_one_is_chosen_and_the_exact_one_when_they_are_alike(
    fp32_s: float, bf16_s: float, expected: str
) -> None:
    chosen = choose_fastest(subject(Slow(fp32_s, bf16_s)), [FP32, BF16], CPU)

    assert chosen.precision == expected
    assert set(chosen.measured_s) == {"fp32", "bf16"}
    assert chosen.measured_s["fp32"] >= fp32_s


def test_that_the_network_and_all_random_state_are_left_as_they_were() -> None:
    network = drawing().eval()
    before = copy.deepcopy(network.state_dict())
    given = subject(network)
    torch.manual_seed(4)
    state = capture_randomness(CPU)

    choose_fastest(given, [FP32, LAST, BF16], CPU)

    assert torch.equal(torch.get_rng_state(), state["cpu"])  # type: ignore[arg-type]  # a tensor
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not network.training
    assert network[0].weight.is_contiguous()  # type: ignore[index, operator]  # a convolution


def failing(error: Exception) -> Callable[[Tensor, Tensor], Tensor]:
    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.dtype == torch.bfloat16:
            raise error
        return nn.functional.cross_entropy(outputs, targets)

    return loss


@pytest.mark.parametrize("error", [RuntimeError("not implemented for 'BFloat16'"), NotImplementedError()])
def test_that_a_candidate_that_fails_is_out(error: Exception) -> None:
    given = subject(Slow(0.02, 0.0))
    given = ProbeSubject(given.network, given.images, given.targets, failing(error))

    chosen = choose_fastest(given, [FP32, BF16], CPU)

    assert chosen.precision == "fp32"
    assert set(chosen.measured_s) == {"fp32"}


def test_that_a_candidate_whose_loss_is_no_number_is_out() -> None:
    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        value = nn.functional.cross_entropy(outputs, targets)
        return value * float("nan") if outputs.dtype == torch.bfloat16 else value

    given = subject(Slow(0.02, 0.0))

    chosen = choose_fastest(ProbeSubject(given.network, given.images, given.targets, loss), [FP32, BF16], CPU)

    assert chosen.precision == "fp32"


def test_that_when_nothing_works_the_plainest_is_left_for_the_run_to_fail_on() -> None:
    given = subject(Slow(0, 0))
    broken = ProbeSubject(given.network, given.images, given.targets, lambda _o, _t: torch.zeros(0).item())  # type: ignore[arg-type, return-value]  # breaks

    assert choose_fastest(broken, [FP32, BF16], CPU).precision == "fp32"


def test_that_waiting_for_other_programs_does_not_count_on_the_cpu() -> None:
    class Interrupted(Slow):
        def forward(self, images: Tensor) -> Tensor:
            outputs = super().forward(images)
            if outputs.dtype == torch.bfloat16:
                time.sleep(0.1)
            return outputs

    assert choose_fastest(subject(Interrupted(0.05, 0.02)), [FP32, BF16], CPU).precision == "bf16"


def test_that_what_one_thread_computes_counts_in_full_while_the_others_have_nothing_to_do() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        clock = clock_of(CPU)
        began, until = clock(), time.thread_time() + 0.1
        while time.thread_time() < until:
            pass
        assert clock() - began >= 0.09
    finally:
        torch.set_num_threads(threads)


def test_that_the_probe_keeps_to_its_time() -> None:
    chosen = choose_fastest(subject(Slow(0.05, 0.0)), [FP32, BF16], CPU, Plan(budget_s=0))

    assert chosen.precision == "fp32"
    assert set(chosen.measured_s) == {"fp32"}


def test_that_the_time_in_which_the_device_wakes_up_is_not_taken_from_the_probe() -> None:
    class Sleepy(Slow):
        awake = False

        def forward(self, images: Tensor) -> Tensor:
            if not Sleepy.awake:
                compute(0.5)
                Sleepy.awake = True
            return super().forward(images)

    chosen = choose_fastest(subject(Sleepy(0.01, 0.0)), [FP32, BF16], CPU, Plan(budget_s=0.3))

    assert set(chosen.measured_s) == {"fp32", "bf16"}


@pytest.mark.parametrize(
    ("run_s", "waking_s", "expected"),
    [(10.0, 1.0, -1.0), (60.0, 1.0, 5.0), (60.0, 7.0, -1.0), (600.0, 7.0, 30.0), (0.0, 7.0, 5.0)],
)
def test_that_a_short_run_is_not_probed_and_a_long_one_longer(
    run_s: float, waking_s: float, expected: float
) -> None:
    assert Plan().seconds_for(run_s, waking_s) == pytest.approx(expected)


def test_that_a_run_of_a_few_short_steps_takes_the_plainest() -> None:
    chosen = choose_fastest(subject(Slow(0.02, 0.0)), [FP32, BF16], CPU, Plan(steps=3))

    assert chosen.precision == "fp32"
    assert set(chosen.measured_s) == {"fp32"}


def test_that_on_the_cpu_a_few_images_are_enough() -> None:
    seen: list[int] = []

    class Counting(Slow):
        def forward(self, images: Tensor) -> Tensor:
            seen.append(len(images))
            return super().forward(images)

    choose_fastest(subject(Counting(0, 0), images=100), [FP32, LAST], CPU)

    assert set(seen) == {probe._LARGEST_BATCH_ON_CPU}
