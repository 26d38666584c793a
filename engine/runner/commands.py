"""Give a run an order: a file for its worker, or, while it waits in the queue, a change of the queue."""

from __future__ import annotations

from engine.errors import UserError
from engine.protocol.commands import CommandKind, write_command
from engine.protocol.events import RunEnded
from engine.protocol.home import Home
from engine.protocol.job import ACTIVE_STATES
from engine.protocol.run_folder import RunFolder
from engine.runner.supervision import add_supervision
from engine.store.database import Store

_TAKE_OUT = ("stop", "cancel")


def send_command(folder: RunFolder, kind: CommandKind, home: Home | None = None) -> int:
    """Write the order and give its number; 0 when it was carried out at once, on a run that only waited.

    Raises:
        UserError: `run_not_active` for a run that no process works on.
    """
    home = home or Home(folder.path.parents[1])
    with Store.open(home.store_path) as store:
        row = store.run(folder.run)
        if row.state in ACTIVE_STATES:
            return write_command(folder.commands, kind, row.attempt)
        if row.state == "queued" and kind in _TAKE_OUT and store.dequeue(row.run):
            told = add_supervision(folder.attempt(row.attempt), RunEnded(state="cancelled"))
            store.ingest(row.run, row.attempt, "supervision", told)
            return 0
        if row.state == "queued" and row.run in store.leases():
            return write_command(folder.commands, kind, row.attempt)
    if row.state == "queued":
        raise UserError(
            "run_waiting",
            f"Run {row.run} waits in the queue, so there is nothing to {kind.replace('_', ' ')}.",
            "Take it out with `lensmith runs cancel`, or hold the queue with `lensmith queue pause`.",
        )
    raise UserError(
        "run_not_active",
        f"Run {row.run} is {row.state}; no process works on it.",
        f"Start it again with `lensmith runs resume {row.run}`."
        if row.state in ("paused", "stopped", "failed", "lost")
        else f"See it with `lensmith runs show {row.run}`.",
    )
