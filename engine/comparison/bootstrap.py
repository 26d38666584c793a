"""The paired bootstrap over images: how much a difference would vary with other images of the same kind.

Images are drawn with replacement; every draw holds for all results at once, so that what is hard for all of them
does not count as a difference. Intervals are percentiles of the drawn differences (Efron and Tibshirani 1993, 13.3).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.comparison.counts import Counts, Drawn, Values, Weights

RESAMPLES = 2_000
LEVEL = 0.95
_AT_ONCE = 4_000_000
"""Images times draws that are held in memory."""
_LEAST_DRAWS = 100
"""Are made whatever time it takes: fewer would say nothing. The clock is looked at after as many."""
_LEAST_SHARE = 0.5
"""So many of the draws must have a value, or there is no interval: a class of one image is often not drawn."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How images are drawn."""

    resamples: int = RESAMPLES
    seed: int = 0
    seconds: float | None = None
    """After this time no further draw is begun; None waits for all of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """D draws of the same images for S results."""

    metrics: Values
    """(D, S, K)."""
    classes: Values
    """(D, S, C)."""

    @property
    def draws(self) -> int:
        return len(self.metrics)


def resample(counted: Sequence[Counts], images: int, plan: Plan | None = None) -> Resampled:
    """Draw the images again and again, and measure all results on each draw."""
    plan = plan or Plan()
    rng = np.random.default_rng(plan.seed)
    step = max(1, min(_LEAST_DRAWS, _AT_ONCE // max(1, images)))
    begun = time.monotonic()
    done = 0
    metrics: list[Values] = []
    classes: list[Values] = []
    while done < plan.resamples and not _is_late(plan, begun, done):
        weights = draw_weights(rng, min(step, plan.resamples - done), images)
        drawn = [counts.draw(weights) for counts in counted]
        metrics.append(np.stack([each.metrics for each in drawn], axis=1))
        classes.append(np.stack([each.classes for each in drawn], axis=1))
        done += weights.shape[1]
    return Resampled(np.concatenate(metrics), np.concatenate(classes))


def measure(counts: Counts, images: int) -> Drawn:
    """Measure the images as they are, each once."""
    return counts.draw(np.ones((images, 1), dtype=np.float32))


def draw_weights(rng: np.random.Generator, draws: int, images: int) -> Weights:
    """(M, R): how often each image was drawn, M times with replacement a draw."""
    picked = rng.integers(0, images, (draws, images), dtype=np.int64)
    picked += (np.arange(draws) * images)[:, None]
    counts = np.bincount(picked.ravel(), minlength=draws * images).reshape(draws, images)
    return np.ascontiguousarray(counts.T, dtype=np.float32)


def interval(values: Values) -> tuple[float, float] | None:
    """Give the middle 95 % of (D,) drawn values; None where too few of them are there."""
    there = values[np.isfinite(values)]
    if len(there) < max(1, _LEAST_SHARE * len(values)):
        return None
    low, high = np.quantile(there, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _is_late(plan: Plan, begun: float, done: int) -> bool:
    return plan.seconds is not None and done >= _LEAST_DRAWS and time.monotonic() - begun > plan.seconds
