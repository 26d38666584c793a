"""The values of one metric: in the order of their steps, taken back by an attempt that repeats them, bounded."""

from __future__ import annotations

from desktop.models.live_run import Series


def test_that_a_repeated_step_takes_back_what_came_after_it() -> None:
    series = Series()
    for step in range(1, 6):
        series.put(step, step / 5, float(step))
    assert series.put(3, 0.6, 30.0)
    assert series.steps == [1, 2, 3]
    assert series.values == [1.0, 2.0, 30.0]


def test_that_the_same_value_twice_adds_nothing() -> None:
    series = Series()
    assert series.put(1, 0.1, 2.0)
    assert not series.put(1, 0.1, 2.0)
    assert series.steps == [1]


def test_that_days_of_steps_stay_small_and_keep_both_ends() -> None:
    series = Series()
    for step in range(1, 200_001):
        series.put(step, step / 1000, 1.0 / step)
    assert len(series.steps) <= 20_000
    assert len(series.steps) == len(series.epochs) == len(series.values)
    assert (series.steps[0], series.steps[-1]) == (1, 200_000)
    assert series.steps == sorted(series.steps)
