"""The checkpoints that a model can be taken from: those of one run, and the runs that have any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UserError
from engine.protocol.checkpoint import is_whole, list_checkpoints, read_meta
from engine.protocol.home import Home
from engine.protocol.job import ACTIVE_STATES
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store
from engine.store.runs import RunRow

PREFERRED = ("best", "last")
_ORDER = {name: place for place, name in enumerate(PREFERRED)}


@dataclass(frozen=True, slots=True)
class CheckpointFact:
    """One complete checkpoint."""

    name: str
    epoch: int
    metrics: Mapping[str, float]
    """By full name."""
    size_bytes: int

    @property
    def title(self) -> str:
        """`best · epoch 14`."""
        return f"{self.name} · epoch {self.epoch}" if self.epoch else f"{self.name} · within epoch 1"


@dataclass(frozen=True, slots=True)
class TrainedRun:
    """A training with the checkpoints that are there."""

    row: RunRow
    checkpoints: tuple[CheckpointFact, ...]
    """The best first, then the last, then the rest from new to old."""
    folder: Path

    @property
    def is_finished(self) -> bool:
        return self.row.state not in ACTIVE_STATES

    def path(self, checkpoint: str) -> Path:
        return RunFolder(self.folder).checkpoints / checkpoint


def checkpoints_of(home: Home, run: str) -> tuple[CheckpointFact, ...]:
    """List a run's checkpoints that are here, the best first. Reads the disk: never in the GUI's thread."""
    folder = RunFolder(home.runs / run)
    found = [
        CheckpointFact(name, meta.epoch, meta.metrics, meta.size_bytes)
        for name, meta in list_checkpoints(folder.checkpoints)
        if is_whole(folder.checkpoints / name, meta)
    ]
    return _best_first(found)


def trained_runs(home: Home) -> list[TrainedRun]:
    """List the trainings that have a checkpoint, newest first. Reads the disk: never in the GUI's thread.

    Raises:
        UserError: one of the store's.
    """
    if not home.store_path.exists():
        return []
    with Store.open(home.store_path) as store:
        told = [(row, store.checkpoints(row.run)) for row in store.runs("train")]
    trained: list[TrainedRun] = []
    for row, listed in told:
        folder = RunFolder(home.runs / row.run)
        found = [
            CheckpointFact(entry.name, entry.epoch, entry.metrics, entry.size_bytes)
            for entry in listed
            if is_here(folder.checkpoints / entry.name)
        ]
        if found:
            trained.append(TrainedRun(row, _best_first(found), folder.path))
    return trained


def is_here(checkpoint: Path) -> bool:
    """Say whether all of a checkpoint lies on this disk: it may have been removed by hand, or left elsewhere."""
    try:
        return is_whole(checkpoint, read_meta(checkpoint))
    except UserError:
        return False


def preferred_run(trained: list[TrainedRun]) -> TrainedRun | None:
    """The run whose model is taken unless the user says otherwise: the newest that has ended, else the newest."""
    return next((run for run in trained if run.is_finished), trained[0] if trained else None)


def _best_first(found: list[CheckpointFact]) -> tuple[CheckpointFact, ...]:
    newest_first = found[::-1]
    return tuple(sorted(newest_first, key=lambda fact: _ORDER.get(fact.name, len(_ORDER))))
