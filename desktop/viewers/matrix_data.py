"""A confusion matrix as numbers: shares, the classes confused most, and cells in words. Draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Values = Literal["percent", "count"]
_MOST_TOLD = 3
_THOUSAND = 1000


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
    """

    counts: NDArray[np.int64]
    names: tuple[str, ...]

    @property
    def side(self) -> int:
        return len(self.names)

    def shares(self) -> NDArray[np.float64]:
        """(C, C) of each true class, 0 to 1; a class without images has zeros."""
        return self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)

    def part(self, classes: NDArray[np.intp]) -> MatrixData:
        """The rows and columns of some classes only."""
        return MatrixData(self.counts[np.ix_(classes, classes)], tuple(self.names[int(i)] for i in classes))

    def most_confused(self, limit: int) -> NDArray[np.intp]:
        """At most `limit` classes that are confused with each other most often, in their own order."""
        wrong = self.counts.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[: limit * limit]
        chosen: dict[int, None] = {}
        for flat in order:
            pair = [int(index) for index in np.unravel_index(flat, wrong.shape)]
            if not wrong[pair[0], pair[1]] or len(chosen | dict.fromkeys(pair)) > limit:
                break
            chosen |= dict.fromkeys(pair)
        for index in range(self.side):  # few confusions: fill up with the first classes
            if len(chosen) >= min(limit, self.side):
                break
            chosen[index] = None
        return np.array(sorted(chosen), dtype=np.intp)

    def sentence(self, cell: Cell) -> str:
        """Say what a cell, a row or a column holds."""
        if cell.true is not None and cell.predicted is not None:
            count, row = int(self.counts[cell.true, cell.predicted]), int(self.counts[cell.true].sum())
            of = self.names[cell.true]
            right = cell.true == cell.predicted
            verdict = f"{of}, rightly predicted" if right else f"{of} → {self.names[cell.predicted]}"
            return f"{verdict}: {_images(count)}, {count / max(1, row):.1%} of {of}"
        if cell.true is not None:
            row = int(self.counts[cell.true].sum())
            hits = int(self.counts[cell.true, cell.true])
            return f"True {self.names[cell.true]}: {_images(row)}, {hits / max(1, row):.1%} right"
        if cell.predicted is not None:
            whole = int(self.counts[:, cell.predicted].sum())
            hits = int(self.counts[cell.predicted, cell.predicted])
            return (
                f"Predicted {self.names[cell.predicted]}: {_images(whole)}, {hits / max(1, whole):.1%} right"
            )
        return ""

    def summary(self) -> str:
        """The whole matrix in words, for those who cannot see it."""
        total, right = int(self.counts.sum()), int(np.trace(self.counts))
        said = [f"{self.side} classes, {_images(total)}, {right / max(1, total):.1%} right."]
        wrong = self.counts.copy()
        np.fill_diagonal(wrong, 0)
        worst = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_TOLD]
        pairs = [divmod(int(flat), self.side) for flat in worst] if self.side else []
        told = [self.sentence(Cell(i, j)) for i, j in pairs if wrong[i, j]]
        if told:
            said.append(f"Most confused: {'; '.join(told)}.")
        return " ".join(said)

    def text(self, row: int, column: int, values: Values) -> str:
        """What stands in a cell; empty where it would be a nought."""
        count = int(self.counts[row, column])
        if not count:
            return ""
        if values == "count":
            return str(count) if count < _THOUSAND else f"{count / _THOUSAND:.1f}k"
        percent = 100 * count / max(1, int(self.counts[row].sum()))
        return f"{percent:.0f}" if percent >= 0.5 else "<1"


def matrix_data(counts: NDArray[np.int64], names: Sequence[str]) -> MatrixData:
    """Make the data of C named classes; a larger matrix (with a background row) is cut to them."""
    side = len(names)
    return MatrixData(np.asarray(counts, dtype=np.int64)[:side, :side], tuple(names))


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"
