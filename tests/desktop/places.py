"""Runs on other machines as the engine leaves them, with no process behind them."""

from __future__ import annotations

from collections.abc import Sequence

from engine.protocol import events as said
from engine.protocol.events import Event
from engine.protocol.home import Home
from engine.protocol.job import AttemptSpec, DatasetRef, JobSpec, Placement, PluginRef, RunState
from engine.protocol.run_folder import RunFolder, write_record
from engine.runner.supervision import add_supervision
from engine.store.database import Store

GONE = said.Contact(host="box", reachable=False, last_seen=1_000.0, time=1_030.0)
BACK = said.Contact(host="box", reachable=True, last_seen=1_060.0, time=1_060.0)


def sending(done: int = 400, total: int = 1_000) -> said.Transfer:
    """The dataset on its way to the machine."""
    return said.Transfer(
        host="box",
        direction="there",
        what="data",
        done_bytes=done,
        total_bytes=total,
        bytes_per_s=100.0,
        eta_s=6.0,
    )


def put_moved(
    home: Home,
    run: str,
    places: Sequence[str],
    state: RunState = "running",
    told: Sequence[Event] = (),
    epochs_each: int = 2,
    version: str = "abc",
) -> RunFolder:
    """A training that was on these machines one after the other, some epochs on each.

    Args:
        home: the user's folder.
        run: id and name.
        places: `local` or `ssh:NAME`, one an attempt.
        state: of the last attempt; the others were paused. In preparing and queued it has measured nothing there.
        told: by the runner of the last attempt, after its first states.
        epochs_each: validated on each machine.
        version: of the dataset `pictures`.
    """
    home.ensure()
    folder = RunFolder(home.runs / run)
    job = JobSpec(
        run=run,
        name=run,
        created="2026-01-01T00:00:00+00:00",
        plugin=PluginRef(id="tiny", model="Tiny", source_hash="0" * 64),
        dataset=DatasetRef(name="pictures", version=version),
        config={"epochs": epochs_each * len(places)},
    )
    write_record(folder.job_path, job)
    with Store.open(home.store_path) as store:
        store.add_run(job)
        for number, place in enumerate(places, 1):
            device = "cpu" if place == "local" else "cuda:0"
            placement = Placement(executor=place, resource=device)
            reason = "start" if number == 1 else "move"
            spec = AttemptSpec(attempt=number, reason=reason, placement=placement)
            write_record(folder.attempt(number).spec_path, spec)
            is_last = number == len(places)
            now = state if is_last else "paused"
            way = _way(now)
            states = [said.StateChanged(state=step, attempt=number) for step in way]
            supervised = add_supervision(folder.attempt(number), *states, *(told if is_last else ()))
            store.ingest(run, number, "supervision", supervised)
            if "starting" in way:
                events = _worked(now, device, range((number - 1) * epochs_each + 1, number * epochs_each + 1))
                numbered = [event.model_copy(update={"seq": seq}) for seq, event in enumerate(events)]
                store.ingest(run, number, "worker", numbered)
            if is_last and state in ("preparing", "running"):
                store.lease(run, placement.lease)
            elif is_last and state == "queued":
                store.enqueue(run, number, place if place != "local" else None)
    return folder


def _way(state: RunState) -> tuple[RunState, ...]:
    whole: tuple[RunState, ...] = ("queued", "preparing", "starting")
    return whole[: whole.index(state) + 1] if state in whole else whole


def _worked(state: RunState, device: str, epochs: range) -> list[Event]:
    events: list[Event] = [said.RunStarted(kind="train", device=device), said.StateChanged(state="running")]
    for epoch in epochs:
        values = {"val/accuracy": 0.1 * epoch, "val/loss": 1.0 / epoch}
        events += [
            said.Progress(
                epoch=epoch, epochs=epochs.stop - 1, step=epoch * 10, steps_total=(epochs.stop - 1) * 10
            ),
            said.MetricsLogged(
                scope="step", epoch=epoch, step=epoch * 10, values={"train/loss": 1.0 / epoch}
            ),
            said.MetricsLogged(scope="validation", epoch=epoch, step=epoch * 10, values=values),
        ]
    if state not in ("running",):
        events.append(said.RunEnded(state=state))
    return events
