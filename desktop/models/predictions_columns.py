"""What models found in many pictures, in columns: filtered and sorted in a few steps over arrays."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from desktop.models.answer import Findings

WAITING, ANSWERED, FAILED = range(3)
EVERY, FOUND, MISSING, UNREADABLE, DIFFERING = "every", "found", "missing", "unreadable", "differing"
"""What is shown: `MISSING` are pictures that were answered, with nothing above the threshold."""
GIVEN, NAME, DOUBT, HIGHEST, LOWEST, DISAGREEMENT = (
    "given",
    "name",
    "doubt",
    "highest",
    "lowest",
    "disagreement",
)
"""Orders; `DOUBT` puts those first of which the model is least sure."""

Scores = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class AnswerFilter:
    """Which pictures are looked at, and in what order."""

    show: str = EVERY
    label: int | None = None
    """Only pictures in which this class was found, by its number."""
    lowest: float = 0.0
    """Of the score, of that class or of the surest."""
    highest: float = 1.0
    sort: str = GIVEN

    @property
    def is_open(self) -> bool:
        """Whether every picture passes."""
        return (self.show, self.label, self.lowest, self.highest) == (EVERY, None, 0.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """The findings of all pictures one after the other."""

    places: NDArray[np.intp]
    classes: NDArray[np.int16]
    scores: NDArray[np.float32]


_NOTHING = Findings(np.zeros(0, np.int16), np.zeros(0, np.float32))


@dataclass(slots=True, eq=False)
class AnswerColumns:
    """Grows with the pictures. By place: what became of it, and what was found."""

    _findings: list[Findings] = field(default_factory=list[Findings])
    _states: list[int] = field(default_factory=list[int])
    _table: _Table | None = None

    def __len__(self) -> int:
        return len(self._states)

    def grow(self, count: int) -> None:
        """Have places for so many pictures."""
        more = count - len(self._states)
        self._findings.extend([_NOTHING] * more)
        self._states.extend([WAITING] * more)

    def put(self, place: int, findings: Findings | None) -> None:
        """Note what was found in a picture; None says that it could not be read."""
        self._findings[place] = _NOTHING if findings is None else findings
        self._states[place] = FAILED if findings is None else ANSWERED
        self._table = None

    def forget(self) -> None:
        """All pictures wait again."""
        count = len(self)
        self._findings, self._states, self._table = [], [], None
        self.grow(count)

    def states(self) -> NDArray[np.int8]:
        return np.array(self._states, np.int8)

    def counts(self, threshold: float) -> tuple[int, int, int]:
        """How many are answered, in how many all scores are below the threshold, and how many failed."""
        states, best = self.states(), self.best()
        return (
            int((states == ANSWERED).sum()),
            int((best < threshold).sum()),
            int((states == FAILED).sum()),
        )

    def best(self, label: int | None = None) -> Scores:
        """Give the largest score of each picture, of any class or of one; NaN where there is none."""
        table = self._joined()
        places, scores = table.places, table.scores
        if label is not None:
            mine = table.classes == label
            places, scores = places[mine], scores[mine]
        best = np.full(len(self), np.nan)
        best[places[::-1]] = scores[::-1]  # the largest comes first, so it is written last
        return best

    def doubt(self, threshold: float) -> Scores:
        """Give how near each picture is to another answer, smallest first: a class, or one object more or less."""
        table = self._joined()
        doubt = np.full(len(self), np.inf)
        np.minimum.at(doubt, table.places, np.abs(table.scores.astype(np.float64) - threshold))
        margins = np.array([found.margin for found in self._findings], np.float64)
        return np.where(np.isnan(margins), doubt, margins)

    def _joined(self) -> _Table:
        if self._table is None:
            counts = [len(found.scores) for found in self._findings]
            self._table = _Table(
                np.repeat(np.arange(len(counts)), counts),
                np.concatenate([_NOTHING.classes, *(found.classes for found in self._findings)]),
                np.concatenate([_NOTHING.scores, *(found.scores for found in self._findings)]),
            )
        return self._table


def chosen(
    columns: AnswerColumns, wanted: AnswerFilter, threshold: float, differing: Mask | None = None
) -> Mask:
    """Say of each picture whether it is looked at.

    Args:
        columns: of all pictures.
        wanted: the filter.
        threshold: what is less sure does not count.
        differing: where two models differ; None where only one is asked.
    """
    if wanted.is_open:  # as while answers come: nothing of them has to be put together
        return np.ones(len(columns), np.bool_)
    states, best = columns.states(), columns.best()
    is_found = best >= threshold
    by_show = {
        FOUND: is_found,
        MISSING: (states == ANSWERED) & ~is_found,
        UNREADABLE: states == FAILED,
        DIFFERING: np.zeros(len(states), np.bool_) if differing is None else differing,
    }
    mask = by_show.get(wanted.show, np.ones(len(states), np.bool_))
    if wanted.label is not None:
        best = columns.best(wanted.label)
        mask = mask & (best >= threshold)
    if (wanted.lowest, wanted.highest) != (0.0, 1.0):
        mask = mask & (best >= wanted.lowest) & (best <= wanted.highest)
    return mask


def order(
    columns: AnswerColumns, wanted: AnswerFilter, threshold: float, agreement: Scores | None = None
) -> Scores | None:
    """Give a number for each picture, smallest shown first; None for the order in which they came, or by name.

    Args:
        columns: of all pictures.
        wanted: with the order.
        threshold: near which a score is in doubt.
        agreement: of two models, NaN where both have not answered; None where only one is asked.
    """
    if wanted.sort == DOUBT:
        return columns.doubt(threshold)
    if wanted.sort == HIGHEST:
        return -np.nan_to_num(columns.best(wanted.label), nan=-1.0)
    if wanted.sort == LOWEST:
        return np.nan_to_num(columns.best(wanted.label), nan=2.0)
    if wanted.sort == DISAGREEMENT and agreement is not None:
        return np.nan_to_num(agreement, nan=2.0)
    return None
