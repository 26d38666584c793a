"""Follow a run that works on another run's model to its end."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from engine.errors import UserError
from engine.protocol.job import Failure
from engine.protocol.run_folder import RunFolder
from engine.runner.derived import Derived, submit_derived
from engine.verbs.reply import Session
from engine.verbs.train import follow_to_end


def run_derived(session: Session, wanted: Derived) -> RunFolder:
    """Enqueue, follow to the end, and give the run's folder.

    Raises:
        UserError: one of `submit_derived`, or what the run failed with.
    """
    return run_to_end(session, submit_derived(wanted, session.home.ensure()))


def run_to_end(session: Session, run: str) -> RunFolder:
    """Follow a run that was enqueued to its end, and give its folder.

    Raises:
        UserError: what it failed with.
    """
    reply = follow_to_end(session, run)
    failure = cast("dict[str, object]", reply.data).get("failure")
    if failure is not None:
        told = Failure.model_validate(failure)
        raise UserError(told.code, told.message, told.hint)
    return RunFolder(Path(str(cast("dict[str, object]", reply.data)["folder"])))
