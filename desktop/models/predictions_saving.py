"""Saves predictions as a table or as JSON, with the masks that JSON names."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from desktop.models.answer import AnswerView
from desktop.models.predictions import Prediction, to_csv, to_json
from desktop.models.predictions_cache import free_name
from engine.protocol.disk import write_error
from engine.protocol.run_folder import write_atomic

Kind = Literal["csv", "json"]


@dataclass(frozen=True, slots=True)
class Save:
    """What is saved, and how it was made."""

    kind: Kind
    predictions: Sequence[Prediction]
    answers: AnswerView
    threshold: float
    checkpoint: str
    """`run / best`."""


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
    """Copy the masks into a new folder beside the file; the records name them relative to it."""
    folder = free_name(path.parent, f"{path.stem}-masks", "")
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
