"""Runs that work on another run's model: evaluation and export, with the plugin's source frozen in that run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from engine.errors import UserError
from engine.protocol.catalog import ModelMetadata, PluginEntry
from engine.protocol.job import Failure, JobKind
from engine.protocol.run_folder import RunFolder
from engine.runner.submit import SubmitRequest, submit
from engine.store.database import Store
from engine.verbs.checkpoints import checkpoint_in
from engine.verbs.reply import Session
from engine.verbs.train import follow_to_end


@dataclass(frozen=True, slots=True)
class Derived:
    """What to do with which checkpoint of which run."""

    kind: JobKind
    parent: str
    """Id, unique prefix or name of the trained run."""
    checkpoint: str | None = None
    dataset: str | None = None
    """None takes the dataset of the parent."""
    options: dict[str, object] = field(default_factory=dict[str, object])


def run_derived(session: Session, wanted: Derived) -> RunFolder:
    """Enqueue, follow to the end, and give the run's folder.

    Raises:
        UserError: `run_unknown`, `checkpoint_unknown`, or what the run failed with.
    """
    home = session.home.ensure()
    with Store.open(home.store_path) as store:
        row = store.run(wanted.parent)
    parent = RunFolder(home.runs / row.run)
    checkpoint = checkpoint_in(parent, wanted.checkpoint)
    job = parent.job()
    if job.dataset is None:
        raise UserError("run_without_dataset", f"Run {row.run} has no dataset.", "Choose a training run.")
    single = parent.plugin / job.plugin.file
    entry = PluginEntry(
        id=job.plugin.id,
        model=job.plugin.model,
        folder=str(parent.plugin if job.plugin.file == "model.py" else single),
        source_hash=job.plugin.source_hash,
        metadata=ModelMetadata(name=job.plugin.model, task_type=job.task),
    )
    run = submit(
        SubmitRequest(
            entry=entry,
            dataset=wanted.dataset or job.dataset.name,
            config=parent.effective_config(),
            preset=None,
            name=f"{wanted.kind} {row.name or row.run}",
            resource=None,
            kind=wanted.kind,
            task_options={"parent_run": row.run, "checkpoint": checkpoint.name, **wanted.options},
        ),
        home,
    )
    reply = follow_to_end(session, run)
    failure = cast("dict[str, object]", reply.data).get("failure")
    if failure is not None:
        told = Failure.model_validate(failure)
        raise UserError(told.code, told.message, told.hint)
    return RunFolder(Path(str(cast("dict[str, object]", reply.data)["folder"])))
