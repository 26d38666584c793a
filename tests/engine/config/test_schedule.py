"""Learning rates, compared with PyTorch's own schedulers and worked cases."""

from __future__ import annotations

import pytest
import torch

from engine.config.schedule import Extension, Span, lr_factor
from engine.config.scheduler import (
    ConstantConfig,
    CosineConfig,
    ExponentialConfig,
    OneCycleConfig,
    SchedulerConfig,
    StepConfig,
)

SPAN = Span(steps_per_epoch=5, epochs=8)
BASE = 0.1


def curve(scheduler: SchedulerConfig, span: Span = SPAN, extension: Extension | None = None) -> list[float]:
    return [BASE * lr_factor(scheduler, step, span, BASE, extension) for step in range(span.steps)]


def torch_curve(make: object, steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=BASE)
    scheduler = make(optimizer)  # type: ignore[operator]  # any of torch's classes
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_that_cosine_is_that_of_torch():
    expected = torch_curve(
        lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, SPAN.steps, eta_min=1e-3), SPAN.steps
    )

    assert curve(CosineConfig(min_lr=1e-3)) == pytest.approx(expected)


def test_that_step_and_exponential_fall_by_epochs_as_torchs_do():
    by_step = torch_curve(lambda o: torch.optim.lr_scheduler.StepLR(o, 3, 0.5), SPAN.epochs)
    by_epoch = torch_curve(lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.8), SPAN.epochs)

    assert curve(StepConfig(step_size=3, gamma=0.5))[:: SPAN.steps_per_epoch] == pytest.approx(by_step)
    assert curve(ExponentialConfig(gamma=0.8))[:: SPAN.steps_per_epoch] == pytest.approx(by_epoch)


def test_that_one_cycle_starts_low_peaks_at_its_share_and_ends_at_the_floor():
    rates = curve(OneCycleConfig(pct_start=0.25, div_factor=10, min_lr=1e-5))

    assert rates[0] == pytest.approx(BASE / 10)
    assert max(rates) == pytest.approx(BASE)
    assert rates.index(max(rates)) == 10
    assert rates[-1] < BASE / 50


def test_that_a_warm_up_rises_to_the_full_rate():
    rates = curve(ConstantConfig(warmup_epochs=2))

    assert rates[0] == pytest.approx(BASE / 10)
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == [BASE] * 30


def test_that_no_rate_is_below_the_smallest():
    assert min(curve(ExponentialConfig(gamma=0.01, min_lr=1e-4))) == pytest.approx(1e-4)


@pytest.mark.parametrize("schedule", ["continue", "flat", "restart"])
def test_that_an_extension_goes_on_as_chosen(schedule: str):
    extension = Extension(from_epoch=8, schedule=schedule)  # type: ignore[arg-type]  # one of the literals
    rates = curve(CosineConfig(), Span(5, 16), extension)

    expected = {
        "continue": curve(CosineConfig(), Span(5, 16))[40],
        "flat": curve(CosineConfig())[39],
        "restart": BASE,
    }
    assert rates[40] == pytest.approx(expected[schedule])
    assert len(set(rates[40:])) == (1 if schedule == "flat" else 40)
