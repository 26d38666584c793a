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
from engine.errors import UserError
from engine.protocol.disk import saving_error
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
        UserError: `disk_full`, `file_not_saved`, or `mask_gone`; nothing is left of what failed.
    """
    try:
        masks = free_name(path.parent, f"{path.stem}-masks", "")
        try:
            write_atomic(path, _text(wanted, masks).encode("utf-8", errors="replace"))
        except BaseException:
            shutil.rmtree(masks, ignore_errors=True)
            raise
    except OSError as error:
        raise saving_error(error, path) from error
    return sum(entry.record is not None for entry in wanted.predictions)


def _text(wanted: Save, masks: Path) -> str:
    if wanted.kind == "csv":
        return to_csv(wanted.predictions, wanted.answers, wanted.threshold)
    kept = _with_masks(masks, wanted.predictions)
    return to_json(kept, wanted.answers, wanted.threshold, wanted.checkpoint)


def _with_masks(folder: Path, predictions: Sequence[Prediction]) -> list[Prediction]:
    """Copy the masks into a new folder beside the file; the records name them relative to it."""
    kept: list[Prediction] = []
    for entry in predictions:
        record = entry.record
        if record is not None and record.mask is not None:
            folder.mkdir(exist_ok=True)
            copied = folder / Path(record.mask).name
            if not Path(record.mask).is_file():
                raise UserError(
                    "mask_gone",
                    f"The mask that the model gave for {entry.source.name} is not in the cache any more.",
                    "Choose the model again, so that it looks at the images anew; then save.",
                )
            shutil.copyfile(record.mask, copied)
            told = record.model_copy(update={"mask": copied.relative_to(folder.parent).as_posix()})
            entry = replace(entry, record=told)
        kept.append(entry)
    return kept
