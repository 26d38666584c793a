"""One line of a table of runs: the run, its parent, and what to tell of it; which lines are wanted, in which order."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from desktop.models.place_words import last_seen_words, place_label
from desktop.models.run_table_text import KIND_NOUNS, created_at, duration, last_seen, model_name
from desktop.models.run_words import run_title, state_words
from engine.protocol.events import Contact
from engine.protocol.hosts import LOCAL
from engine.protocol.job import ACTIVE_STATES
from engine.store.runs import RunRow


class RunColumn(IntEnum):
    """The columns of a table of runs."""

    NAME = 0
    MODEL = 1
    DATASET = 2
    MACHINE = 3
    STATE = 4
    BEST = 5
    EPOCHS = 6
    DURATION = 7
    STARTED = 8


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A run as a line."""

    row: RunRow
    parent: RunRow | None = None
    """What an evaluation or export was made of."""
    is_folder_gone: bool = False
    """Somebody removed the run folder from the disk."""
    is_below_parent: bool = False
    """It stands right under its parent's line."""
    place: str = LOCAL
    """The machine that it is or was on: `local`, or `ssh:NAME`."""
    lost: Contact | None = None
    """The last contact with that machine, when it is out of reach."""

    @property
    def name(self) -> str:
        """The name; runs of other kinds are named by what they are, and of what."""
        if self.row.kind == "train":
            return run_title(self.row)
        kind = KIND_NOUNS.get(self.row.kind, self.row.kind.capitalize())
        if self.is_below_parent:
            return kind
        return f"{kind} of {run_title(self.parent)}" if self.parent is not None else self.row.name or kind

    @property
    def note(self) -> tuple[str, str] | None:
        """What the user should know of it, and in which tone; None for nothing."""
        if self.is_folder_gone:
            return "Its folder was removed from the disk. Only this line is left.", "warn"
        if self.row.state == "failed" and self.row.failure is not None:
            return self.row.failure.message, "bad"
        if self.lost is not None:
            seen = last_seen_words(self.lost, time.time())
            return f"{place_label(self.place)} is out of reach, {seen}. The run goes on there.", "warn"
        if self.row.state == "lost":
            return last_seen(self.row, time.time()), "warn"
        return None


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are wanted; an empty value wants all."""

    text: str = ""
    state: str = ""
    kind: str = ""
    dataset: str = ""
    plugin: str = ""
    machine: str = ""
    """`local`, or `ssh:NAME`."""

    def accepts(self, entry: RunEntry) -> bool:
        row = entry.row
        exact = (
            (self.state, row.state),
            (self.kind, row.kind),
            (self.dataset, row.dataset),
            (self.plugin, row.plugin),
            (self.machine, entry.place),
        )
        if any(wanted and wanted != value for wanted, value in exact):
            return False
        if not self.text:
            return True
        words = (entry.name, row.run, row.model, row.plugin, row.dataset or "", state_words(row)[0])
        told = " ".join((*words, place_label(entry.place)))
        if row.failure is not None:
            told += " " + row.failure.message
        told = told.casefold()
        return all(word in told for word in self.text.casefold().split())


def make_entries(
    rows: Sequence[RunRow],
    folders: Collection[str] | None = None,
    places: Mapping[str, str] | None = None,
    lost: Mapping[str, Contact] | None = None,
) -> list[RunEntry]:
    """Join rows with their parents and their machines.

    Args:
        rows: of all runs, so that parents are found.
        folders: names of the run folders on disk; None when that was not looked up.
        places: machine by run; one that is not there is here.
        lost: the last contact with the machine, by run, where it is out of reach.
    """
    by_run = {row.run: row for row in rows}
    return [
        RunEntry(
            row,
            by_run.get(row.parent or ""),
            folders is not None and row.run not in folders,
            place=(places or {}).get(row.run, LOCAL),
            lost=(lost or {}).get(row.run) if row.state in (*ACTIVE_STATES, "lost") else None,
        )
        for row in rows
    ]


def arrange(entries: Sequence[RunEntry], column: RunColumn, *, descending: bool) -> list[RunEntry]:
    """Sort lines; an evaluation or export follows its parent where that is on show. What has no value comes last."""
    present = {entry.row.run for entry in entries}
    children: dict[str, list[RunEntry]] = {}
    roots: list[RunEntry] = []
    for entry in entries:
        parent = entry.row.parent
        if parent is not None and parent in present and parent != entry.row.run:
            children.setdefault(parent, []).append(replace(entry, is_below_parent=True))
        else:
            roots.append(entry)
    now = time.time()
    keyed = [(_key(entry, column, now), entry) for entry in roots]
    valued = sorted(
        (pair for pair in keyed if pair[0] is not None),
        key=lambda pair: (pair[0], pair[1].row.created),  # pyright: ignore[reportArgumentType]  # None was left out
        reverse=descending,
    )
    ordered = [entry for _, entry in valued] + [entry for key, entry in keyed if key is None]
    if not children:
        return ordered
    arranged: list[RunEntry] = []
    for entry in ordered:
        _place(entry, children, arranged)
    for below in children.values():  # of a circle of parents, which only a damaged store has
        arranged += below
    return arranged


def _place(entry: RunEntry, children: dict[str, list[RunEntry]], arranged: list[RunEntry]) -> None:
    """Put a line and all that was made of it, newest first; an evaluation of an evaluation cannot be."""
    arranged.append(entry)
    below = children.pop(entry.row.run, [])
    for child in sorted(below, key=lambda made: made.row.created, reverse=True):
        _place(child, children, arranged)


def _key(entry: RunEntry, column: RunColumn, now: float) -> str | float | None:
    row = entry.row
    match column:
        case RunColumn.NAME:
            return entry.name.casefold()
        case RunColumn.MODEL:
            return model_name(row).casefold()
        case RunColumn.DATASET:
            return row.dataset.casefold() if row.dataset is not None else None
        case RunColumn.MACHINE:
            return place_label(entry.place).casefold()
        case RunColumn.STATE:
            return state_words(row)[0]
        case RunColumn.BEST:
            return row.best_value if row.best_value is not None and not math.isnan(row.best_value) else None
        case RunColumn.EPOCHS:
            return row.epoch if row.kind == "train" else None
        case RunColumn.DURATION:
            return duration(row, now)
        case RunColumn.STARTED:
            return row.started if row.started is not None else created_at(row)


def is_at_work(row: RunRow, leases: Mapping[str, str]) -> bool:
    """Say whether a process is, or may still be, at work on a run: one that does not answer may hold its device.

    Args:
        row: the run.
        leases: device by run.
    """
    return row.state in ACTIVE_STATES or (row.state == "lost" and row.run in leases)
