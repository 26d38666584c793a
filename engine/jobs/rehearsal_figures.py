"""The arithmetic of a rehearsal: from measured stretches of time and memory to what a whole training takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from engine.config.train import RunConfig
from engine.protocol.rehearsal import TriedBatch

MEMORY_SHARE = 0.85
"""Part of the memory that a proposed batch may take: what a network takes varies, and others want some too."""
_SECONDS_A_MINUTE = 60
_SECONDS_AN_HOUR = 3600
_EVEN = 8
_EVEN_FROM = 16


@dataclass(frozen=True, slots=True)
class Stretch:
    """One step or several in a row: how many images, how long, and how much of that was waiting for them."""

    images: int
    seconds: float
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Speed:
    """Of settled steps."""

    image_s: float
    """Seconds an image, waits included; above 0."""
    wait_share: float
    """0 to 1."""

    @property
    def images_per_s(self) -> float:
        return 1 / self.image_s

    @property
    def compute_image_s(self) -> float:
        """Seconds an image without waiting."""
        return self.image_s * (1 - self.wait_share)


@dataclass(frozen=True, slots=True)
class Line:
    """Memory as a function of the batch size: bytes = base + slope * size."""

    base: float
    slope: float

    def at(self, size: int) -> int:
        return round(self.base + self.slope * size)

    def largest_within(self, usable: float) -> int:
        """The largest size that stays within so many bytes; 0 when none does."""
        return max(0, int((usable - self.base) // self.slope))


def speed_of(stretches: Sequence[Stretch]) -> Speed:
    """Give the median speed of all stretches but the first, which wakes the device and fills the loader."""
    settled = stretches[1:] or stretches
    image_s = median(stretch.seconds / stretch.images for stretch in settled)
    seconds = sum(stretch.seconds for stretch in settled)
    waited_s = sum(stretch.waited_s for stretch in settled)
    return Speed(max(image_s, 1e-9), min(1.0, max(0.0, waited_s / seconds)) if seconds > 0 else 0.0)


def steady(cold: Speed, loader_images_per_s: float | None) -> Speed:
    """Give the speed once images come as fast as the loader gives them from its cache.

    Loading goes on beside computing, so the slower of the two decides. None: nothing is known of later epochs.
    """
    if loader_images_per_s is None or loader_images_per_s <= 0:
        return cold
    computing = max(cold.compute_image_s, 1e-9)
    image_s = max(computing, 1 / loader_images_per_s)
    return Speed(image_s, 1 - computing / image_s)


def fit_line(tried: Sequence[TriedBatch], resting_bytes: int | None = None) -> Line | None:
    """Fit a line by least squares to what fitting batches took; None below two sizes, or where it does not rise.

    Args:
        tried: sizes with what they took.
        resting_bytes: what is taken between two steps, where that is known: a batch of nothing.
    """
    points = [(one.batch_size, one.peak_memory_bytes) for one in tried if one.fits]
    if points and resting_bytes is not None:
        points.append((0, resting_bytes))
    mean_x = sum(x for x, _ in points) / max(1, len(points))
    mean_y = sum(y for _, y in points) / max(1, len(points))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if spread == 0:
        return None
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    return Line(mean_y - slope * mean_x, slope) if slope > 0 else None


def extrapolate(few: tuple[int, float], more: tuple[int, float], count: int) -> float:
    """Seconds for `count` images from those of a few and of more: each given as (images, seconds).

    The few come first and pay for what is done once; where that hides the rise, all of the second time is taken as
    proportional.
    """
    rate = (more[1] - few[1]) / (more[0] - few[0]) if more[0] > few[0] else 0.0
    if rate <= 0:
        rate = more[1] / more[0]
    return more[1] + rate * max(0, count - more[0])


def even(size: int) -> int:
    """Round down to what devices like: a multiple of 8, below 16 a power of two; at least 1."""
    if size >= _EVEN_FROM:
        return size - size % _EVEN
    return 1 << (max(1, size).bit_length() - 1)


def validations_in(config: RunConfig) -> int:
    """After how many epochs a run is measured."""
    if not config.validation.enabled:
        return 0
    interval = config.validation.val_interval
    return config.epochs // interval + (config.epochs % interval != 0)


def checkpoints_kept(config: RunConfig, validates: bool) -> int:
    """How many checkpoints lie in the run's folder at its end: last, best, and numbered ones."""
    every = config.checkpoint.every_epochs
    numbered = 0
    if not config.validation.save_best_only and every:
        numbered = min(config.checkpoint.keep_last, config.epochs // every)
    return 1 + validates + numbered


@dataclass(frozen=True, slots=True)
class Durations:
    """Seconds of the parts of a training."""

    first_step_s: float
    first_epoch_s: float
    epoch_s: float
    validation_s: float
    checkpoint_s: float


def total_seconds(config: RunConfig, parts: Durations) -> float:
    """Say how long the whole training takes, its time limit regarded; early stopping is not foreseen."""
    trained = parts.first_epoch_s + (config.epochs - 1) * parts.epoch_s
    trained += validations_in(config) * parts.validation_s
    every_s = config.checkpoint.every_minutes * _SECONDS_A_MINUTE
    saved = config.epochs + (int(trained // every_s) if every_s > 0 else 0)
    total = parts.first_step_s + trained + saved * parts.checkpoint_s
    return total if config.max_hours is None else min(total, config.max_hours * _SECONDS_AN_HOUR)
