"""`lensmith evaluate`: measure a trained model on a split, another dataset or a folder, as a run of its own."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
from rich.console import Group

from engine.config.problems import nearest
from engine.datasets.split import ALL
from engine.errors import UserError
from engine.protocol.checkpoint import read_meta
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import RunFolder, read_record
from engine.runner.derived import Derived, checkpoint_in
from engine.runner.given_data import Wanted
from engine.store.database import Store
from engine.verbs.derived import run_derived
from engine.verbs.evaluate_folder import take_folder
from engine.verbs.reply import Parsers, Reply, Session, table
from engine.verbs.train import resource_of

MOST_SHOWN = 20
"""Classes of a confusion matrix that fit a terminal."""


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    evaluate = parsers.add_parser(
        "evaluate", parents=[shared], help="measure a trained model on a split, a dataset or a folder"
    )
    evaluate.add_argument("run_id", metavar="RUN", help="id, beginning of an id, or name")
    evaluate.add_argument(
        "--data",
        default=None,
        metavar="NAME|FOLDER",
        help="a dataset, or a folder: with labels it is imported for tests only, without them the model is just "
        "asked (default: the data it was trained on)",
    )
    evaluate.add_argument(
        "--split",
        default="test",
        choices=("train", "val", "test", ALL),
        help="which part of the dataset (test)",
    )
    evaluate.add_argument("--checkpoint", default=None, help="best (default), last, epoch-0010 …")
    evaluate.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="NAME=NAME",
        help="a class of the dataset is this class of the model; `NAME=` leaves it out",
    )
    evaluate.add_argument("--name", default=None, help="of a folder that is imported (its own name)")
    evaluate.add_argument(
        "--unlabelled", action="store_true", help="the folder's images have no labels, whatever it looks like"
    )
    evaluate.add_argument("--batch-size", type=int, default=None, help="images at once (as in training)")
    evaluate.add_argument("--gpus", default=None, metavar="N", help="which GPU; default: first free device")
    evaluate.set_defaults(run=evaluate_run)


def evaluate_run(session: Session, arguments: argparse.Namespace) -> Reply:
    """Wait for the end, and tell the metrics."""
    size = arguments.batch_size
    if size is not None and size < 1:
        raise UserError(
            "batch_size_invalid", f"--batch-size counts images, from 1 on, not {size}.", "Try 16."
        )
    wanted = _wanted(session, arguments)
    folder = run_derived(
        session,
        Derived(
            "evaluate",
            arguments.run_id,
            arguments.checkpoint,
            data=wanted,
            changes={} if size is None else {"batch_size": size},
            resource=resource_of(arguments.gpus),
        ),
    )
    return told(folder)


def told(folder: RunFolder) -> Reply:
    """Tell what a test run has found."""
    summary = result_of(folder)
    options = folder.job().task_options
    confusion = confusion_of(folder)
    dataset = folder.job().dataset
    data = {
        "test_run": folder.run,
        "parent": options.get("parent_run"),
        "checkpoint": summary.checkpoint,
        "dataset": dataset.name if dataset is not None else "",
        "split": summary.split,
        "labelled": summary.is_labelled,
        "metrics": summary.metrics,
        "per_class": summary.per_class,
        "classes": list(summary.class_names),
        "class_match": options.get("classes"),
        "confusion": confusion,
        "images": summary.images,
        "left_out": summary.left_out,
        "seen_in_training": summary.seen_in_training,
        "folder": str(folder.path),
    }
    parts: list[object] = [_title(summary, str(data["dataset"])), *_remarks(summary, options.get("classes"))]
    if summary.is_labelled:
        parts += _numbers(summary, confusion)
    else:
        parts += [
            "Nobody has told what they show, so there are no metrics. Look at the answers in the window."
        ]
    return Reply(data, Group(*cast("list[str]", parts)))


def confusion_of(folder: RunFolder) -> list[list[int]]:
    """Read the confusion matrix of a run's newest result: rows are the true classes, columns the predicted ones."""
    found = _newest(folder, "confusion.npy")
    return np.load(found, allow_pickle=False).tolist() if found is not None else []


def result_of(folder: RunFolder) -> ResultSummary:
    """Read the newest result of a run.

    Raises:
        UserError: `result_missing`.
    """
    found = _newest(folder, "summary.json")
    if found is None:
        raise UserError(
            "result_missing",
            f"Run {folder.run} has left no result.",
            f"See why: lensmith runs log {folder.run}",
        )
    return read_record(found, ResultSummary)


def _newest(folder: RunFolder, name: str) -> Path | None:
    """That file of the newest finished result; what was seen of one meanwhile may be left beside it."""
    found = [path for path in folder.results.glob(f"*/{name}") if path.parent.name.isdigit()]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def _wanted(session: Session, arguments: argparse.Namespace) -> Wanted:
    """What to measure on; a folder with labels is imported on the way."""
    home = session.home.ensure()
    with Store.open(home.store_path) as store:
        parent = RunFolder(home.runs / store.run(arguments.run_id).run)
    meta = read_meta(checkpoint_in(parent, arguments.checkpoint))
    taken = take_folder(session, arguments, meta)
    if taken.folder is not None:
        if arguments.map:
            raise UserError(
                "map_unknown", "Images without labels have no classes to map.", "Leave out --map."
            )
        return Wanted(folder=taken.folder)
    mapping = parse_mapping(arguments.map, taken.classes or tuple(meta.class_names))
    return Wanted(taken.dataset, split=arguments.split, mapping=mapping)


def parse_mapping(given: Sequence[str], classes: Sequence[str]) -> dict[str, str | None]:
    """Read `NAME=NAME` pairs; names may hold equals signs, so the longest known first name counts.

    Args:
        given: as typed.
        classes: of the dataset.

    Raises:
        UserError: `map_invalid`, `map_unknown`.
    """
    mapping: dict[str, str | None] = {}
    for pair in given:
        cuts = [place for place, letter in enumerate(pair) if letter == "="]
        if not cuts:
            raise UserError(
                "map_invalid",
                f"--map {pair!r} names one class only.",
                "Write the dataset's class, =, the model's class: --map tabby=cat. `--map tabby=` leaves it out.",
            )
        cut = next((place for place in reversed(cuts) if pair[:place] in classes), None)
        if cut is None:
            name = pair[: cuts[0]]
            close = nearest(name, classes)
            hint = f"Did you mean {close}?" if close else f"It has: {', '.join(classes[:5])}."
            raise UserError("map_unknown", f"The dataset has no class {name!r}.", hint)
        mapping[pair[:cut]] = pair[cut + 1 :] or None
    return mapping


def _title(summary: ResultSummary, dataset: str) -> str:
    where = "" if not summary.is_labelled else f" ({summary.split})"
    return f"{summary.images:,} images of {dataset}{where}, checkpoint {summary.checkpoint}"


def _remarks(summary: ResultSummary, match: object) -> list[str]:
    """What has to be known beside the numbers."""
    remarks: list[str] = []
    if summary.left_out:
        remarks.append(f"{summary.left_out:,} could not be read and were left out.")
    if summary.seen_in_training:
        remarks.append(
            f"The model has learnt from {summary.seen_in_training:,} of them: the numbers are too kind."
        )
    if isinstance(match, Mapping):
        document = cast("Mapping[str, Sequence[str]]", match)
        renamed = [f"{a} is {b}" for a, b in cast("dict[str, str]", document["matched"]).items() if a != b]
        remarks += [f"Classes taken for others: {', '.join(renamed)}."] if renamed else []
        for key, words in (("left_out", "Classes left out"), ("missing", "Classes without images")):
            remarks += [f"{words}: {', '.join(document[key])}."] if document[key] else []
    return remarks


def _numbers(summary: ResultSummary, confusion: list[list[int]]) -> list[object]:
    rows = [(name, f"{value:.4f}") for name, value in summary.metrics.items()]
    columns = tuple(summary.per_class)
    classes = [
        (name, *(_number(summary.per_class[column].get(name)) for column in columns))
        for name in summary.class_names
    ]
    parts: list[object] = [table(("Metric", "Value"), rows), "", table(("Class", *columns), classes)]
    if confusion and len(summary.class_names) <= MOST_SHOWN:
        # A detector also finds what is not there, and misses what is.
        names = (*summary.class_names, "background")[: len(confusion)]
        heading = ("True class, then what it was called", *names)
        counts = [(name, *row) for name, row in zip(names, confusion, strict=True)]
        parts += ["", table(heading, counts)]
    return parts


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:g}" if value == int(value) and value > 1 else f"{value:.3f}"
