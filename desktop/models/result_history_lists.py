"""How images fared over all validations of a run: learned late, forgotten, never right, hardest; also as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from desktop.models.result import Column
from desktop.models.result_history import Moment
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import RunFolder, read_record

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
TIPS: Mapping[str, str] = {
    "learned_late": "Never right before, and right in every validation since; the latest first.",
    "forgotten": "Right, and wrong in the validation after; the most often forgotten first.",
    "never_right": "Wrong in every validation: the label may be wrong. The hardest first.",
    "hardest": "All images, the hardest over all validations first.",
}
TITLES: Mapping[str, str] = {
    "learned_late": "Learned late",
    "forgotten": "Forgotten",
    "never_right": "Never right",
    "hardest": "Hardest",
}
_NEVER = -1
_HEAD = (
    "file",
    "class",
    "note",
    "validations",
    "right_now",
    "right_from_epoch",
    "last_wrong_epoch",
    "times_forgotten",
    "last_forgotten_epoch",
)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One validation by image, (N,) each."""

    right: Flags
    difficulty: NDArray[np.float64]
    """The larger, the harder; of a loss its value."""


@dataclass(frozen=True, slots=True)
class HistoryRule:
    """What a task calls right."""

    columns: tuple[str, ...]
    """Stored columns that it looks at, beside `item`."""
    arrays: tuple[str, ...]
    """The same of what is not one row an image."""
    right: str
    """When an image counts as right, as a sentence."""
    difficulty: str
    """What the difficulty is: `loss`."""
    judge: Callable[[Mapping[str, Column], float | None], Judged]
    """From what is stored, and the bound that is chosen where there is one."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageHistory:
    """How each of the dataset's images fared, (I,) each, by its number in the run's manifest.

    Places are numbers of moments, from 0; -1 for never.
    """

    titles: tuple[str, ...]
    """Of the moments."""
    epochs: tuple[int, ...]
    seen: Numbers
    """In how many validations it was."""
    first_right: Numbers
    last_wrong: Numbers
    is_right: Flags
    """In the last validation in which it was."""
    forgotten: Numbers
    """How often it was wrong right after it was right."""
    last_forgotten: Numbers
    mean: NDArray[np.float64]
    """Of its difficulty."""
    newest: NDArray[np.float64]
    """Its difficulty in the last validation in which it was."""
    difficulty: str
    used: int
    """How many validations tell of images."""
    left_out: int
    """How many tell of none, are damaged, or of another version of the dataset."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageList:
    """Images in an order, each with a note."""

    key: str
    images: Numbers
    """Numbers in the run's manifest, the first first."""
    note: Callable[[int], str]
    """What is said of an image, by that number."""

    @property
    def title(self) -> str:
        return TITLES[self.key]

    def places(self, numbers: Column) -> Numbers:
        """Give the place in the list, from 0, of images by their numbers in the manifest; -1 for those not in it."""
        wanted = numbers.astype(np.int64)
        highest = max(self.images.max(initial=-1), wanted.max(initial=-1))
        place = np.full(int(highest) + 1, -1, dtype=np.int64)
        place[self.images] = np.arange(len(self.images))
        return place[wanted]


def read_history(
    home: Home,
    moments: Sequence[Moment],
    rule: HistoryRule,
    bound: float | None,
    is_wanted: Callable[[], bool] = lambda: True,
) -> ImageHistory | None:
    """Follow all images through the validations of a run, one validation in memory at a time. In a thread.

    Gives None when it is not wanted any more.

    Raises:
        UserError: the run's folder cannot be read.
    """
    if not moments:
        return None
    tally = _Tally(len(_manifest(RunFolder(home.runs / moments[-1].key.run).manifest_path).items))
    version = _summary(home, moments[-1]).dataset_version
    for place, moment in enumerate(moments):
        if not is_wanted():
            return None
        tally.take(place, _stored(home, moment, rule, version), rule, bound)
    return tally.history(moments, rule)


class _Tally:
    """Sums over the validations taken so far, in the order of the training."""

    def __init__(self, items: int) -> None:
        self.seen = np.zeros(items, dtype=np.int64)
        self.first_right = np.full(items, _NEVER, dtype=np.int64)
        self.last_wrong = np.full(items, _NEVER, dtype=np.int64)
        self.was_right = np.zeros(items, dtype=np.bool_)
        self.forgotten = np.zeros(items, dtype=np.int64)
        self.last_forgotten = np.full(items, _NEVER, dtype=np.int64)
        self.sum = np.zeros(items)
        self.newest = np.zeros(items)
        self.used = self.left_out = 0

    def take(
        self, place: int, stored: Mapping[str, Column] | None, rule: HistoryRule, bound: float | None
    ) -> None:
        if stored is None:
            self.left_out += 1
            return
        try:
            judged = rule.judge(stored, bound)
            item = stored["item"].astype(np.int64)
            self._add(place, item, judged)
        except (IndexError, ValueError):
            self.left_out += 1  # what is stored does not fit together
            return
        self.used += 1

    def _add(self, place: int, item: Numbers, judged: Judged) -> None:
        right = judged.right
        if len(right) != len(item) or (len(item) and int(item.min()) < 0):
            raise ValueError("columns differ in length, or name no image")
        lost = item[~right & self.was_right[item]]
        gained = item[right & (self.first_right[item] == _NEVER)]
        self.seen[item] += 1
        self.forgotten[lost] += 1
        self.last_forgotten[lost] = place
        self.first_right[gained] = place
        self.last_wrong[item[~right]] = place
        self.was_right[item] = right
        self.sum[item] += judged.difficulty
        self.newest[item] = judged.difficulty

    def history(self, moments: Sequence[Moment], rule: HistoryRule) -> ImageHistory:
        return ImageHistory(
            titles=tuple(moment.title for moment in moments),
            epochs=tuple(moment.epoch for moment in moments),
            seen=self.seen,
            first_right=self.first_right,
            last_wrong=self.last_wrong,
            is_right=self.was_right,
            forgotten=self.forgotten,
            last_forgotten=self.last_forgotten,
            mean=np.divide(self.sum, self.seen, out=np.zeros(len(self.sum)), where=self.seen > 0),
            newest=self.newest,
            difficulty=rule.difficulty,
            used=self.used,
            left_out=self.left_out,
        )


def learned_late(history: ImageHistory) -> ImageList:
    """Images that were never right before a validation and always since; the latest first."""
    h = history
    is_so = (h.first_right > _NEVER) & (h.last_wrong > _NEVER) & (h.last_wrong < h.first_right)
    images = np.flatnonzero(is_so)
    order = np.lexsort((-h.mean[images], -h.first_right[images]))

    def note(image: int) -> str:
        return f"right from {_when(h, int(h.first_right[image]))}"

    return ImageList("learned_late", images[order], note)


def forgotten(history: ImageHistory) -> ImageList:
    """Images that were right and then wrong, the most often forgotten first."""
    h = history
    images = np.flatnonzero(h.forgotten > 0)
    order = np.lexsort((-h.mean[images], -h.last_forgotten[images], -h.forgotten[images]))

    def note(image: int) -> str:
        times = int(h.forgotten[image])
        last = _when(h, int(h.last_forgotten[image]))
        short = last.removeprefix("epoch ")  # the strip on a tile has room for some twenty letters
        return f"forgotten at {last}" if times == 1 else f"forgotten {times}×, last {short}"

    return ImageList("forgotten", images[order], note)


def never_right(history: ImageHistory) -> ImageList:
    """Images that were wrong in every validation, the hardest in the last one first: their labels may be wrong."""
    h = history
    images = np.flatnonzero((h.seen > 0) & (h.first_right == _NEVER))
    order = np.lexsort((-h.mean[images], -h.newest[images]))

    def note(image: int) -> str:
        return f"never right, {h.difficulty} {h.newest[image]:.2f}"

    return ImageList("never_right", images[order], note)


def hardest(history: ImageHistory) -> ImageList:
    """All images, the one with the largest mean difficulty first."""
    h = history
    images = np.flatnonzero(h.seen > 0)
    order = np.argsort(-h.mean[images], kind="stable")

    def note(image: int) -> str:
        return f"mean {h.difficulty} {h.mean[image]:.2f}"

    return ImageList("hardest", images[order], note)


LISTS: Mapping[str, Callable[[ImageHistory], ImageList]] = {
    "learned_late": learned_late,
    "forgotten": forgotten,
    "never_right": never_right,
    "hardest": hardest,
}


def list_csv(shown: ImageList, history: ImageHistory, manifest: Manifest) -> str:
    """Write a list as comma separated values: file, class where an image has one, and all figures."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    measure = history.difficulty
    writer.writerow([*_HEAD, f"mean {measure}", f"last {measure}"])
    for image in shown.images.tolist():
        item = manifest.items[image]
        writer.writerow(
            (
                item.path,
                "" if item.label is None else manifest.classes[item.label],
                shown.note(image),
                int(history.seen[image]),
                "yes" if history.is_right[image] else "no",
                _epoch(history, int(history.first_right[image])),
                _epoch(history, int(history.last_wrong[image])),
                int(history.forgotten[image]),
                _epoch(history, int(history.last_forgotten[image])),
                f"{history.mean[image]:.6g}",
                f"{history.newest[image]:.6g}",
            )
        )
    return text.getvalue()


def run_manifest(home: Home, run: str) -> Manifest:
    """The images that a run knows. Reads the disk: never in the GUI's thread."""
    return _manifest(RunFolder(home.runs / run).manifest_path)


def _when(history: ImageHistory, place: int) -> str:
    """`epoch 12`, in the middle of a sentence."""
    title = history.titles[place]
    return title[:1].lower() + title[1:]


def _epoch(history: ImageHistory, place: int) -> str:
    return "" if place == _NEVER else str(history.epochs[place])


def _summary(home: Home, moment: Moment) -> ResultSummary:
    return read_record(_folder(home, moment) / "summary.json", ResultSummary)


def _folder(home: Home, moment: Moment) -> Path:
    return RunFolder(home.runs / moment.key.run).results / moment.key.folder


def _stored(home: Home, moment: Moment, rule: HistoryRule, version: str) -> dict[str, Column] | None:
    """What a validation kept; None where it is not all there, damaged, or of another version of the dataset."""
    folder = _folder(home, moment)
    files = {name: folder / f"image_{name}.npy" for name in ("item", *rule.columns)}
    files |= {name: folder / f"{name}.npy" for name in rule.arrays}
    try:
        if _summary(home, moment).dataset_version != version:
            return None
        return {name: np.load(file, allow_pickle=False) for name, file in files.items()}
    except (OSError, ValueError, EOFError, UserError):
        return None


@lru_cache(maxsize=1)
def _manifest(path: Path) -> Manifest:
    return Manifest.load(path)
