"""`lensmith data history` and `lensmith data diff`: a dataset's versions, who used them, and what changed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from rich.console import Group

from engine.datasets.dataset_folder import Step
from engine.datasets.library import Library
from engine.datasets.lineage import Difference, Version, compare, version_at, version_like
from engine.store.database import Store
from engine.store.runs import RunRow
from engine.verbs.reply import Parsers, Reply, Session, table

_SHORT = 12
_LISTED = 20


def add_lineage_parsers(verbs: Parsers, shared: argparse.ArgumentParser) -> None:
    past = verbs.add_parser(
        "history", parents=[shared], help="versions of a dataset, and the runs that used them"
    )
    past.add_argument("dataset", help="its name")
    past.set_defaults(run=show_history)
    differing = verbs.add_parser("diff", parents=[shared], help="what changed between two versions")
    differing.add_argument(
        "old",
        help="NAME or NAME@VERSION; a name alone is its present version, or with nothing behind it the one before",
    )
    differing.add_argument("new", nargs="?", help="NAME or NAME@VERSION; default: the present version")
    differing.set_defaults(run=show_difference)


def show_history(session: Session, arguments: argparse.Namespace) -> Reply:
    library = Library(session.home)
    steps = library.history(arguments.dataset)
    with Store.open(session.home.ensure().store_path) as store:
        rows = store.runs()
    listed = [
        {
            "version": step.version,
            "saved": step.saved,
            "images": step.images,
            "source": step.source,
            "present": place == len(steps) - 1,
            "runs": [row.run for row in _users(rows, arguments.dataset, step.version)],
        }
        for place, step in enumerate(steps)
    ]
    lines = [
        (
            step.version[:_SHORT],
            _when(step.saved),
            step.images,
            ", ".join(row.name or row.run for row in _users(rows, arguments.dataset, step.version)) or "none",
        )
        for step in reversed(steps)
    ]
    return Reply(
        {"dataset": arguments.dataset, "versions": listed},
        table(("Version", "Since", "Images", "Runs"), lines),
    )


def show_difference(session: Session, arguments: argparse.Namespace) -> Reply:
    library = Library(session.home)
    old, new = _sides(library, arguments.old, arguments.new)
    found = compare(old, new)
    data: dict[str, object] = {
        "old": {"name": old.manifest.name, "version": old.manifest.version},
        "new": {"name": new.manifest.name, "version": new.manifest.version},
        "same": found.is_empty,
        "counts": found.counts(),
        **asdict(found),
    }
    title = f"{_named(old)} → {_named(new)}"
    if found.is_empty:
        return Reply(data, f"{title}: nothing changed.")
    parts: list[object] = [title, *(f"  {sentence}" for sentence in found.sentences()), _listed(found)]
    return Reply(data, Group(*parts))  # pyright: ignore[reportArgumentType]  # strings are renderable


def _sides(library: Library, old: str, new: str | None) -> tuple[Version, Version]:
    name, _, beginning = old.partition("@")
    if new is None:
        steps = library.history(name)
        before = version_like(steps, name, beginning) if beginning else _version_before(steps)
        return version_at(library, name, before), version_at(library, name)
    return _side(library, old), _side(library, new)


def _side(library: Library, told: str) -> Version:
    name, _, beginning = told.partition("@")
    if not beginning:
        return version_at(library, name)
    return version_at(library, name, version_like(library.history(name), name, beginning))


def _version_before(steps: Sequence[Step]) -> str:
    """The one before the present; of a dataset with one version that one itself."""
    return steps[-2].version if len(steps) > 1 else steps[-1].version


def _users(rows: Sequence[RunRow], name: str, version: str) -> list[RunRow]:
    return [row for row in rows if row.dataset == name and row.dataset_version == version]


def _named(side: Version) -> str:
    return f"{side.manifest.name}@{side.manifest.version[:_SHORT]}"


def _when(saved: float) -> str:
    return datetime.fromtimestamp(saved).astimezone().strftime("%Y-%m-%d %H:%M")


def _listed(found: Difference) -> object:
    lines: list[tuple[str, str]] = [
        *(("added", path) for path in found.added),
        *(("removed", path) for path in found.removed),
        *(("renamed", f"{change.before} → {change.after}") for change in found.renamed),
        *(("replaced", path) for path in found.replaced),
        *(("relabelled", _arrow(change.path, change.before, change.after)) for change in found.relabelled),
        *(("moved", _arrow(change.path, change.before, change.after)) for change in found.moved),
        *(("mask", path) for path in found.remasked),
        *(
            (
                "objects",
                f"{change.path}: {change.added} added, {change.removed} removed, {change.changed} changed",
            )
            for change in found.objects
        ),
    ]
    shown = table(("Change", "Image"), lines[:_LISTED])
    if len(lines) > _LISTED:
        shown.add_row("", f"and {len(lines) - _LISTED:,} more; see them all with --json")
    return shown


def _arrow(path: str, before: str, after: str) -> str:
    return f"{path}: {before or 'no label'} → {after or 'no label'}"
