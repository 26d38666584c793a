"""`lensmith evaluate`: measure a trained model on a split, as a run of its own."""

from __future__ import annotations

import argparse

import numpy as np
from rich.console import Group

from engine.errors import UserError
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import RunFolder, read_record
from engine.verbs.derived import Derived, run_derived
from engine.verbs.reply import Parsers, Reply, Session, table

MOST_SHOWN = 20
"""Classes of a confusion matrix that fit a terminal."""


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    evaluate = parsers.add_parser("evaluate", parents=[shared], help="measure a trained model on a split")
    evaluate.add_argument("run_id", metavar="RUN", help="id, beginning of an id, or name")
    evaluate.add_argument("--data", default=None, help="default: the dataset it was trained on")
    evaluate.add_argument(
        "--split", default="test", choices=("train", "val", "test"), help="which part of the dataset"
    )
    evaluate.add_argument("--checkpoint", default=None, help="best (default), last, epoch-0010 …")
    evaluate.set_defaults(run=evaluate_run)


def evaluate_run(session: Session, arguments: argparse.Namespace) -> Reply:
    folder = run_derived(
        session,
        Derived(
            "evaluate", arguments.run_id, arguments.checkpoint, arguments.data, {"split": arguments.split}
        ),
    )
    summary = result_of(folder)
    rows = [(name, f"{value:.4f}") for name, value in summary.metrics.items()]
    columns = tuple(summary.per_class)
    classes = [
        (name, *(_number(summary.per_class[column].get(name)) for column in columns))
        for name in summary.class_names
    ]
    title = f"{summary.images} images of {summary.dataset} ({summary.split}), checkpoint {summary.checkpoint}"
    confusion = confusion_of(folder)
    data = {
        "test_run": folder.run,
        "metrics": summary.metrics,
        "per_class": summary.per_class,
        "classes": list(summary.class_names),
        "confusion": confusion,
        "images": summary.images,
        "folder": str(folder.path),
    }
    parts = [title, table(("Metric", "Value"), rows), "", table(("Class", *columns), classes)]
    if confusion and len(summary.class_names) <= MOST_SHOWN:
        # A detector also finds what is not there, and misses what is.
        names = (*summary.class_names, "background")[: len(confusion)]
        heading = ("True class, then what it was called", *names)
        counts = [(name, *row) for name, row in zip(names, confusion, strict=True)]
        parts += ["", table(heading, counts)]
    return Reply(data, Group(*parts))


def confusion_of(folder: RunFolder) -> list[list[int]]:
    """Read the confusion matrix of a run's newest result: rows are the true classes, columns the predicted ones."""
    found = sorted(folder.results.glob("*/confusion.npy"))
    return np.load(found[-1], allow_pickle=False).tolist() if found else []


def result_of(folder: RunFolder) -> ResultSummary:
    """Read the newest result of a run.

    Raises:
        UserError: `result_missing`.
    """
    found = sorted(entry for entry in folder.results.glob("*/summary.json"))
    if not found:
        raise UserError(
            "result_missing",
            f"Run {folder.run} has left no result.",
            f"See why: lensmith runs log {folder.run}",
        )
    return read_record(found[-1], ResultSummary)


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:g}" if value == int(value) and value > 1 else f"{value:.3f}"
