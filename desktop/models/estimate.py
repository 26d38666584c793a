"""How long a training will take, from what earlier runs have measured; nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from desktop.models.run_words import duration_words
from engine.datasets.manifest import Manifest
from engine.store.runs import RunRow

_LIKE = ("image_size", "architecture")
"""Settings that must be equal for another run's speed to be a measure."""
_MOST = 5


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds, and from how many runs."""

    seconds: float
    runs: int

    def sentence(self) -> str:
        base = "the last run" if self.runs == 1 else f"the last {self.runs} runs"
        return f"About {duration_words(self.seconds)}, as measured in {base} like this."


def estimate(
    rows: Sequence[RunRow],
    plugin: str,
    manifest: Manifest | None,
    config: Mapping[str, object],
    is_there: Callable[[RunRow], bool] | None = None,
) -> Estimate | None:
    """Give the time by the speed of the newest runs of the same plugin and settings; None without one.

    Args:
        rows: all runs, newest first.
        plugin: that would train.
        manifest: of the dataset.
        config: the settings.
        is_there: says of a run whether it was measured on the machine that would train; None takes all.
    """
    epochs = config.get("epochs")
    if manifest is None or not isinstance(epochs, int):
        return None
    alike = [row for row in rows if row.kind == "train" and row.plugin == plugin and _is_like(row, config)]
    alike = [row for row in alike if row.images_per_s and row.images_per_s > 0]
    alike = [row for row in alike if is_there is None or is_there(row)][:_MOST]
    if not alike:
        return None
    images = sum(item.split == "train" for item in manifest.items)
    speed = median(row.images_per_s or 0.0 for row in alike)
    return Estimate(epochs * images / speed, len(alike))


def _is_like(row: RunRow, config: Mapping[str, object]) -> bool:
    return all(row.config.get(name) == config.get(name) for name in _LIKE)


def train_images(manifest: Manifest | None) -> int:
    """How many images are trained on."""
    return sum(item.split == "train" for item in manifest.items) if manifest is not None else 0


def steps_per_epoch(manifest: Manifest | None, config: Mapping[str, object]) -> int:
    """Optimizer steps of an epoch under a configuration; at least 1, for drawing a schedule."""
    batch, accumulate = config.get("batch_size"), config.get("accumulate_steps")
    size = batch if isinstance(batch, int) and batch > 0 else 1
    gathered = accumulate if isinstance(accumulate, int) and accumulate > 0 else 1
    return max(1, train_images(manifest) // (size * gathered))
