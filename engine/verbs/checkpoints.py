"""Which checkpoint a user means: a run with a checkpoint's name, or a checkpoint's own folder."""

from __future__ import annotations

from pathlib import Path

from engine.errors import UserError
from engine.protocol.checkpoint import META_NAME, list_checkpoints
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store
from engine.verbs.reply import Session

PREFERRED = ("best", "last")


def checkpoint_of(session: Session, run_or_folder: str, name: str | None = None) -> Path:
    """Find a checkpoint's folder; without a name the best one, else the last.

    Raises:
        UserError: `run_unknown`, or `checkpoint_unknown` naming those there are.
    """
    path = Path(run_or_folder)
    if name is None and (path / META_NAME).is_file():
        return path.resolve()
    with Store.open(session.home.ensure().store_path) as store:
        run = store.run(run_or_folder).run
    folder = RunFolder(session.home.runs / run)
    return checkpoint_in(folder, name)


def checkpoint_in(folder: RunFolder, name: str | None = None) -> Path:
    """Find a run's checkpoint by name; same rules and errors as `checkpoint_of`."""
    there = [found for found, _ in list_checkpoints(folder.checkpoints)]
    wanted = [name] if name is not None else list(PREFERRED)
    for candidate in wanted:
        if candidate in there:
            return folder.checkpoints / candidate
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
