"""Runs into the trash and back."""

from __future__ import annotations

import time

from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.job import ACTIVE_STATES
from engine.protocol.run_folder import RunFolder
from engine.runner.queue import has_runner
from engine.store.database import Store
from engine.store.rebuild import queue_again, take_run

_FINISHING_S = 10.0
"""How long the runner of a run that has just ended is given to let go of its folder."""
_POLL_S = 0.1


def delete_run(run: str, home: Home) -> None:
    """Move a run's folder to the trash and hide the run; a waiting run leaves the queue.

    Raises:
        UserError: `run_active` while a process works on it, `run_folder_busy` when the folder cannot be moved.
    """
    folder = RunFolder(home.runs / run)
    with Store.open(home.store_path) as store:
        with store.transaction():
            state = store.run(run).state
            if state in ACTIVE_STATES or run in store.leases():
                raise UserError(
                    "run_active",
                    f"Run {run} is {state} and a process works on it.",
                    f"Stop it first: `lensmith runs stop {run}`.",
                )
            store.dequeue(run)
        _wait_for_runner(folder)
        if folder.path.exists():
            _move(folder, home)
        store.set_trashed(run, True)


def restore_run(run: str, home: Home) -> str:
    """Take a run back out of the trash and give its id; one that waited in the queue waits again.

    Args:
        run: its id, or the beginning of one.
        home: the user's folder.

    Raises:
        UserError: `run_not_in_trash`, `run_ambiguous`.
    """
    there = sorted(entry.name for entry in home.trash.iterdir()) if home.trash.is_dir() else []
    found = [name for name in there if name == run] or [
        name for name in there if run and name.startswith(run)
    ]
    if not found:
        raise UserError(
            "run_not_in_trash",
            f"The trash holds no run {run!r}.",
            f"It holds: {', '.join(there) or 'nothing'}.",
        )
    if len(found) > 1:
        raise UserError(
            "run_ambiguous", f"{run!r} may mean several runs: {', '.join(found)}.", "Give the whole id."
        )
    folder = RunFolder(home.runs / found[0])
    (home.trash / found[0]).rename(folder.path)
    with Store.open(home.store_path) as store:
        if not store.is_known(folder.run):
            take_run(store, folder)
        store.set_trashed(folder.run, False)
        if store.run(folder.run).state == "queued":
            queue_again(store, folder)
    return folder.run


def _wait_for_runner(folder: RunFolder) -> None:
    """The last moments of a run's runner: what is still being tracked lies in the folder."""
    deadline = time.monotonic() + _FINISHING_S
    while has_runner(folder):
        if time.monotonic() > deadline:
            raise UserError(
                "run_folder_busy",
                f"Run {folder.run} has ended, but its last results are still being written.",
                "Try again in a minute.",
            )
        time.sleep(_POLL_S)


def _move(folder: RunFolder, home: Home) -> None:
    target = home.trash / folder.run
    try:
        home.trash.mkdir(parents=True, exist_ok=True)
        folder.path.rename(target)
    except OSError as error:
        raise UserError(
            "run_folder_busy",
            f"The folder of run {folder.run} cannot be moved to the trash ({error.strerror or error}).",
            "Close the programs that use it, then try again.",
        ) from error
