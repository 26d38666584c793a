"""Intervals against scipy's own bootstrap and a plain loop; and how often they hold what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import bootstrap

from engine.comparison.bootstrap import Plan, draw_weights, interval, resample
from engine.comparison.class_counts import ClassCounts
from engine.comparison.compare import compare
from engine.comparison.counts import Drawn, Values, Weights
from tests.engine.comparison.judged import ANIMALS, classifier, guesses

_RIGHT, _F1 = 0, 2


class Slow:
    """Counts whose draws take a while, by a clock that the test turns."""

    metrics: Sequence[str] = ("share",)
    stands_for: Sequence[str] = ()
    class_measure = "share"
    right = np.zeros(4, dtype=np.bool_)
    goodness = np.zeros(4)
    class_images = np.full(4, 4)

    def __init__(self) -> None:
        self.now = 0.0

    def draw(self, weights: Weights) -> Drawn:
        self.now += 1.0
        return Drawn(weights[:1].T.astype(float), weights.T.astype(float))


def pair(images: int, accuracies: tuple[float, float], seed: int) -> tuple[ClassCounts, ClassCounts]:
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 3, images)
    made = [classifier(str(n), targets, guesses(rng, targets, each)) for n, each in enumerate(accuracies)]
    first, second = (ClassCounts(result, np.arange(images), ANIMALS) for result in made)
    return first, second


def apart(drawn: Values, metric: int) -> Values:
    return drawn[:, 1, metric] - drawn[:, 0, metric]


def test_that_the_interval_equals_that_of_scipy() -> None:
    first, second = pair(150, (0.7, 0.8), 4)
    drawn = resample((first, second), 150, Plan(8_000))
    found = interval(apart(drawn.metrics, _RIGHT))

    difference = second.right.astype(float) - first.right.astype(float)
    told = bootstrap((difference,), np.mean, n_resamples=8_000, method="percentile", rng=1)
    assert found == pytest.approx(tuple(told.confidence_interval), abs=0.01)


def test_that_draws_of_a_metric_that_is_no_mean_equal_a_loop_over_the_same_images() -> None:
    first, second = pair(60, (0.6, 0.8), 5)
    drawn = resample((first, second), 60, Plan(50, seed=9))

    rng = np.random.default_rng(9)
    for draw in range(50):
        picked = rng.integers(0, 60, 60)
        weights = np.bincount(picked, minlength=60)[:, None].astype(np.float32)
        assert drawn.metrics[draw, 0, _F1] == pytest.approx(first.draw(weights).metrics[0, _F1])
        assert drawn.metrics[draw, 1, _F1] == pytest.approx(second.draw(weights).metrics[0, _F1])


@pytest.mark.slow
def test_that_about_nineteen_of_twenty_intervals_hold_the_true_difference() -> None:
    held = 0
    for seed in range(200):
        drawn = resample(pair(200, (0.7, 0.8), seed), 200, Plan(400, seed))
        low, high = interval(apart(drawn.metrics, _RIGHT)) or (0.0, 0.0)
        held += low <= 0.1 <= high

    assert 0.90 <= held / 200 <= 0.99


def test_that_equal_models_are_seldom_told_apart() -> None:
    found = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        targets = rng.integers(0, 3, 120)
        made = [classifier(name, targets, guesses(rng, targets, 0.75)) for name in ("a", "b")]
        line = compare(made, Plan(300, seed)).metrics[0]
        difference = line.differences[1]
        assert difference is not None
        found += difference.finding in ("better", "worse")

    assert found <= 9


def test_that_a_seed_gives_the_same_draws_again() -> None:
    counts = pair(40, (0.5, 0.5), 1)
    one, again, other = (resample(counts, 40, Plan(250, seed)) for seed in (3, 3, 4))

    np.testing.assert_array_equal(one.metrics, again.metrics)
    assert not np.array_equal(one.metrics, other.metrics)


def test_that_every_draw_is_as_large_as_the_set() -> None:
    weights = draw_weights(np.random.default_rng(0), 30, 17)

    assert weights.shape == (17, 30)
    assert set(weights.sum(axis=0)) == {17.0}
    assert weights.mean() == 1.0


def test_that_no_draw_is_begun_after_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    monkeypatch.setattr("engine.comparison.bootstrap.time.monotonic", lambda: slow.now)

    assert resample((slow,), 4, Plan(2_000, seconds=2.5)).draws == 300
    assert resample((slow,), 4, Plan(2_000, seconds=0.1)).draws == 100
    assert resample((slow,), 4, Plan(250)).draws == 250


def test_that_there_is_no_interval_where_most_draws_have_no_value() -> None:
    values = np.array([0.1, 0.2, np.nan, np.nan, np.nan])

    assert interval(values) is None
    assert interval(np.array([0.1, 0.2, 0.3, np.nan])) == pytest.approx((0.105, 0.295))
