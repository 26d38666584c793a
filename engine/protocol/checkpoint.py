"""What stands in a checkpoint's meta.json, and how a run's checkpoints are listed without torch."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from engine.errors import UserError
from engine.protocol.job import Frozen

CheckpointKind = Literal["last", "best", "auto", "manual"]
META_NAME = "meta.json"
WEIGHTS_NAME = "weights.safetensors"
STATE_NAME = "state.pt"
PLUGIN_CHECKPOINT = "plugin/checkpoint.pt"
"""What a full-control plugin is told to save to, relative to the checkpoint's folder."""


class CheckpointMeta(Frozen):
    """meta.json, written last: a folder without it is not a checkpoint."""

    schema_version: int = 1
    kind: CheckpointKind
    run: str
    attempt: int
    epoch: int
    """Finished epochs, counted from 1; 0 before the end of the first."""
    batch: int = 0
    """Batches of the unfinished epoch already trained on."""
    step: int
    """Optimizer steps done."""
    plugin: str
    plugin_hash: str
    config_hash: str
    task: str = "classification"
    class_names: tuple[str, ...] = ()
    input_size: tuple[int, int, int] = (3, 224, 224)
    """Channels, height, width."""
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    resize_method: str = "bilinear"
    metrics: dict[str, float] = Field(default_factory=dict)
    """By full name, `val/accuracy`."""
    files: dict[str, str] = Field(default_factory=dict)
    """sha256 (hex) by file name, for every other file of the folder."""
    size_bytes: int = 0
    created: str = ""


def read_meta(folder: Path) -> CheckpointMeta:
    """Read a checkpoint's meta.json.

    Raises:
        UserError: `checkpoint_missing` or `checkpoint_damaged`.
    """
    path = folder / META_NAME
    try:
        return CheckpointMeta.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise UserError(
            "checkpoint_missing",
            f"There is no complete checkpoint at {folder}.",
            "List the checkpoints of a run with `lensmith runs checkpoints RUN`.",
        ) from error
    except (ValidationError, OSError) as error:
        raise UserError(
            "checkpoint_damaged",
            f"The checkpoint {folder} cannot be read: {error}.",
            "Choose another checkpoint.",
        ) from error


def is_whole(folder: Path, meta: CheckpointMeta) -> bool:
    """Whether all its files are here; one made on another machine may have left them there."""
    return all((folder / name).is_file() for name in meta.files)


def list_checkpoints(folder: Path) -> list[tuple[str, CheckpointMeta]]:
    """List the complete checkpoints in a run's `checkpoints` folder, by step, then name.

    One that cannot be read, or goes away meanwhile, is left out: it must not hide the others.
    """
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    found: list[tuple[str, CheckpointMeta]] = []
    for entry in entries:
        if not entry.name.startswith("."):
            with contextlib.suppress(UserError):
                found.append((entry.name, read_meta(entry)))
    return sorted(found, key=lambda pair: (pair[1].step, pair[0]))
