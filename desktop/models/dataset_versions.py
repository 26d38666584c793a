"""The versions of a dataset, the runs that used each, and what changed between two, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.datasets.dataset_folder import Step
from engine.datasets.library import Library
from engine.datasets.lineage import Change, Difference, compare, version_at
from engine.datasets.object_changes import ObjectChange
from engine.protocol.home import Home
from engine.store.runs import RunRow

SHORT = 8
KINDS = {
    "added": "Added",
    "removed": "Removed",
    "replaced": "Other content",
    "relabelled": "Relabelled",
    "moved": "Other split",
    "objects": "Objects",
    "mask": "Masks",
    "renamed": "Renamed",
}
"""Kinds of changes, as they are offered."""


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version, the newest first.

    Attributes:
        version: its whole hash.
        title: its first letters.
        facts: since when, and how many images.
        runs: id and name of the runs that used it, the newest first.
        is_present: the one that runs are given now.
    """

    version: str
    title: str
    facts: str
    runs: tuple[tuple[str, str], ...]
    is_present: bool

    def used(self) -> str:
        """Say who used it."""
        if not self.runs:
            return "No run used it."
        names = [name for _, name in self.runs]
        shown = ", ".join(names[:3])
        return f"Used by {shown}" + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One image that changed."""

    kind: str
    path: str
    words: str


def read_history(home: Home, name: str) -> tuple[Step, ...]:
    """Give a dataset's versions from the first on. Reads the disk.

    Raises:
        UserError: `dataset_unknown`, `dataset_damaged`.
    """
    return Library(home).history(name)


def read_difference(home: Home, name: str, old: str, new: str) -> Difference:
    """Compare two versions of a dataset. Takes seconds for a large one.

    Raises:
        UserError: what reading them raises.
    """
    library = Library(home)
    return compare(version_at(library, name, old), version_at(library, name, new))


def version_lines(steps: Sequence[Step], name: str, rows: Sequence[RunRow]) -> list[VersionLine]:
    """Put versions into words, the newest first; one that became the present one twice stands where it did last."""
    users: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        if row.dataset == name and row.dataset_version and row.kind == "train":
            users.setdefault(row.dataset_version, []).append((row.run, row.name or row.run))
    lines: dict[str, VersionLine] = {}
    for step in reversed(steps):
        if step.version not in lines:
            lines[step.version] = VersionLine(
                version=step.version,
                title=step.version[:SHORT],
                facts=f"{_when(step.saved)}  ·  {step.images:,} images",
                runs=tuple(users.get(step.version, ())),
                is_present=step is steps[-1],
            )
    return list(lines.values())


def change_lines(found: Difference) -> list[ChangeLine]:
    """Give a line for every image that changed, by kind."""
    return [
        *(ChangeLine("added", path, "") for path in found.added),
        *(ChangeLine("removed", path, "") for path in found.removed),
        *(ChangeLine("replaced", path, "another picture under the same name") for path in found.replaced),
        *(ChangeLine("relabelled", change.path, _arrow(change)) for change in found.relabelled),
        *(ChangeLine("moved", change.path, _arrow(change)) for change in found.moved),
        *(ChangeLine("objects", change.path, _objects(change)) for change in found.objects),
        *(ChangeLine("mask", path, "another mask") for path in found.remasked),
        *(ChangeLine("renamed", change.path, f"was {change.before}") for change in found.renamed),
    ]


def _arrow(change: Change) -> str:
    return f"{change.before or 'no label'} → {change.after or 'no label'}"


def _objects(change: ObjectChange) -> str:
    parts = ((change.added, "added"), (change.removed, "removed"), (change.changed, "changed"))
    return ", ".join(f"{count:,} {what}" for count, what in parts if count)


def _when(saved: float) -> str:
    return datetime.fromtimestamp(saved).astimezone().strftime("%d %b %Y, %H:%M")
