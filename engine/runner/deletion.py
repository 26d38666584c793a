"""Runs into the trash and back."""

from __future__ import annotations

import shutil

from engine.errors import UserError
from engine.protocol.home import Home
from engine.store.database import Store


def delete_run(run: str, home: Home) -> None:
    """Move a run's folder to the trash and hide the run; a waiting run leaves the queue.

    Raises:
        UserError: `run_folder_busy` when the folder cannot be moved.
    """
    home.trash.mkdir(parents=True, exist_ok=True)
    folder = home.runs / run
    with Store.open(home.store_path) as store:
        store.dequeue(run)
        if folder.exists():
            try:
                shutil.move(folder, home.trash / run)
            except OSError as error:
                raise UserError(
                    "run_folder_busy",
                    f"The folder of run {run} cannot be moved to the trash ({error.strerror or error}).",
                    "Close the programs that use it, then try again.",
                ) from error
        store.set_trashed(run, True)


def restore_run(run: str, home: Home) -> None:
    """Take a run back out of the trash.

    Raises:
        UserError: `run_not_in_trash`.
    """
    trashed = home.trash / run
    if not trashed.is_dir():
        there = sorted(entry.name for entry in home.trash.iterdir()) if home.trash.is_dir() else []
        raise UserError(
            "run_not_in_trash",
            f"The trash holds no run {run!r}.",
            f"It holds: {', '.join(there) or 'nothing'}.",
        )
    shutil.move(trashed, home.runs / run)
    with Store.open(home.store_path) as store:
        store.set_trashed(run, False)
