"""Which checkpoint a user means: a run with a checkpoint's name, or a checkpoint's own folder."""

from __future__ import annotations

from pathlib import Path

from engine.protocol.checkpoint import META_NAME
from engine.protocol.run_folder import RunFolder
from engine.runner.derived import checkpoint_in
from engine.store.database import Store
from engine.verbs.reply import Session


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
