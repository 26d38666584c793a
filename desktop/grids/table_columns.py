"""What a table of images says in its columns: words by number of the image, and what they are sorted by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column.

    Attributes:
        key: names it among the others.
        title: its heading.
        words: gives what stands in the rows of these images; called for what is on the screen, and to copy.
        values: gives a number for every image, to sort by, the smallest first; NaN comes last, whichever way.
        is_number: it stands at the right, and its first sort is that of `is_worst_high`.
        is_worst_high: the highest value is the worst: sorted by it, it comes first.
        tip: what the heading means.
    """

    key: str
    title: str
    words: Callable[[Numbers], Sequence[str]]
    values: Callable[[], NDArray[np.generic]]
    is_number: bool = True
    is_worst_high: bool = False
    tip: str = ""


def table_text(columns: Sequence[TableColumn], images: Numbers, separator: str) -> str:
    """Write rows below the headings; a cell that holds the separator, a quote or a line's end is quoted.

    Takes a second for 100,000 rows: not in the GUI's thread.
    """
    told = [column.words(images) for column in columns]
    lines = [[column.title for column in columns], *zip(*told, strict=True)]
    return "".join(separator.join(_quoted(cell, separator) for cell in line) + "\n" for line in lines)


def _quoted(cell: str, separator: str) -> str:
    if separator in cell or '"' in cell or "\n" in cell or "\r" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell
