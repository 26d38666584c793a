"""From the name in attempt.json to the executor that carries it out."""

from __future__ import annotations

from engine.errors import UserError
from engine.executors.executor import Executor
from engine.executors.local import LocalExecutor


def executor_named(name: str) -> Executor:
    """Make the executor.

    Raises:
        UserError: `executor_unknown`.
    """
    if name == "local":
        return LocalExecutor()
    raise UserError(
        "executor_unknown", f"This version of Lensmith cannot run on {name!r}.", "Update it, or run locally."
    )
