"""Checkpoints that a user removes: hidden in the run's folder first, so that it can be undone; gone when purged."""

from __future__ import annotations

import shutil

from engine.errors import UserError
from engine.protocol.checkpoint import CheckpointMeta, list_checkpoints, read_meta
from engine.protocol.events import CheckpointRemoved, CheckpointSaved, Event
from engine.protocol.home import Home
from engine.protocol.job import ACTIVE_STATES
from engine.protocol.run_folder import RunFolder
from engine.runner.supervision import add_supervision
from engine.store.database import Store

_HIDDEN = ".removed-"
KEPT = ("best", "last")
"""What pruning leaves: what one deploys, and what one goes on from."""


def remove_checkpoint(run: str, name: str, home: Home) -> None:
    """Hide a checkpoint; `restore_checkpoint` brings it back until it is purged.

    Raises:
        UserError: `checkpoint_unknown`; `checkpoint_in_use` for the one a running training would go on from.
    """
    folder = RunFolder(home.runs / run)
    path = folder.checkpoints / name
    read_meta(path)
    with Store.open(home.store_path) as store:
        row = store.run(run)
        if row.state in ACTIVE_STATES | {"queued"} and name in _needed(folder):
            raise UserError(
                "checkpoint_in_use",
                f"The checkpoint {name} of run {run} is what the run goes on from.",
                "Delete it when the run has ended.",
            )
        hidden = folder.checkpoints / f"{_HIDDEN}{name}"
        shutil.rmtree(hidden, ignore_errors=True)
        try:
            path.rename(hidden)
        except OSError as error:
            raise UserError(
                "checkpoint_busy",
                f"The checkpoint {path} cannot be removed ({error.strerror or error}).",
                "Close the programs that use it, then try again.",
            ) from error
        _tell(store, folder, CheckpointRemoved(name=name))


def restore_checkpoint(run: str, name: str, home: Home) -> None:
    """Bring a removed checkpoint back.

    Raises:
        UserError: `checkpoint_unknown` when it was purged, or another of that name was saved meanwhile.
    """
    folder = RunFolder(home.runs / run)
    hidden = folder.checkpoints / f"{_HIDDEN}{name}"
    target = folder.checkpoints / name
    if not hidden.is_dir() or target.exists():
        raise UserError(
            "checkpoint_unknown",
            f"The checkpoint {name} of run {run} cannot be brought back.",
            "It was purged, or the run has saved another one of that name.",
        )
    meta = read_meta(hidden)
    hidden.rename(target)
    with Store.open(home.store_path) as store:
        _tell(store, folder, _saved(name, meta))


def prune_checkpoints(run: str, home: Home) -> list[str]:
    """Remove all checkpoints but the best and the last. Gives their names; `restore_checkpoint` undoes each."""
    folder = RunFolder(home.runs / run)
    names = [name for name, _ in list_checkpoints(folder.checkpoints) if name not in KEPT]
    needed = _needed(folder)
    removed = [name for name in names if name not in needed]
    for name in removed:
        remove_checkpoint(run, name, home)
    return removed


def purge_checkpoints(run: str, home: Home) -> None:
    """Free the space of what was removed."""
    for hidden in RunFolder(home.runs / run).checkpoints.glob(f"{_HIDDEN}*"):
        shutil.rmtree(hidden, ignore_errors=True)


def _needed(folder: RunFolder) -> set[str]:
    start = folder.latest_attempt().spec().from_checkpoint
    return {"last"} | ({start.removeprefix("checkpoints/")} if start else set())


def _tell(store: Store, folder: RunFolder, event: Event) -> None:
    attempt = folder.latest_attempt()
    told = add_supervision(attempt, event)
    store.ingest(folder.run, attempt.number, "supervision", told)


def _saved(name: str, meta: CheckpointMeta) -> CheckpointSaved:
    return CheckpointSaved(
        name=name,
        kind=meta.kind,
        epoch=meta.epoch,
        step=meta.step,
        metrics=meta.metrics,
        size_bytes=meta.size_bytes,
    )
