"""`lensmith compare`: several runs or checkpoints on the images that they have in common, noise told as noise."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from rich.console import Group, RenderableType

from engine.comparison.bootstrap import LEVEL, RESAMPLES, Plan
from engine.comparison.choosing import measured_at
from engine.comparison.compare import MOST_COMPARED, Comparison, Difference, Line, compare
from engine.comparison.differences import DatasetLine, SettingLine, dataset_lines, setting_lines
from engine.comparison.measured import Measured
from engine.errors import UserError
from engine.verbs.reply import Parsers, Reply, Session, table

MOST_CLASSES = 30
"""So many classes are shown on a terminal, those that differ most; `--json` has all."""


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    found = parsers.add_parser(
        "compare", parents=[shared], help="compare runs or checkpoints on the same images"
    )
    found.add_argument(
        "runs",
        nargs="+",
        metavar="RUN[:CHECKPOINT]",
        help="what is compared; differences are to the first; RUN:0003 takes its third result",
    )
    found.add_argument(
        "--split", default="val", choices=("train", "val", "test"), help="results on which images"
    )
    found.add_argument(
        "--resamples", type=int, default=RESAMPLES, metavar="N", help="draws of the images, 100 or more"
    )
    found.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws")
    found.add_argument(
        "--seconds", type=float, default=None, metavar="S", help="begin no further draw after this time"
    )
    found.set_defaults(run=compare_runs)


def compare_runs(session: Session, arguments: argparse.Namespace) -> Reply:
    _require_sense(arguments)
    measured = measured_at(session.home, arguments.runs, arguments.split)
    plan = Plan(arguments.resamples, arguments.seed, arguments.seconds)
    found = compare(measured, plan)
    settings = setting_lines(session.home, measured)
    datasets = dataset_lines(session.home, measured)
    data = {
        "results": [
            {
                "name": each.name,
                "run": each.run,
                "result": each.folder,
                "split": each.summary.split,
                "checkpoint": each.summary.checkpoint,
                "epoch": each.summary.epoch,
                "images": each.images,
            }
            for each in measured
        ],
        "common_images": found.common.count,
        "resamples": found.draws,
        "level": LEVEL,
        "metrics": [_line_data(line) for line in found.metrics],
        "class_measure": found.class_measure,
        "classes": [_line_data(line) for line in found.classes],
        "flips": [_flips_data(found, place) for place in range(1, len(measured))],
        "settings": {line.name: list(line.values) for line in settings},
        "datasets": {line.name: list(line.sentences) for line in datasets},
    }
    return Reply(data, Group(*_text(found, settings, datasets)))


def _require_sense(arguments: argparse.Namespace) -> None:
    if not 2 <= len(arguments.runs) <= MOST_COMPARED:
        raise UserError(
            "comparison_few",
            f"A comparison takes 2 to {MOST_COMPARED} results, and {len(arguments.runs)} were named.",
            "Name each as RUN or RUN:CHECKPOINT.",
        )
    if arguments.resamples < 100:
        raise UserError(
            "comparison_resamples",
            f"{arguments.resamples} draws are too few for an interval.",
            f"Take 100 or more; {RESAMPLES:,} are usual.",
        )


def _line_data(line: Line) -> dict[str, object]:
    return {
        "name": line.name,
        "values": list(line.values),
        "differences": [
            None
            if each is None
            else {
                "value": each.value,
                "interval": None if each.interval is None else list(each.interval),
                "finding": each.finding,
            }
            for each in line.differences
        ],
    }


def _flips_data(found: Comparison, place: int) -> dict[str, object]:
    flips = found.flips(0, place)
    return {
        "name": found.measured[place].name,
        "fixed": found.paths(flips.fixed),
        "broken": found.paths(flips.broken),
    }


def _text(
    found: Comparison, settings: Sequence[SettingLine], datasets: Sequence[DatasetLine]
) -> list[RenderableType]:
    names = [letter for letter, _ in zip("ABCDEF", found.measured, strict=False)]
    parts: list[RenderableType] = [
        *(f"{letter}  {_described(each)}" for letter, each in zip(names, found.measured, strict=True)),
        "",
        _images_sentence(found),
        f"Differences are to A, with {LEVEL:.0%} intervals of {found.draws:,} draws of the images.",
        "",
        table(("Metric", *_heading(names)), [_cells(line) for line in found.metrics]),
        "",
        table((f"Class ({found.class_measure})", *_heading(names)), [_cells(line) for line in _apart(found)]),
        "",
        table(
            ("Images against A", "fixed", "broken"),
            [
                (name, len(found.flips(0, place).fixed), len(found.flips(0, place).broken))
                for place, name in enumerate(names)
                if place
            ],
        ),
    ]
    hidden = len(found.classes) - MOST_CLASSES
    if hidden > 0:
        parts.append(f"Of {len(found.classes):,} classes those that differ most are shown; --json has all.")
    if settings:
        rows = [(line.name, *line.values) for line in settings]
        parts += ["", table(("Setting that differs", *names), rows)]
    for line in datasets:
        parts += ["", f"{line.name}: {'; '.join(line.sentences)}."]
    return parts


def _described(result: Measured) -> str:
    measured = result.summary.checkpoint or f"after epoch {result.summary.epoch}"
    return f"{result.name} ({measured}, {result.images:,} images of {result.summary.dataset} {result.summary.split})"


def _images_sentence(found: Comparison) -> str:
    images = f"{found.common.count:,} image{'' if found.common.count == 1 else 's'}"
    if found.common.is_all:
        return f"All were measured on the same {images}."
    return f"Compared on the {images} that all have in common."


def _apart(found: Comparison) -> list[Line]:
    """The classes that fit a terminal: those with the largest differences."""
    if len(found.classes) <= MOST_CLASSES:
        return list(found.classes)
    size = [
        max((abs(each.value) for each in line.differences if each is not None), default=0.0)
        for line in found.classes
    ]
    return [found.classes[int(place)] for place in np.argsort(-np.array(size), kind="stable")[:MOST_CLASSES]]


def _heading(names: Sequence[str]) -> list[str]:
    return [names[0], *(part for name in names[1:] for part in (name, f"{name} - {names[0]}"))]


def _cells(line: Line) -> list[object]:
    told = [None if value is None else f"{value:.4f}" for value in line.values]
    cells: list[object] = [line.name, told[0]]
    for value, difference in zip(told[1:], line.differences[1:], strict=True):
        cells += [value, None if difference is None else _difference_words(difference)]
    return cells


def _difference_words(difference: Difference) -> str:
    if difference.finding == "the same":
        return "the same"
    told = f"{difference.value:+.4f}"
    if difference.interval is not None:
        told += f" ({difference.interval[0]:+.4f} to {difference.interval[1]:+.4f})"
    return f"{told} {difference.finding}"
