"""What the ready remedy of a failed run changes, in words."""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import UserError
from engine.protocol.job import Failure

_WORDS = {
    "batch_size": "batch size",
    "accumulate_steps": "accumulation",
    "optimizer.lr": "learning rate",
    "learning_rate": "learning rate",
    "lr": "learning rate",
}


def remedy_words(failure: Failure | None, config: Mapping[str, object]) -> str:
    """Say what a retry with the remedy changes, `Retry with batch size 8`; empty when the cause has none."""
    from engine.runner.attempts import remedy_for  # brings PIL, which the first frame does not wait for

    try:
        changes = remedy_for(failure, config)
    except UserError:
        return ""
    said = [
        f"{_WORDS.get(name, name)} {value:g}"
        for name, value in changes.items()
        if isinstance(value, int | float)
    ]
    return f"Retry with {' and '.join(said)}" if said else ""
