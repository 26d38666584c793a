"""The contract of every device policy: place, feed, scale, clip, step. New policies join `POLICIES`."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from engine.data.normalisation import normalise
from engine.device.policy import DevicePolicy, SingleDevice
from engine.device.resolved import ChosenPrecision, Resolved

CPU = torch.device("cpu")
Make = Callable[[ChosenPrecision, bool], DevicePolicy]


def single(precision: ChosenPrecision = "fp32", channels_last: bool = False) -> DevicePolicy:
    return SingleDevice(CPU, Resolved(device_type="cpu", precision=precision, channels_last=channels_last))


def on_gpu(precision: ChosenPrecision = "fp32", channels_last: bool = False) -> DevicePolicy:
    return SingleDevice(
        torch.device("cuda"), Resolved(device_type="cuda", precision=precision, channels_last=channels_last)
    )


POLICIES: list[Make] = [single, *([on_gpu] if torch.cuda.is_available() else [])]
PRECISIONS: tuple[ChosenPrecision, ...] = ("fp32", "bf16", "fp16")
pytestmark = pytest.mark.parametrize("make", POLICIES)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2))


def pixels() -> Tensor:
    return torch.randint(0, 256, (5, 8, 8, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def take_step(
    policy: DevicePolicy, model: nn.Module, clip_norm: float | None = None, factor: float = 1.0
) -> tuple[torch.optim.Optimizer, Tensor]:
    """One step of plain gradient descent with rate 1: weights move by minus the gradient."""
    model.to(policy.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    images = policy.to_input(pixels(), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    with policy.autocast():
        outputs = policy.forward_of(model, optimizer, len(images))(images)
    targets = torch.tensor([0, 1, 0, 1, 1], device=policy.device)
    loss = nn.functional.cross_entropy(outputs.float(), targets) * factor
    policy.backward(loss)
    policy.step(optimizer, model.parameters(), clip_norm)
    return optimizer, outputs


def moved(model: nn.Module) -> float:
    """How far the weights are from where `network` starts, as one norm."""
    pairs = zip(model.parameters(), network().parameters(), strict=True)
    return math.sqrt(sum(float((one.cpu() - two).detach().pow(2).sum()) for one, two in pairs))


@pytest.mark.parametrize("channels_last", [False, True])
def test_that_pixels_become_normalised_input_in_the_memory_order(make: Make, channels_last: bool) -> None:
    found = make("fp32", channels_last).to_input(pixels(), (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))

    order = torch.channels_last if channels_last else torch.contiguous_format
    assert found.is_contiguous(memory_format=order)
    expected = normalise(pixels(), (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
    torch.testing.assert_close(found.cpu(), expected, rtol=0, atol=1e-6)


def test_that_a_network_is_placed_where_it_is_with_its_values_kept(make: Make) -> None:
    model = network()
    weight = next(model.parameters())
    make("fp32", True).place(model)

    assert next(model.parameters()) is weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert moved(model) == 0


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_that_the_forward_pass_computes_in_the_precision(
    make: Make, precision: ChosenPrecision, dtype: torch.dtype
) -> None:
    _, outputs = take_step(make(precision, False), network())

    assert outputs.dtype == dtype


@pytest.mark.parametrize("precision", PRECISIONS)
def test_that_weights_stay_in_full_precision_and_gradients_are_forgotten(
    make: Make, precision: ChosenPrecision
) -> None:
    model = network()
    take_step(make(precision, False), model)

    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("clip_norm", [None, 0.01])
def test_that_a_step_follows_the_gradient_in_every_precision(
    make: Make, precision: ChosenPrecision, clip_norm: float | None
) -> None:
    plain, scaled = network(), network()
    take_step(make("fp32", False), plain, clip_norm)
    take_step(make(precision, False), scaled, clip_norm)

    assert moved(plain) > 0
    assert moved(scaled) == pytest.approx(moved(plain), rel=0.05)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_that_clipping_bounds_the_norm_of_the_gradient_not_of_the_scaled_one(
    make: Make, precision: ChosenPrecision
) -> None:
    free, clipped, loose = network(), network(), network()
    take_step(make(precision, False), free)
    take_step(make(precision, False), clipped, clip_norm=moved(free) / 3)
    take_step(make(precision, False), loose, clip_norm=moved(free) * 2)

    assert moved(clipped) == pytest.approx(moved(free) / 3, rel=0.01)
    assert moved(loose) == pytest.approx(moved(free), rel=0.01)


@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_that_in_fp16_a_step_that_overflows_is_left_out_and_the_next_is_tried_smaller(
    make: Make, clip_norm: float | None
) -> None:
    policy, model = make("fp16", False), network()
    before = policy.state_dict()
    take_step(policy, model, clip_norm, factor=1e8)

    assert moved(model) == 0
    assert policy.state_dict()["scaler"]["scale"] < before["scaler"]["scale"]  # type: ignore[index]  # torch's own state
    take_step(policy, model, clip_norm)
    assert 0 < moved(model) < math.inf


@pytest.mark.parametrize("precision", PRECISIONS)
def test_that_its_state_goes_on_in_another_process(make: Make, precision: ChosenPrecision) -> None:
    first, second = make(precision, False), make(precision, False)
    take_step(first, network(), factor=1e8)

    second.load_state_dict(first.state_dict())

    assert second.state_dict() == first.state_dict()
    assert (first.state_dict() == {}) is (precision != "fp16")


def test_that_state_of_another_precision_is_left_alone(make: Make) -> None:
    make("fp32", False).load_state_dict(make("fp16", False).state_dict())
    make("fp16", False).load_state_dict({})


def test_that_an_incomplete_batch_is_not_compiled_for(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[int] = []

    def compile_(network: nn.Module, **_: object) -> Callable[[Tensor], Tensor]:
        def forward(images: Tensor) -> Tensor:
            compiled.append(len(images))
            return network(images)

        return forward

    monkeypatch.setattr(torch, "compile", compile_)
    policy = make("fp32", False)
    policy.resolved = policy.resolved.model_copy(update={"compile": True})  # pyright: ignore[reportAttributeAccessIssue]  # a field of both
    model = network().to(policy.device)
    forward = policy.forward_of(model, torch.optim.SGD(model.parameters(), lr=1.0), 5)
    images = policy.to_input(pixels(), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))

    whole, part = forward(images), forward(images[:3])

    assert compiled == [5]
    torch.testing.assert_close(whole[:3], part)
