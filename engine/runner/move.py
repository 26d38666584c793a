"""Let a run go on elsewhere: released where it is, with a checkpoint, and continued there as its next attempt."""

from __future__ import annotations

from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.job import ACTIVE_STATES
from engine.protocol.moving import ask_to_move
from engine.protocol.run_folder import RunFolder, write_record
from engine.runner.attempts import RESUMABLE, NewAttempt, attempts_locked, enqueue_attempt, last_checkpoint
from engine.runner.commands import send_command
from engine.runner.queue import tick
from engine.runner.submit import wanted_device
from engine.store.database import Store


def move_run(run: str, home: Home, place: str) -> None:
    """Let a run go on at another place. One at work is released first and moves by itself, whoever watches.

    Args:
        run: id, unique prefix or name.
        home: the user's folder.
        place: `local` or `ssh:NAME`.

    Raises:
        UserError: `host_unknown`, `executor_unknown`, `run_there_already`, `run_not_movable`.
    """
    wanted = wanted_device(home, place, None)
    with Store.open(home.store_path) as store:
        row = store.run(run)
        holds = row.run in store.leases()
    folder = RunFolder(home.runs / row.run)
    spec = folder.latest_attempt().spec()
    if row.kind != "train" or row.state in ("completed", "cancelled"):
        raise UserError(
            "run_not_movable",
            f"Run {row.run} ({row.kind}) is {row.state}; there is nothing left to move.",
            "Only a training run that is not finished can go on elsewhere.",
        )
    if spec.placement.executor == place:
        raise UserError(
            "run_there_already", f"Run {row.run} is there already.", "Name another place, or resume it."
        )
    if row.state == "queued" and not holds:
        _requeue(folder, home, place, wanted)
    elif row.state in ACTIVE_STATES or holds:
        ask_to_move(folder, spec.attempt, place)
        # One whose machine is out of sight cannot be released: it goes on from what has come home.
        send_command(folder, "give_up" if row.state == "lost" else "pause", home)
    elif row.state in RESUMABLE:
        enqueue_attempt(folder, home, NewAttempt("move", last_checkpoint(folder), place=place))


def _requeue(folder: RunFolder, home: Home, place: str, wanted: str | None) -> None:
    """One that only waits changes its placement where it waits."""
    with attempts_locked(folder), Store.open(home.store_path) as store, store.transaction():
        if not store.is_waiting(folder.run):
            raise UserError(
                "run_not_movable",
                f"Run {folder.run} is just being started.",
                "Move it again in a moment.",
            )
        attempt = folder.latest_attempt()
        spec = attempt.spec()
        placement = spec.placement.model_copy(update={"executor": place, "resource": "cpu"})
        write_record(attempt.spec_path, spec.model_copy(update={"placement": placement}))
        store.enqueue(folder.run, attempt.number, wanted)
    tick(home)
