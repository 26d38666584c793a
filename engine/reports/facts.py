"""What a report tells of a run, gathered from its folder and the store. Reads files; decides nothing about looks."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.checkpoint import CheckpointMeta, list_checkpoints
from engine.protocol.events import RunStarted, parse_event
from engine.protocol.home import Home
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import RunFolder, read_record
from engine.store.database import Store
from engine.store.measurements import ExportRow, MetricRow, ResultRow
from engine.store.runs import RunRow

Points = tuple[tuple[float, float], ...]
_SUMMARY = "summary.json"
_ITEM = "image_item.npy"
_RESOLVED = ("precision", "channels_last", "compile", "threads", "workers", "processes")
"""What a run chose itself and a reader may want to know; the file holds more."""


@dataclass(frozen=True, slots=True)
class MeasuredResult:
    """One result of the run, and where its files lie."""

    summary: ResultSummary
    folder: Path


@dataclass(frozen=True, slots=True, eq=False)
class RunFacts:
    """All that a report tells, but for pictures."""

    row: RunRow
    folder: RunFolder
    config: Mapping[str, object]
    curves: Mapping[str, Points]
    """By full name: epoch and value."""
    result: MeasuredResult | None
    """The one that is told in full: of the best epoch, else the newest."""
    pictured: MeasuredResult | None
    """The one whose images are shown: the same where it kept them, else the newest that did."""
    manifest: Manifest | None
    images: Mapping[str, int]
    """Of the dataset by split."""
    exports: Sequence[ExportRow]
    checkpoints: Sequence[tuple[str, CheckpointMeta]]
    device: str
    versions: Mapping[str, str]
    resolved: Mapping[str, object]
    attempts: int

    @property
    def places(self) -> list[Path]:
        """Folders of this machine that a sentence about the run may name."""
        own = self.folder.path
        return [own, own.parent.parent, Path.home(), *dataset_roots(self.folder)]


def dataset_roots(folder: RunFolder) -> list[Path]:
    """Where the attempts of a run read its images, the newest first; a damaged one tells of none."""
    roots: list[Path] = []
    for attempt in reversed(folder.attempts()):
        with contextlib.suppress(UserError):
            named = attempt.spec().placement.dataset_root
            roots += [Path(named)] if named is not None else []
    return roots


def read_facts(home: Home, run: str) -> RunFacts:
    """Gather what there is; what is missing or damaged is left out.

    Raises:
        UserError: `run_unknown`, `run_ambiguous`, or one of the store's.
    """
    with Store.open(home.store_path) as store:
        row = store.run(run)
        results = store.results(row.run)
        metrics = store.metrics(row.run)
        exported = [
            entry
            for other in store.runs("export")
            if other.parent == row.run
            for entry in store.exports(other.run)
        ]
        exports = [*store.exports(row.run), *exported]
    folder = RunFolder(home.runs / row.run)
    result = _told(folder, results, row.best_epoch)
    started = _started(folder)
    manifest = _manifest(folder)
    items = manifest.items if manifest is not None else ()
    return RunFacts(
        row=row,
        folder=folder,
        config=_config(folder, row),
        curves=_curves(metrics, row),
        result=result,
        pictured=_pictured(folder, results, result),
        manifest=manifest,
        images=Counter(item.split for item in items),
        exports=exports,
        checkpoints=list_checkpoints(folder.checkpoints),
        device=started.device if started is not None else row.device or "",
        versions=started.versions if started is not None else {},
        resolved=_resolved(folder),
        attempts=len(folder.attempts()),
    )


def _told(folder: RunFolder, results: Sequence[ResultRow], best_epoch: int | None) -> MeasuredResult | None:
    newest_first = sorted(results, key=lambda entry: entry.folder, reverse=True)
    of_best = [entry for entry in newest_first if entry.epoch == best_epoch]
    return next((found for entry in (*of_best, *newest_first) if (found := _opened(folder, entry))), None)


def _pictured(
    folder: RunFolder, results: Sequence[ResultRow], told: MeasuredResult | None
) -> MeasuredResult | None:
    if told is None or (told.folder / _ITEM).is_file():
        return told
    newest_first = sorted(results, key=lambda entry: entry.folder, reverse=True)
    with_images = [entry for entry in newest_first if (folder.results / entry.folder / _ITEM).is_file()]
    return next((found for entry in with_images if (found := _opened(folder, entry))), None)


def _opened(folder: RunFolder, entry: ResultRow) -> MeasuredResult | None:
    place = folder.results / entry.folder
    try:
        return MeasuredResult(read_record(place / _SUMMARY, ResultSummary), place)
    except UserError:
        return None


def _curves(rows: Sequence[MetricRow], row: RunRow) -> dict[str, Points]:
    """Every metric over epochs: of those measured within an epoch, steps are laid between epochs."""
    per_epoch = row.steps_total / row.epochs if row.epochs and row.steps_total else 0.0
    points: dict[str, list[tuple[float, float]]] = {}
    for metric in rows:
        if metric.value is None or metric.value != metric.value:
            continue
        at = metric.step / per_epoch if per_epoch else float(metric.epoch)
        points.setdefault(metric.name, []).append((at, metric.value))
    return {name: tuple(line) for name, line in points.items()}


def _started(folder: RunFolder) -> RunStarted | None:
    """What the newest attempt that began said of itself."""
    for attempt in reversed(folder.attempts()):
        try:
            with attempt.events_path.open("rb") as lines:
                for line in lines:
                    event = parse_event(line)
                    if isinstance(event, RunStarted):
                        return event
        except OSError:
            continue
    return None


def _resolved(folder: RunFolder) -> dict[str, object]:
    try:
        found: object = json.loads(folder.resolved_path.read_bytes())
    except (OSError, ValueError):
        return {}
    told = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    return {name: told[name] for name in _RESOLVED if told.get(name) is not None}


def _config(folder: RunFolder, row: RunRow) -> Mapping[str, object]:
    try:
        return folder.effective_config()
    except (UserError, OSError):
        return row.config


def _manifest(folder: RunFolder) -> Manifest | None:
    try:
        return Manifest.load(folder.manifest_path)
    except (UserError, OSError):
        return None
