"""Rows of runs for tests of what shows them, and runs put into a store in any state, with no process behind them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from engine.protocol import events as said
from engine.protocol.events import Event
from engine.protocol.home import Home
from engine.protocol.job import AttemptSpec, DatasetRef, Failure, JobKind, JobSpec, PluginRef, RunState
from engine.protocol.run_folder import RunFolder, write_record
from engine.store.database import Store
from engine.store.runs import RunRow

ROW = RunRow(
    run="20260101-000000-aaaa",
    name="",
    kind="train",
    state="completed",
    attempt=1,
    epoch=4,
    epochs=4,
    step=40,
    steps_total=40,
    eta_s=None,
    images_per_s=None,
    best_metric="val/accuracy",
    best_value=0.5,
    best_epoch=3,
    created="2026-01-01T00:00:00+00:00",
    started=1000.0,
    ended=1060.0,
    failure=None,
    plugin="tiny",
    model="Tiny",
    task="classification",
    dataset="pets",
    dataset_version="abc",
    preset=None,
    config={},
    parent=None,
    device="cpu",
    trashed=False,
)
OUT_OF_MEMORY = Failure(
    cause="oom",
    code="out_of_memory",
    message="The memory was not enough.",
    hint="Retry with half the batch: `lensmith runs retry RUN --remedy`. Or take smaller images.",
    traceback="Traceback: deep inside",
)


def row(run: str, **changes: object) -> RunRow:
    """A row with an id (its name too, unless given), and what else is different."""
    return dataclasses.replace(ROW, run=run, **({"name": run} | changes))  # pyright: ignore[reportArgumentType]


_WAY: dict[str, Sequence[RunState]] = {
    "queued": (),
    "running": ("preparing", "starting", "running"),
    "held": ("preparing", "starting", "running", "held"),
}


def put_run(
    home: Home,
    run: str,
    state: RunState = "completed",
    config: dict[str, object] | None = None,
    also: Sequence[Event] = (),
    kind: JobKind = "train",
    parent: str | None = None,
) -> RunFolder:
    """Write a run folder and tell the store how the run came to its state.

    Args:
        home: the user's folder.
        run: id and name.
        state: the state it is in; a queued one stands in the queue.
        config: its settings.
        also: events of its worker while it ran.
        kind: train, evaluate or export.
        parent: what it was derived from.
    """
    home.ensure()
    folder = RunFolder(home.runs / run)
    job = JobSpec(
        run=run,
        kind=kind,
        name=run,
        created=f"2026-01-01T00:00:{len(list(home.runs.iterdir())):02}+00:00",
        plugin=PluginRef(id="tiny", model="Tiny", source_hash="0" * 64),
        dataset=DatasetRef(name="pets", version="abc"),
        config=config or {"epochs": 4, "batch_size": 8},
        task_options={"parent_run": parent} if parent is not None else {},
    )
    write_record(folder.job_path, job)
    write_record(folder.attempt(1).spec_path, AttemptSpec(attempt=1))
    way = _WAY.get(state, _WAY["running"])
    told: list[Event] = [said.StateChanged(state=step, attempt=1) for step in ("queued", *way)]
    if way:
        told.insert(-1, said.RunStarted(kind=kind, device="cpu", time=1000.0 + len(job.created)))
        told += also
    if state not in _WAY:
        failure = OUT_OF_MEMORY if state == "failed" else None
        told.append(said.RunEnded(state=state, failure=failure, time=2000.0))
    numbered = [event.model_copy(update={"seq": number}) for number, event in enumerate(told)]
    with Store.open(home.store_path) as store, store.transaction():
        store.add_run(job)
        store.ingest(run, 1, "supervision", numbered)
        if state == "queued":
            store.enqueue(run, 1)
        elif state in ("running", "held"):
            store.lease(run, "cpu")
    return folder


def progress(epoch: int, epochs: int = 4, eta_s: float | None = None) -> said.Progress:
    return said.Progress(epoch=epoch, epochs=epochs, step=10 * epoch, steps_total=10 * epochs, eta_s=eta_s)


def measured(epoch: int, **values: float) -> said.MetricsLogged:
    """Metrics of an epoch; `val_loss=1.0` is `val/loss`."""
    named = {name.replace("_", "/", 1): value for name, value in values.items()}
    return said.MetricsLogged(scope="validation", epoch=epoch, step=10 * epoch, values=named)
