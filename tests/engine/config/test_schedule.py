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
    PlateauConfig,
    SchedulerConfig,
    StepConfig,
)

SPAN = Span(steps_per_epoch=5, epochs=8)
BASE = 0.1
SCHEDULERS = [
    ConstantConfig(),
    StepConfig(step_size=3),
    CosineConfig(warmup_epochs=1),
    PlateauConfig(),
    ExponentialConfig(),
    OneCycleConfig(),
]


def curve(scheduler: SchedulerConfig, span: Span = SPAN, extension: Extension | None = None) -> list[float]:
    return [BASE * lr_factor(scheduler, step, span, BASE, extension) for step in range(span.steps)]


def torch_curve(make: object, steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=BASE)
    scheduler = make(optimizer)  # type: ignore[operator]  # any of torch's classes
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        if len(found) < steps:
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


@pytest.mark.parametrize("pct_start", [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("span", [SPAN, Span(1, 20), Span(7, 3)])
def test_that_one_cycle_is_that_of_torch(pct_start: float, span: Span):
    ours = OneCycleConfig(pct_start=pct_start, div_factor=10, min_lr=1e-5)
    theirs = torch_curve(
        lambda o: torch.optim.lr_scheduler.OneCycleLR(
            o,
            max_lr=BASE,
            total_steps=span.steps,
            pct_start=pct_start,
            div_factor=ours.div_factor,
            final_div_factor=BASE / ours.div_factor / ours.min_lr,
            cycle_momentum=False,
        ),
        span.steps,
    )

    assert curve(ours, span) == pytest.approx(theirs)


def test_that_one_cycle_starts_low_peaks_at_its_share_and_ends_at_the_floor():
    rates = curve(OneCycleConfig(pct_start=0.25, div_factor=10, min_lr=1e-5))

    assert rates[0] == pytest.approx(BASE / 10)
    assert rates.index(max(rates)) == 9
    assert max(rates) == pytest.approx(BASE)
    assert rates[-1] == pytest.approx(1e-5)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_that_one_cycle_of_a_few_steps_has_a_rate_for_each(steps: int):
    rates = curve(OneCycleConfig(), Span(1, steps))

    assert max(rates) == pytest.approx(BASE)
    assert min(rates) >= 1e-6


def test_that_a_warm_up_rises_to_the_full_rate():
    rates = curve(ConstantConfig(warmup_epochs=2))

    assert rates[0] == pytest.approx(BASE / 10)
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == [BASE] * 30


@pytest.mark.parametrize(
    "scheduler", [StepConfig(step_size=2, warmup_epochs=3), CosineConfig(warmup_epochs=3)]
)
def test_that_after_the_warm_up_the_schedule_runs_over_the_epochs_that_are_left(scheduler: SchedulerConfig):
    plain = scheduler.model_copy(update={"warmup_epochs": 0})

    assert curve(scheduler)[15:] == pytest.approx(curve(plain, Span(5, 5)))


def test_that_a_warm_up_longer_than_the_training_only_rises():
    rates = curve(CosineConfig(warmup_epochs=100), Span(5, 2))

    assert rates == sorted(rates)
    assert max(rates) < BASE


def test_that_a_plateau_stays_at_the_full_rate_after_its_warm_up():
    rates = curve(PlateauConfig(warmup_epochs=1))

    assert rates[:5] == sorted(rates[:5])
    assert set(rates[5:]) == {BASE}


@pytest.mark.parametrize("scheduler", SCHEDULERS, ids=lambda scheduler: scheduler.type)
def test_that_every_rate_lies_between_the_smallest_and_the_full_one(scheduler: SchedulerConfig):
    for span in (SPAN, Span(1, 1), Span(3, 1), Span(1, 100)):
        rates = curve(scheduler, span)
        assert len(rates) == span.steps
        assert all(0 < rate <= BASE * (1 + 1e-12) for rate in rates)


@pytest.mark.parametrize("scheduler", SCHEDULERS, ids=lambda scheduler: scheduler.type)
@pytest.mark.parametrize("schedule", ["continue", "flat", "restart"])
def test_that_an_extension_leaves_what_was_trained_before_as_it_was_planned(
    scheduler: SchedulerConfig, schedule: str
):
    extension = Extension(from_epoch=8, schedule=schedule)  # type: ignore[arg-type]  # one of the literals
    extended = curve(scheduler, Span(5, 12), extension)

    if schedule == "continue":
        assert extended == curve(scheduler, Span(5, 12))
    else:
        assert extended[:40] == curve(scheduler)
        later = curve(scheduler, Span(5, 4)) if schedule == "restart" else [curve(scheduler)[39]] * 20
        assert extended[40:] == pytest.approx(later)


def test_that_a_smallest_rate_above_the_full_one_holds_the_full_one():
    assert set(curve(CosineConfig(min_lr=1.0))) == {BASE}


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
