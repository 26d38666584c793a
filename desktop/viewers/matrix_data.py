"""A confusion matrix as numbers: shares, the classes confused most, and cells in words. Draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Values = Literal["percent", "column", "count"]
"""Shares of each true class, shares of each predicted one, or numbers."""
_MOST_TOLD = 3
_THOUSAND = 1000
_KEPT = 4
"""Matrices whose confusions are known: each is asked for several times."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What is picked: images of a true class, taken for a predicted class. None stands for any class."""

    true: int | None
    predicted: int | None


@dataclass(frozen=True, slots=True, eq=False)
class MatrixData:
    """Counts with the names of their classes.

    Attributes:
        counts: (C, C), true class by predicted class.
        names: (C,).
        unit: what is counted: image, object, pixel.
        has_background: the last row and column are no class: what was made up, and what was missed.
        least: cells with a smaller share of their row are drawn empty: of millions of pixels a few are everywhere.
    """

    counts: NDArray[np.int64]
    names: tuple[str, ...]
    unit: str = "image"
    has_background: bool = False
    least: float = 0.0
    unanswered: str = ""
    """How the last column is called where it holds what got no answer, `not sure`: its row is empty, and not shown."""

    @property
    def rows(self) -> int:
        """How many rows are shown."""
        return self.side - bool(self.unanswered)

    @property
    def classes(self) -> int:
        """How many of the rows and columns are classes."""
        return self.side - (self.has_background or bool(self.unanswered))

    @property
    def side(self) -> int:
        return len(self.names)

    def shares(self, values: Values = "percent") -> NDArray[np.float64]:
        """(C, C) of each true class, or of each predicted one for "column", 0 to 1.

        A class without images has zeros, and so have cells below `least`.
        """
        axis = 0 if values == "column" else 1
        shares = self.counts / np.maximum(self.counts.sum(axis=axis, keepdims=True), 1)
        return np.where(shares < self.least, 0.0, shares)

    def pairs(self, limit: int) -> list[Cell]:
        """Give the cells off the diagonal that hold most, the fullest first; empty ones are left out."""
        return [Cell(*divmod(int(flat), self.side)) for flat in _confusions(self)[:limit]]

    def part(self, classes: NDArray[np.intp]) -> MatrixData:
        """The rows and columns of some classes only."""
        has_background = self.has_background and len(classes) > 0 and int(classes[-1]) == self.background
        unanswered = self.unanswered if len(classes) > 0 and int(classes[-1]) == self.side - 1 else ""
        names = tuple(self.names[int(i)] for i in classes)
        counts = self.counts[np.ix_(classes, classes)]
        return MatrixData(counts, names, self.unit, has_background, self.least, unanswered)

    @property
    def background(self) -> int:
        """The number of the row and column that are no class; -1 where there are none."""
        return self.side - 1 if self.has_background else -1

    def most_confused(self, limit: int) -> NDArray[np.intp]:
        """At most `limit` classes that are confused with each other most often, in their own order."""
        # What got no answer is no confusion, and is shown beside them.
        chosen: dict[int, None] = {self.side - 1: None} if self.unanswered else {}
        for flat in _confusions(self)[: limit * limit]:
            pair = divmod(int(flat), self.side)
            if len(chosen | dict.fromkeys(pair)) > limit:
                break
            chosen |= dict.fromkeys(pair)
        for index in range(self.side):  # few confusions: fill up with the first classes
            if len(chosen) >= min(limit, self.side):
                break
            chosen[index] = None
        return np.array(sorted(chosen), dtype=np.intp)

    def title(self, cell: Cell) -> str:
        """Name a cell: `cat → dog`."""
        named = [self.names[index] for index in (cell.true, cell.predicted) if index is not None]
        return " → ".join(named)

    def sentence(self, cell: Cell) -> str:
        """Say what a cell, a row or a column holds."""
        if cell.true is not None and cell.predicted is not None:
            return self._cell_sentence(cell.true, cell.predicted)
        if cell.true is not None:
            row = int(self.counts[cell.true].sum())
            if cell.true == self.background:
                return f"Made up: {self._counted(row)} where nothing is"
            hits = int(self.counts[cell.true, cell.true])
            return f"True {self.names[cell.true]}: {self._counted(row)}, {hits / max(1, row):.1%} right"
        if cell.predicted is not None:
            whole = int(self.counts[:, cell.predicted].sum())
            if self._is_unanswered(cell.predicted):
                return f"{self.unanswered.capitalize()}: {self._counted(whole)}"
            if cell.predicted == self.background:
                return f"Missed: {self._counted(whole)}"
            hits = int(self.counts[cell.predicted, cell.predicted])
            name = self.names[cell.predicted]
            return f"Predicted {name}: {self._counted(whole)}, {hits / max(1, whole):.1%} right"
        return ""

    def _cell_sentence(self, true: int, predicted: int) -> str:
        count, row = int(self.counts[true, predicted]), int(self.counts[true].sum())
        of = self.names[true]
        if true == self.background:
            return f"{self.names[predicted]} where nothing is: {self._counted(count)}"
        share = f"{count / max(1, row):.1%} of {of}"
        if predicted == self.background or self._is_unanswered(predicted):
            return f"{of}, {self.unanswered or 'missed'}: {self._counted(count)}, {share}"
        verdict = f"{of}, rightly predicted" if true == predicted else f"{of} → {self.names[predicted]}"
        return f"{verdict}: {self._counted(count)}, {share}"

    def summary(self) -> str:
        """The whole matrix in words, for those who cannot see it."""
        total, right = int(self.counts.sum()), int(np.trace(self.counts))
        said = [f"{self.classes} classes, {self._counted(total)}, {right / max(1, total):.1%} right."]
        told = [self.sentence(cell) for cell in self.pairs(_MOST_TOLD)]
        if self.unanswered:
            said.append(f"{self.sentence(Cell(None, self.side - 1))}.")
        if told:
            said.append(f"Most confused: {'; '.join(told)}.")
        return " ".join(said)

    def _is_unanswered(self, predicted: int) -> bool:
        return bool(self.unanswered) and predicted == self.side - 1

    def _counted(self, count: int) -> str:
        return f"1 {self.unit}" if count == 1 else f"{count:,} {self.unit}s"

    def text(self, row: int, column: int, values: Values) -> str:
        """What stands in a cell; empty where it would be a nought."""
        count = int(self.counts[row, column])
        if not count:
            return ""
        is_column = values == "column"
        # Of nothing there is no share.
        if values == "count" or (column if is_column else row) == self.background:
            return _short(count)
        whole = self.counts[:, column] if is_column else self.counts[row]
        percent = 100 * count / max(1, int(whole.sum()))
        if percent < 100 * self.least:
            return ""
        return f"{percent:.0f}" if percent >= 0.5 else "<1"


@lru_cache(maxsize=_KEPT)
def _confusions(data: MatrixData) -> NDArray[np.intp]:
    """The cells off the diagonal that hold anything, flat, the fullest first; a million cells are mostly empty."""
    wrong = data.counts.copy()
    np.fill_diagonal(wrong, 0)
    if data.unanswered:
        wrong[:, -1] = 0
    there = np.flatnonzero(wrong)
    return there[np.argsort(-wrong.ravel()[there], kind="stable")]


def matrix_data(counts: NDArray[np.int64], names: Sequence[str]) -> MatrixData:
    """Make the data of C named classes; a larger matrix is cut to them."""
    side = len(names)
    return MatrixData(np.asarray(counts, dtype=np.int64)[:side, :side], tuple(names))


def _short(count: int) -> str:
    """`412`, `1.2k`, `3.4M`: what has room in a cell."""
    for size, letter in ((_THOUSAND**3, "G"), (_THOUSAND**2, "M"), (_THOUSAND, "k")):
        if count >= size:
            return f"{count / size:.1f}{letter}"
    return str(count)
