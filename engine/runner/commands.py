"""Give a run an order: a file for its worker, or, while it waits in the queue, a change of the queue."""

from __future__ import annotations

import shutil

from engine.errors import UserError
from engine.protocol.commands import CommandKind, write_command
from engine.protocol.disk import write_error
from engine.protocol.events import RunEnded
from engine.protocol.home import Home
from engine.protocol.job import ACTIVE_STATES
from engine.protocol.run_folder import RunFolder
from engine.runner.supervision import add_supervision
from engine.store.database import Store
from engine.store.runs import RunRow

_ENDING = ("stop", "cancel")


def send_command(folder: RunFolder, kind: CommandKind, home: Home | None = None) -> int:
    """Write the order and give its number; 0 when it was carried out at once, on a run that only waited.

    Raises:
        UserError: `run_waiting` or `run_not_active` for a run that no process works on; `disk_full`.
    """
    home = home or Home(folder.path.parents[1])
    with Store.open(home.store_path) as store:
        row = store.run(folder.run)
        if row.state == "queued" and kind in _ENDING and _take_out(store, folder, row, kind):
            return 0
        row = store.run(folder.run)
        if row.state in ACTIVE_STATES or row.run in store.leases():
            # A lease without an active state: just claimed, silent, or waiting to be tried again.
            try:
                return write_command(folder.commands, kind, row.attempt)
            except OSError as error:
                raise write_error(error, folder.commands) from error
    if row.state == "queued":
        raise UserError(
            "run_waiting",
            f"Run {row.run} waits in the queue, so there is nothing to {kind.replace('_', ' ')}.",
            f"Take it out with `lensmith runs cancel {row.run}`, or hold the queue with `lensmith queue pause`.",
        )
    raise UserError(
        "run_not_active",
        f"Run {row.run} is {row.state}; no process works on it.",
        f"Start it again with `lensmith runs resume {row.run}`."
        if row.state in ("paused", "stopped", "failed", "lost")
        else f"See it with `lensmith runs show {row.run}`.",
    )


def discard(folder: RunFolder) -> None:
    """Remove what a run has produced: the user wanted it gone."""
    for produced in (folder.checkpoints, folder.results, folder.exports):
        shutil.rmtree(produced, ignore_errors=True)


def _take_out(store: Store, folder: RunFolder, row: RunRow, kind: CommandKind) -> bool:
    """End a waiting run; one that was trained before and is stopped stays as it was. False when it waits no more."""
    keeps = kind == "stop" and row.attempt > 1
    with store.transaction():
        if not store.dequeue(row.run):
            return False
        ended = RunEnded(state="stopped" if keeps else "cancelled")
        told = add_supervision(folder.attempt(row.attempt), ended)
        store.ingest(row.run, row.attempt, "supervision", told)
    if not keeps:
        discard(folder)
    return True
