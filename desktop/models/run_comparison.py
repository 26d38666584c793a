"""Several runs side by side: their curves, and only the settings in which they differ."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from desktop.models.run_table_text import best_text, duration, duration_text, metric_name
from desktop.models.run_words import run_title
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store
from engine.store.runs import RunRow

MOST_RUNS = 6
"""As many as there are colours for curves."""
UNSET = "–"
_LOSSES = ("val/loss", "train/loss")


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One metric over a run."""

    epochs: NDArray[np.float64]
    """(N,) rising, from 0 to the run's epochs; steps within an epoch are fractions of it."""
    values: NDArray[np.float64]
    """(N,)."""


@dataclass(frozen=True, slots=True, eq=False)
class ComparedRun:
    """All that is compared of one run."""

    row: RunRow
    config: Mapping[str, object]
    """Effective: with what later attempts changed."""
    curves: Mapping[str, Curve]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: a setting or a fact, and its text for every run."""

    name: str
    values: tuple[str, ...]
    is_setting: bool = True


def load_runs(home: Home, runs: Sequence[str]) -> list[ComparedRun]:
    """Read what is compared from the store and the run folders; slow, not for the GUI's thread.

    Raises:
        UserError: one of the store's; a run that is gone is left out.
    """
    loaded: list[ComparedRun] = []
    with Store.open(home.store_path) as store:
        for run in runs[:MOST_RUNS]:
            try:
                row = store.run(run)
            except UserError:
                continue
            loaded.append(ComparedRun(row, _config(home, row), _curves(store, row)))
    return loaded


def metric_names(runs: Sequence[ComparedRun]) -> list[str]:
    """Give the metrics that any of the runs has: those by which bests are chosen first, then the losses."""
    names = {name for run in runs for name in run.curves}
    bests = dict.fromkeys(run.row.best_metric for run in runs if run.row.best_metric is not None)
    first = [name for name in dict.fromkeys([*bests, *_LOSSES]) if name in names]
    return first + sorted(names - set(first))


def labels(runs: Sequence[ComparedRun]) -> list[str]:
    """Give each run a name that the others do not have."""
    names = [run_title(run.row) for run in runs]
    return [
        name if names.count(name) == 1 else f"{name} ({run.row.run.rpartition('-')[2]})"
        for name, run in zip(names, runs, strict=True)
    ]


def differences(runs: Sequence[ComparedRun]) -> list[Line]:
    """Give the best values and the facts of every run, then only the settings in which they differ."""
    if not runs:
        return []
    facts = [Line(f"Best {name}", values, False) for name, values in _bests(runs)]
    facts.append(
        _fact("Best epoch", [UNSET if r.row.best_epoch is None else str(r.row.best_epoch) for r in runs])
    )
    facts.append(_fact("Epochs done", [str(run.row.epoch) for run in runs]))
    facts.append(_fact("Duration", [_duration(run.row) for run in runs]))
    about = {
        "Model": [run.row.model or run.row.plugin for run in runs],
        "Dataset": [run.row.dataset or UNSET for run in runs],
        "Dataset version": [(run.row.dataset_version or UNSET)[:8] for run in runs],
        "Preset": [run.row.preset or UNSET for run in runs],
    }
    facts += [_fact(name, values) for name, values in about.items() if len(set(values)) > 1]
    keys = sorted({key for run in runs for key in run.config})
    settings = [Line(key, tuple(_setting(run.config, key) for run in runs)) for key in keys]
    return facts + [line for line in settings if len(set(line.values)) > 1]


def as_csv(names: Sequence[str], lines: Sequence[Line]) -> str:
    """Give the table as comma separated values."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Setting", *names])
    writer.writerows([line.name, *line.values] for line in lines)
    return text.getvalue()


def as_markdown(names: Sequence[str], lines: Sequence[Line]) -> str:
    """Give the table as Markdown."""
    rows = [["Setting", *names], ["---"] * (len(names) + 1), *([line.name, *line.values] for line in lines)]
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def _fact(name: str, values: Sequence[str]) -> Line:
    return Line(name, tuple(values), False)


def _bests(runs: Sequence[ComparedRun]) -> list[tuple[str, tuple[str, ...]]]:
    """One line for each metric by which any of the runs chose its best."""
    metrics = list(dict.fromkeys(run.row.best_metric for run in runs if run.row.best_metric is not None))
    return [
        (
            metric_name(metric),
            tuple(best_text(run.row) if run.row.best_metric == metric else UNSET for run in runs),
        )
        for metric in metrics
    ]


def _duration(row: RunRow) -> str:
    return duration_text(duration(row, row.ended)) if row.ended is not None else UNSET


def _setting(config: Mapping[str, object], key: str) -> str:
    if key not in config:
        return UNSET
    value = config[key]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _config(home: Home, row: RunRow) -> Mapping[str, object]:
    try:
        return RunFolder(home.runs / row.run).effective_config()
    except (UserError, OSError):  # the folder is gone: what the run began with is in the store
        return row.config


def _curves(store: Store, row: RunRow) -> dict[str, Curve]:
    """Give every metric over epochs. Steps are laid between epochs by the run's steps in all."""
    points: dict[str, list[tuple[float, float]]] = {}
    per_epoch = row.steps_total / row.epochs if row.epochs and row.steps_total else 0.0
    for metric in store.metrics(row.run):
        if metric.value is None:
            continue
        at = metric.step / per_epoch if per_epoch else float(metric.epoch)
        points.setdefault(metric.name, []).append((at, metric.value))
    return {
        name: Curve(np.array([x for x, _ in line]), np.array([y for _, y in line]))
        for name, line in points.items()
    }
