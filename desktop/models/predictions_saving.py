"""Saves predictions as a table or as JSON, and keeps pictures that are needed for a while: pasted ones, masks."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from PySide6.QtGui import QImage

from desktop.models.answer import AnswerView
from desktop.models.predictions import Prediction, to_csv, to_json
from engine.errors import UserError
from engine.protocol.disk import write_error
from engine.protocol.home import Home
from engine.protocol.run_folder import write_atomic

Kind = Literal["csv", "json"]
_KEPT_S = 24 * 3600.0
"""Pasted pictures older than this are removed when others are pasted."""


@dataclass(frozen=True, slots=True)
class Save:
    """What is saved, and how it was made."""

    kind: Kind
    predictions: tuple[Prediction, ...]
    answers: AnswerView
    threshold: float
    checkpoint: str
    """`run / best`."""


def free_name(folder: Path, stem: str, suffix: str) -> Path:
    """Give a file of this name that does not exist: `predictions.csv`, else `predictions-2.csv` …"""
    path = folder / f"{stem}.{suffix}"
    number = 2
    while path.exists():
        path = folder / f"{stem}-{number}.{suffix}"
        number += 1
    return path


def save(path: Path, wanted: Save) -> int:
    """Write the file whole, and say how many files it tells of. Never in the GUI's thread.

    JSON names masks by their files: they are copied into a folder beside it.

    Raises:
        UserError: `disk_full` and its like.
    """
    try:
        if wanted.kind == "csv":
            text = to_csv(wanted.predictions, wanted.answers, wanted.threshold)
        else:
            kept = _with_masks(path, wanted.predictions)
            text = to_json(kept, wanted.answers, wanted.threshold, wanted.checkpoint)
        write_atomic(path, text.encode("utf-8", errors="replace"))
    except OSError as error:
        raise write_error(error, path) from error
    return sum(entry.record is not None for entry in wanted.predictions)


def _with_masks(path: Path, predictions: Sequence[Prediction]) -> list[Prediction]:
    """Copy the masks beside the file; the records name them relative to it."""
    folder = path.parent / f"{path.stem}-masks"
    kept: list[Prediction] = []
    for entry in predictions:
        record = entry.record
        if record is not None and record.mask is not None:
            folder.mkdir(exist_ok=True)
            copied = folder / Path(record.mask).name
            shutil.copyfile(record.mask, copied)
            told = record.model_copy(update={"mask": copied.relative_to(path.parent).as_posix()})
            entry = replace(entry, record=told)
        kept.append(entry)
    return kept


def masks_folder(home: Home) -> Path:
    """Give the folder for masks that models draw, without those of other days. Never in the GUI's thread.

    Raises:
        UserError: `disk_full` and its like.
    """
    folder = home.cache / "predicted-masks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_old(list(folder.glob("*.png")))
    except OSError as error:
        raise write_error(error, folder) from error
    return folder


def keep_pasted(home: Home, image: QImage) -> Path:
    """Write a picture from the clipboard into the cache. Never in the GUI's thread.

    Raises:
        UserError: `disk_full` and its like, `paste_failed`.
    """
    folder = home.cache / "pasted"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_old(list(folder.glob("*.png")))
        path = free_name(folder, f"pasted-{time.strftime('%H%M%S')}", "png")
    except OSError as error:
        raise write_error(error, folder) from error
    if not image.save(str(path)):
        raise UserError(
            "paste_failed",
            f"The pasted picture cannot be written to {folder}.",
            "Free some space, or save the picture as a file and drop that.",
        )
    return path


def _remove_old(files: Sequence[Path]) -> None:
    for path in files:
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _KEPT_S:
                path.unlink()
