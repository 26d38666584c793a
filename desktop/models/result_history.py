"""The validations of a run in the order of its training: the places of the slider that moves through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop.models.result import Result, ResultKey, metric_in
from desktop.models.result_list import ListedResult
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder

_BY_IMAGE = "image_item.npy"
"""The column that every result by image has."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One validation."""

    key: ResultKey
    epoch: int
    step: int
    is_best: bool = False

    @property
    def title(self) -> str:
        """`Epoch 14`, and of one within the first epoch its step."""
        return f"Epoch {self.epoch}" if self.epoch else f"Step {self.step:,}"


def moments(listed: Sequence[ListedResult], best_epoch: int | None = None) -> list[Moment]:
    """Give the validations of the training itself, oldest first.

    They are those of the newest one's split and dataset. Of two at one step the later one counts: a run that went on
    from a checkpoint has measured it again.

    Args:
        listed: all results of a run.
        best_epoch: of which the run says that it is its best; None where it says nothing.
    """
    own = [entry for entry in listed if entry.is_own]
    if not own:
        return []
    newest = own[0]
    by_step: dict[int, ListedResult] = {}
    for entry in own:
        known = by_step.get(entry.step)
        is_alike = (entry.split, entry.dataset) == (newest.split, newest.dataset)
        if is_alike and (known is None or entry.key.folder > known.key.folder):
            by_step[entry.step] = entry
    ordered = [by_step[step] for step in sorted(by_step)]
    best = next((n for n in reversed(range(len(ordered))) if ordered[n].epoch == best_epoch), -1)
    return [Moment(entry.key, entry.epoch, entry.step, n == best) for n, entry in enumerate(ordered)]


def place_of(shown: Sequence[Moment], key: ResultKey | None) -> int:
    """Which of the moments a result is; -1 for none of them."""
    return next((n for n, moment in enumerate(shown) if moment.key == key), -1)


def without_images(home: Home, shown: Sequence[Moment]) -> frozenset[ResultKey]:
    """Which validations have numbers only: nothing was kept by image. Reads the disk: never in the GUI's thread."""
    return frozenset(
        moment.key
        for moment in shown
        if not (RunFolder(home.runs / moment.key.run).results / moment.key.folder / _BY_IMAGE).is_file()
    )


def neighbours(shown: Sequence[Moment], place: int, reach: int) -> list[ResultKey]:
    """The results around a place, the nearest first, the later of two first."""
    around = [place + sign * far for far in range(1, reach + 1) for sign in (1, -1)]
    return [shown[n].key for n in around if 0 <= n < len(shown)]


def curve_of(listed: Sequence[ListedResult], shown: Sequence[Moment], metric: str) -> list[float | None]:
    """A metric, named without prefix, at each of the moments; None where it was not measured."""
    by_key = {entry.key: entry.metrics for entry in listed}
    return [metric_in(by_key[moment.key], metric) if moment.key in by_key else None for moment in shown]


def row_of_path(result: Result, path: str, near: int) -> int:
    """The number of an image in a result; -1 where it has none of this path.

    Args:
        result: whose images are looked through.
        path: relative to its root.
        near: where it was in another result of the same run: it is nearly always there.
    """
    if 0 <= near < result.images and result.paths[near] == path:
        return near
    return result.paths.index(path) if path in result.paths else -1
