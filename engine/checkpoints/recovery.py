"""Checkpoint folders take their names all at once; what a kill between two renames left behind is mended here."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from engine.protocol.checkpoint import META_NAME
from engine.protocol.operating_system import replace_file, sync_folder

_DRAFT = ".draft-"
_OLD = ".old-"


def draft_folder(target: Path) -> Path:
    """Make an empty folder beside `target` to write the checkpoint in; leftovers of earlier tries go away."""
    draft = target.with_name(f"{_DRAFT}{target.name}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    return draft


def remove_draft(target: Path) -> None:
    """Delete what `draft_folder` made, if it is still there."""
    shutil.rmtree(target.with_name(f"{_DRAFT}{target.name}"), ignore_errors=True)


def publish(draft: Path, target: Path) -> None:
    """Give the finished draft its name. At every moment the old or the new checkpoint is there to be found."""
    old = target.with_name(f"{_OLD}{target.name}")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        replace_file(target, old)
    try:
        replace_file(draft, target)
    except OSError:
        if old.exists():
            replace_file(old, target)
        raise
    sync_folder(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def remove_checkpoint(folder: Path) -> None:
    """Delete a checkpoint; it stops being one at once, however long its files take."""
    old = folder.with_name(f"{_OLD}{folder.name}")
    shutil.rmtree(old, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        replace_file(folder / META_NAME, folder / f"{_OLD}{META_NAME}")
    with contextlib.suppress(FileNotFoundError):
        replace_file(folder, old)
    shutil.rmtree(old, ignore_errors=True)


def recover_interrupted(checkpoints: Path) -> list[str]:
    """Finish or undo renames that were cut off, and delete drafts. Gives the names that were brought back.

    To be called only while nobody writes into `checkpoints`.
    """
    recovered: list[str] = []
    for half_removed in sorted(checkpoints.glob(f"*/{_OLD}{META_NAME}")):
        shutil.rmtree(half_removed.parent, ignore_errors=True)
    for prefix in (_DRAFT, _OLD):
        for leftover in sorted(checkpoints.glob(f"{prefix}*")):
            target = checkpoints / leftover.name.removeprefix(prefix)
            # A draft is complete once its meta.json is there: that is written last.
            if (leftover / META_NAME).is_file() and not target.exists():
                replace_file(leftover, target)
                recovered.append(target.name)
            else:
                shutil.rmtree(leftover, ignore_errors=True)
    return recovered
