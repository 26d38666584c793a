"""The arithmetic of a rehearsal, against numbers that were worked out by hand."""

from __future__ import annotations

import pytest

from engine.config.train import RunConfig
from engine.jobs.rehearsal_figures import (
    Durations,
    Speed,
    Stretch,
    checkpoints_kept,
    even,
    extrapolate,
    fit_line,
    speed_of,
    steady,
    total_seconds,
    validations_in,
)
from engine.protocol.rehearsal import TriedBatch


def tried(size: int, memory: int, speed: float = 1.0, fits: bool = True) -> TriedBatch:
    return TriedBatch(batch_size=size, images_per_s=speed, peak_memory_bytes=memory, fits=fits)


def test_that_speed_is_the_median_of_settled_steps_and_waiting_a_share_of_their_time() -> None:
    stretches = [Stretch(8, 9.0, 5.0), Stretch(8, 1.0, 0.1), Stretch(8, 3.0, 0.6), Stretch(4, 1.0, 0.3)]

    speed = speed_of(stretches)

    # Seconds an image: 0.125, 0.375, 0.25; the first stretch, a slow one, does not count.
    assert speed.image_s == pytest.approx(0.25)
    assert speed.images_per_s == pytest.approx(4)
    assert speed.wait_share == pytest.approx((0.1 + 0.6 + 0.3) / 5)
    assert speed.compute_image_s == pytest.approx(0.25 * 0.8)


def test_that_a_single_stretch_has_to_do() -> None:
    assert speed_of([Stretch(2, 1.0, 0.5)]) == Speed(0.5, 0.5)


def test_that_later_epochs_go_as_fast_as_the_slower_of_network_and_cached_loader() -> None:
    cold = Speed(image_s=0.1, wait_share=0.8)  # 0.02 s of computing

    assert steady(cold, None) == cold
    quick = steady(cold, loader_images_per_s=1000)
    assert (quick.image_s, quick.wait_share) == (pytest.approx(0.02), pytest.approx(0.0))
    slow = steady(cold, loader_images_per_s=25)
    assert (slow.image_s, slow.wait_share) == (pytest.approx(0.04), pytest.approx(0.5))


def test_that_memory_is_fitted_by_least_squares_and_batches_that_failed_do_not_count() -> None:
    line = fit_line([tried(2, 140), tried(4, 180), tried(8, 260), tried(16, 999, fits=False)])

    assert line is not None
    assert (line.base, line.slope) == (pytest.approx(100), pytest.approx(20))
    assert line.at(16) == 420
    assert line.largest_within(421) == 16
    assert line.largest_within(99) == 0


def test_that_what_is_taken_between_steps_counts_as_a_batch_of_nothing() -> None:
    line = fit_line([tried(8, 260)], resting_bytes=100)

    assert line is not None
    assert (line.base, line.slope) == (pytest.approx(100), pytest.approx(20))
    assert fit_line([], resting_bytes=100) is None


def test_that_no_line_is_made_up_from_one_size_or_falling_memory() -> None:
    assert fit_line([tried(2, 140)]) is None
    assert fit_line([tried(2, 140), tried(2, 160)]) is None
    assert fit_line([tried(2, 140), tried(8, 130)]) is None
    assert fit_line([]) is None


@pytest.mark.parametrize(
    ("size", "rounded"), [(1, 1), (3, 2), (7, 4), (15, 8), (16, 16), (23, 16), (24, 24), (100, 96)]
)
def test_that_sizes_are_rounded_down_to_what_devices_like(size: int, rounded: int) -> None:
    assert even(size) == rounded


def test_that_what_is_done_once_is_not_multiplied() -> None:
    # 1 s of waking and 0.1 s an image: 8 take 1.8 s, 20 take 2.0 s without the waking.
    assert extrapolate((8, 1.0), (18, 2.0), 118) == pytest.approx(2.0 + 0.1 * 100)
    assert extrapolate((8, 3.0), (20, 2.0), 120) == pytest.approx(2.0 + 0.1 * 100)
    assert extrapolate((8, 1.6), (8, 1.6), 8) == pytest.approx(1.6)
    assert extrapolate((8, 1.6), (8, 1.6), 16) == pytest.approx(3.2)


@pytest.mark.parametrize(("epochs", "interval", "count"), [(10, 1, 10), (10, 3, 4), (9, 3, 3), (2, 5, 1)])
def test_that_the_last_epoch_is_always_validated(epochs: int, interval: int, count: int) -> None:
    config = RunConfig.from_flat({"epochs": epochs, "validation.val_interval": interval})
    assert validations_in(config) == count


def test_that_nothing_is_validated_where_that_is_off() -> None:
    assert validations_in(RunConfig.from_flat({"validation.enabled": False})) == 0


def test_that_checkpoints_are_last_best_and_the_numbered_ones_that_stay() -> None:
    assert checkpoints_kept(RunConfig(), validates=True) == 2
    assert checkpoints_kept(RunConfig(), validates=False) == 1
    numbered = RunConfig.from_flat(
        {
            "epochs": 10,
            "validation.save_best_only": False,
            "checkpoint.every_epochs": 4,
            "checkpoint.keep_last": 3,
        }
    )
    assert checkpoints_kept(numbered, validates=True) == 4  # after epochs 4 and 8
    many = RunConfig.from_flat({"epochs": 10, "validation.save_best_only": False})
    assert checkpoints_kept(many, validates=True) == 5


def test_that_the_total_counts_every_epoch_validation_and_checkpoint() -> None:
    config = RunConfig.from_flat(
        {"epochs": 10, "validation.val_interval": 2, "checkpoint.every_minutes": 10.0}
    )
    parts = Durations(first_step_s=4, first_epoch_s=200, epoch_s=100, validation_s=20, checkpoint_s=2)

    # 200 + 9 * 100 + 5 * 20 = 1200 s, in which the clock saves twice; 12 checkpoints of 2 s.
    assert total_seconds(config, parts) == pytest.approx(4 + 1200 + 24)


def test_that_a_time_limit_ends_the_total() -> None:
    config = RunConfig.from_flat({"epochs": 100, "max_hours": 0.5})
    assert total_seconds(config, Durations(1, 100, 100, 0, 0)) == 1800
