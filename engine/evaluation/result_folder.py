"""Write what a measurement found: RUN/results/0001 with summary, confusion matrix, per-image columns and masks."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from engine.protocol.disk import write_error
from engine.protocol.operating_system import replace_file
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import write_record
from engine.tasks.task import Judgement

SUMMARY_NAME = "summary.json"
CONFUSION_NAME = "confusion.npy"
MASK_FOLDER = "masks"


@dataclass(frozen=True, slots=True)
class ResultFacts:
    """What a judgement does not know about itself."""

    task: str
    split: str
    prefix: str
    """Of the metrics: `val` or `test`."""
    epoch: int
    step: int
    class_names: tuple[str, ...]
    dataset: str = ""
    dataset_version: str = ""
    checkpoint: str | None = None
    weights_sha256: str = ""
    per_image: bool = True


def write_result(results: Path, judgement: Judgement, facts: ResultFacts) -> ResultSummary:
    """Write the next result folder, all at once; its name is the summary's `folder`-number in `results`.

    Raises:
        UserError: `disk_full` and its like.
    """
    draft = results / f".draft-{os.getpid()}"
    summary = _summary(judgement, facts)
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        _save_arrays(draft, judgement, facts)
        write_record(draft / SUMMARY_NAME, summary)
        replace_file(draft, next_folder(results))
    except OSError as error:
        raise write_error(error, results) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return summary


def _save_arrays(draft: Path, judgement: Judgement, facts: ResultFacts) -> None:
    if judgement.confusion is not None:
        np.save(draft / CONFUSION_NAME, judgement.confusion, allow_pickle=False)
    if not facts.per_image:
        return
    for name, column in judgement.columns.items():
        np.save(draft / column_file(name), column, allow_pickle=False)
    for name, array in judgement.arrays.items():
        np.save(draft / array_file(name), array, allow_pickle=False)
    if judgement.masks:
        (draft / MASK_FOLDER).mkdir()
    for row, mask in enumerate(judgement.masks):
        encoded = cv2.imencode(".png", mask)[1]
        (draft / MASK_FOLDER / mask_file(row)).write_bytes(encoded.tobytes())


def array_file(name: str) -> str:
    """Name of the file that holds an array which is not one row an image."""
    return f"{name}.npy"


def mask_file(row: int) -> str:
    """Name, in `masks`, of the PNG with what was predicted for the image in a row of the columns."""
    return f"{row:06d}.png"


def column_file(name: str) -> str:
    """Name of the file that holds a per-image column, first axis the image."""
    return f"image_{name}.npy"


def newest_folder(results: Path) -> str | None:
    """Name of the result that was written last, or None."""
    names = _numbered(results)
    return names[-1] if names else None


def next_folder(results: Path) -> Path:
    """The first free running number above all that are there."""
    names = _numbered(results)
    return results / f"{int(names[-1]) + 1 if names else 1:04d}"


def _numbered(results: Path) -> list[str]:
    entries = results.iterdir() if results.is_dir() else iter(())
    return sorted((entry.name for entry in entries if entry.name.isdigit()), key=int)


def _summary(judgement: Judgement, facts: ResultFacts) -> ResultSummary:
    return ResultSummary(
        task=facts.task,
        split=facts.split,
        epoch=facts.epoch,
        step=facts.step,
        checkpoint=facts.checkpoint,
        weights_sha256=facts.weights_sha256,
        dataset=facts.dataset,
        dataset_version=facts.dataset_version,
        class_names=facts.class_names,
        images=judgement.images,
        metrics={f"{facts.prefix}/{name}": value for name, value in judgement.metrics.items()},
        per_class=judgement.per_class,
        columns=tuple(judgement.columns) if facts.per_image else (),
        arrays=tuple(judgement.arrays) if facts.per_image else (),
        masks=len(judgement.masks) if facts.per_image else 0,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
