"""Results side by side as the window shows them: opened once, compared on the images that they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop.models.result import Result, ResultKey, open_result
from desktop.models.run_words import run_title
from engine.comparison.bootstrap import Plan
from engine.comparison.choosing import StoredResult, choose_result, stored_results
from engine.comparison.compare import Comparison, compare
from engine.comparison.differences import DatasetLine, SettingLine, dataset_lines, setting_lines
from engine.comparison.measured import Measured, images_of
from engine.errors import UserError
from engine.protocol.home import Home
from engine.store.database import Store
from engine.store.runs import RunRow

LETTERS = "ABCDEF"
PLAN = Plan(seconds=12.0)
"""Of the window: nobody waits longer; how many draws were made is told."""
_SPLITS = ("val", "test", "train")
"""In the order in which they are tried where only runs are named."""
_MOST_OFFERED = 12


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One of the results that are compared."""

    key: ResultKey
    letter: str
    title: str
    """Of the training."""
    caption: str
    """What was measured of it: `Epoch 14 · val · best`."""
    row: RunRow
    """Of the training."""
    result: Result


@dataclass(frozen=True, slots=True, eq=False)
class SideBySide:
    """All that the page shows."""

    sides: tuple[Side, ...]
    found: Comparison
    settings: tuple[SettingLine, ...]
    datasets: tuple[DatasetLine, ...]

    def image(self, side: int, place: int) -> int:
        """Give the number, in a side's own result, of a common image."""
        return int(self.found.common.rows[side][place])


@dataclass(frozen=True, slots=True)
class Candidate:
    """A result that can be compared with the one on show."""

    key: ResultKey
    title: str
    is_of_this_run: bool


def load_side_by_side(home: Home, keys: Sequence[ResultKey], plan: Plan = PLAN) -> SideBySide:
    """Open results and compare them. Takes seconds: never in the GUI's thread.

    Raises:
        UserError: one of `open_result` or of `engine.comparison.compare`; `run_unknown` for a run that is gone.
    """
    with Store.open(home.store_path) as store:
        rows = [_training(store, key) for key in keys]
    results = [open_result(home, key) for key in keys]
    sides = tuple(
        Side(key, letter, run_title(row), _caption(result), row, result)
        for letter, key, row, result in zip(LETTERS, keys, rows, results, strict=False)
    )
    measured = [_measured(side) for side in sides]
    found = compare(measured, plan)
    return SideBySide(
        sides, found, tuple(setting_lines(home, measured)), tuple(dataset_lines(home, measured))
    )


def keys_of_runs(home: Home, runs: Sequence[str]) -> list[ResultKey]:
    """Choose a result of each of some runs, all on the same split: that of the best checkpoint, where it is there.

    Raises:
        UserError: `run_unknown`, or `result_unknown` when there is no split on which all have a result.
    """
    with Store.open(home.store_path) as store:
        rows = [store.run(run) for run in runs]
        there = [stored_results(home, store, row) for row in rows]
    common = [split for split in _SPLITS if all(any(e.split == split for e in told) for told in there)]
    split = common[0] if common else _SPLITS[0]
    chosen = [choose_result(home, told, row, "", split) for row, told in zip(rows, there, strict=True)]
    return [ResultKey(entry.run, entry.folder) for entry in chosen]


def candidates(home: Home, shown: ResultKey) -> list[Candidate]:
    """Offer what a result can be compared with: other results of its run, then one of each other run of its task.

    Only results on the same split are offered, since others have no image in common. Reads the store and the disk.

    Raises:
        UserError: one of the store's.
    """
    with Store.open(home.store_path) as store:
        own = _training(store, shown)
        told = stored_results(home, store, own)
        split = next((e.split for e in told if (e.run, e.folder) == (shown.run, shown.folder)), _SPLITS[0])
        others = [row for row in store.runs("train") if row.task == own.task and row.run != own.run]
        offered = [
            Candidate(ResultKey(e.run, e.folder), _words(e), True)
            for e in reversed(told)
            if e.split == split and (e.run, e.folder) != (shown.run, shown.folder)
        ][:_MOST_OFFERED]
        for row in others:
            there = [entry for entry in stored_results(home, store, row) if entry.split == split]
            if there and len(offered) < 2 * _MOST_OFFERED:
                best = choose_result(home, there, row, "", split)
                title = f"{run_title(row)} · {_words(best)}"
                offered.append(Candidate(ResultKey(best.run, best.folder), title, False))
    return offered


def _training(store: Store, key: ResultKey) -> RunRow:
    row = store.run(key.run)
    return store.run(row.parent) if row.kind != "train" and row.parent is not None else row


def _measured(side: Side) -> Measured:
    result = side.result
    hashes: tuple[str, ...] = ()
    if result.images and result.places is not None:
        try:
            hashes = images_of(result.places.run.manifest_path, result.columns.get("item"))[1]
        except IndexError as error:
            raise UserError(
                "result_damaged",
                f"The result {side.caption} of {side.title} does not fit its dataset.",
                "Choose another result, or evaluate the checkpoint again.",
            ) from error
    return Measured(
        f"{side.letter} ({side.title})",
        side.key.run,
        side.key.folder,
        result.summary,
        result.columns,
        result.arrays,
        result.paths,
        hashes,
    )


def _caption(result: Result) -> str:
    summary = result.summary
    parts = [f"Epoch {summary.epoch}" if summary.epoch else f"Step {summary.step:,}", summary.split]
    return " · ".join([*parts, summary.checkpoint] if summary.checkpoint else parts)


def _words(entry: StoredResult) -> str:
    parts = [f"Epoch {entry.epoch}" if entry.epoch else "Within epoch 1", entry.split]
    return " · ".join([*parts, entry.checkpoint] if entry.checkpoint else parts)
