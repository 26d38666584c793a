"""Which checkpoints go when there are enough of them: only those of every k-th epoch, the oldest first."""

from __future__ import annotations

import re
from pathlib import Path

from engine.checkpoints.recovery import remove_checkpoint
from engine.protocol.checkpoint import list_checkpoints

LAST = "last"
BEST = "best"
_EPOCH = re.compile(r"epoch-(\d+)")


def epoch_name(epoch: int) -> str:
    """Name of the checkpoint kept after the epoch with this number, counted from 1."""
    return f"epoch-{epoch:04d}"


def manual_name(step: int) -> str:
    """Name of a checkpoint that the user asked for."""
    return f"manual-{step:08d}"


def names_to_prune(names: list[str], keep: int) -> list[str]:
    """Say which of a run's checkpoints go: all `epoch-…` but the `keep` newest; others are never touched."""
    epochs = sorted((name for name in names if _EPOCH.fullmatch(name)), key=_number)
    return epochs[: max(0, len(epochs) - keep)]


def prune(checkpoints: Path, keep: int) -> list[str]:
    """Delete what `names_to_prune` names in the folder; gives the names."""
    names = names_to_prune([name for name, _ in list_checkpoints(checkpoints)], keep)
    for name in names:
        remove_checkpoint(checkpoints / name)
    return names


def _number(name: str) -> int:
    return int(name.removeprefix("epoch-"))
