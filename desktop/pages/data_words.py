"""Counts and names in sentences, and which runs use a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.protocol.job import ACTIVE_STATES
from engine.store.runs import RunRow

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Use:
    """The runs of a dataset, by name.

    Attributes:
        needing: waiting or at work: they read its images.
        ended: they may be resumed, evaluated or extended.
    """

    needing: tuple[str, ...]
    ended: tuple[str, ...]

    def sentence(self) -> str:
        """Say what deleting the dataset means for them; empty when there are none."""
        parts: list[str] = []
        if self.needing:
            goes = "goes" if len(self.needing) == 1 else "go"
            parts.append(f"{listed(self.needing)} {goes} on with it, but cannot be resumed once stopped.")
        if self.ended:
            many = len(self.ended) > 1
            parts.append(
                f"{listed(self.ended)} {'keep' if many else 'keeps'} {'their' if many else 'its'} results, but cannot "
                "be resumed or extended until the dataset is imported again."
            )
        return " ".join(parts)


def use_of(rows: Sequence[RunRow], dataset: str) -> Use:
    """Give the runs that use a dataset."""
    mine = [row for row in rows if row.dataset == dataset]
    needing = tuple(
        row.name or row.run for row in mine if row.state == "queued" or row.state in ACTIVE_STATES
    )
    ended = tuple(
        row.name or row.run
        for row in mine
        if row.kind == "train" and row.state != "queued" and row.state not in ACTIVE_STATES
    )
    return Use(needing, ended)


def trained_on(rows: Sequence[RunRow], dataset: str, version: str) -> tuple[str, ...]:
    """Name the trainings that used a version of a dataset, the newest first."""
    return tuple(
        row.name or row.run
        for row in rows
        if row.kind == "train" and row.dataset == dataset and row.dataset_version == version
    )


def listed(names: Sequence[str]) -> str:
    """Write `a, b, c and 4 more`."""
    shown = list(names[:_NAMED])
    more = len(names) - len(shown)
    if more > 0:
        return f"{', '.join(shown)} and {more:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
