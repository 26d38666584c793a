"""Write what a measurement found: RUN/results/0001 with summary, confusion matrix, per-image columns and arrays."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from engine.protocol.disk import write_error
from engine.protocol.operating_system import replace_file
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import write_record
from engine.tasks.task import Judgement

SUMMARY_NAME = "summary.json"
CONFUSION_NAME = "confusion.npy"
DRAFT_PREFIX = ".draft-"
"""Of folders that are being written."""


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
    is_labelled: bool = True
    left_out: int = 0
    seen_in_training: int = 0
    classes_left_out: tuple[str, ...] = ()


def write_result(results: Path, judgement: Judgement, facts: ResultFacts) -> ResultSummary:
    """Write the next result folder, all at once; its name is the summary's `folder`-number in `results`.

    Raises:
        UserError: `disk_full` and its like.
    """
    draft = results / f"{DRAFT_PREFIX}{os.getpid()}"
    summary = summary_of(judgement, facts)
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        save_parts(draft, judgement, per_image=facts.per_image)
        write_record(draft / SUMMARY_NAME, summary)
        replace_file(draft, next_folder(results))
    except OSError as error:
        raise write_error(error, results) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return summary


def save_parts(folder: Path, judgement: Judgement, *, per_image: bool) -> None:
    """Write everything but the summary into a folder."""
    if judgement.confusion is not None:
        np.save(folder / CONFUSION_NAME, judgement.confusion, allow_pickle=False)
    for name, column in judgement.columns.items() if per_image else ():
        np.save(folder / column_file(name), column, allow_pickle=False)
    for name in kept_arrays(judgement, per_image=per_image):
        np.save(folder / array_file(name), judgement.arrays[name], allow_pickle=False)


def kept_arrays(judgement: Judgement, *, per_image: bool) -> tuple[str, ...]:
    """Names of the arrays that are written."""
    return tuple(name for name in judgement.arrays if per_image or name in judgement.curves)


def array_file(name: str) -> str:
    """Name of the file that holds an array which is not one row an image."""
    return f"{name}.npy"


def column_file(name: str) -> str:
    """Name of the file that holds a per-image column, first axis the image."""
    return f"image_{name}.npy"


def newest_folder(results: Path) -> str | None:
    """Name of the result that was written last, or None."""
    names = numbered(results)
    return names[-1] if names else None


def next_folder(results: Path) -> Path:
    """The first free running number above all that are there."""
    names = numbered(results)
    return results / f"{int(names[-1]) + 1 if names else 1:04d}"


def numbered(results: Path) -> list[str]:
    """Names of the results that are there, the oldest first."""
    entries = results.iterdir() if results.is_dir() else iter(())
    return sorted((entry.name for entry in entries if entry.name.isdigit()), key=int)


def summary_of(judgement: Judgement, facts: ResultFacts) -> ResultSummary:
    """Give the summary that stands beside what `save_parts` writes."""
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
        is_labelled=facts.is_labelled,
        left_out=facts.left_out,
        seen_in_training=facts.seen_in_training,
        classes_left_out=facts.classes_left_out,
        metrics={f"{facts.prefix}/{name}": value for name, value in judgement.metrics.items()},
        per_class=judgement.per_class,
        columns=tuple(judgement.columns) if facts.per_image else (),
        arrays=kept_arrays(judgement, per_image=facts.per_image),
        curves=tuple(judgement.curves),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
