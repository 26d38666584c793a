"""Runs that work on another run's model, evaluation and export, with the plugin's source frozen in that run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.datasets.split import ALL
from engine.errors import UserError
from engine.protocol.catalog import ModelMetadata, PluginEntry
from engine.protocol.checkpoint import is_whole, list_checkpoints, read_meta
from engine.protocol.home import Home
from engine.protocol.job import JobKind
from engine.protocol.run_folder import RunFolder
from engine.runner.given_data import GivenData, Wanted, give_data
from engine.runner.submit import MODEL_FILE, SubmitRequest, submit
from engine.store.database import Store

PREFERRED = ("best", "last")


@dataclass(frozen=True, slots=True)
class Derived:
    """What to do with which checkpoint of which run."""

    kind: JobKind
    parent: str
    """Id, unique prefix or name of the trained run."""
    checkpoint: str | None = None
    """None takes the best, else the last."""
    options: dict[str, object] = field(default_factory=dict[str, object])
    data: Wanted | None = None
    """What a test run measures on; None takes the dataset of the parent."""
    changes: Mapping[str, object] = field(default_factory=dict[str, object])
    """Settings that differ from those of the training: `batch_size`."""
    resource: str | None = None
    """`cpu`, `cuda:0`; None takes what is free first."""


def submit_derived(wanted: Derived, home: Home) -> str:
    """Enqueue such a run and give its id.

    Raises:
        UserError: `run_unknown`, `checkpoint_unknown`, `run_without_dataset`, or one of `submit`.
    """
    with Store.open(home.store_path) as store:
        row = store.run(wanted.parent)
    parent = RunFolder(home.runs / row.run)
    checkpoint = checkpoint_in(parent, wanted.checkpoint)
    given = None
    if wanted.data is not None:
        given = give_data(wanted.data, parent, read_meta(checkpoint), home)
    job = parent.job()
    if job.dataset is None:
        raise UserError("run_without_dataset", f"Run {row.run} has no dataset.", "Choose a training run.")
    single = parent.plugin / job.plugin.file
    entry = PluginEntry(
        id=job.plugin.id,
        model=job.plugin.model,
        folder=str(parent.plugin if job.plugin.file == MODEL_FILE else single),
        source_hash=job.plugin.source_hash,
        metadata=ModelMetadata(name=job.plugin.model, task_type=job.task),
    )
    request = SubmitRequest(
        entry=entry,
        dataset=given.manifest.name if given is not None else job.dataset.name,
        config={**parent.effective_config(), **wanted.changes},
        name=f"{wanted.kind} {row.name or row.run}",
        kind=wanted.kind,
        task_options={
            "parent_run": row.run,
            "checkpoint": checkpoint.name,
            **wanted.options,
            **(test_options(wanted.data, given) if wanted.data is not None and given is not None else {}),
        },
        resource=wanted.resource,
        given=given,
    )
    return submit(request, home)


def test_options(wanted: Wanted, given: GivenData) -> dict[str, object]:
    """What the options of a test run tell of its data."""
    return {"split": ALL if wanted.folder is not None else wanted.split, **given.told()}


def _at_home(folder: RunFolder, name: str) -> Path:
    path = folder.checkpoints / name
    if not is_whole(path, read_meta(path)):
        raise UserError(
            "checkpoint_elsewhere",
            f"The checkpoint {name} of run {folder.run} is still on the machine that made it.",
            f"Bring it home with `lensmith runs fetch {folder.run} --checkpoint {name}`.",
        )
    return path


def checkpoint_in(folder: RunFolder, name: str | None = None) -> Path:
    """Find a run's checkpoint by name; without one the best, else the last.

    Raises:
        UserError: `checkpoint_unknown` naming those there are; `checkpoint_elsewhere`.
    """
    there = [found for found, _ in list_checkpoints(folder.checkpoints)]
    wanted = [name] if name is not None else list(PREFERRED)
    for candidate in wanted:
        if candidate in there:
            return _at_home(folder, candidate)
    if not there:
        raise UserError(
            "checkpoint_unknown",
            f"Run {folder.run} has no checkpoint yet.",
            "Wait for the end of its first epoch, or save one: lensmith runs checkpoint RUN",
        )
    raise UserError(
        "checkpoint_unknown",
        f"Run {folder.run} has no checkpoint {' or '.join(wanted)}.",
        f"It has: {', '.join(there)}.",
    )
