"""Columns of the table of images, as tasks fill them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from desktop.grids.table_columns import Numbers, TableColumn
from desktop.models.result import Result

NONE = "–"
_KEPT = 4


def file_column(result: Result) -> TableColumn:
    """The path of the file within its dataset."""
    paths = result.paths
    return TableColumn(
        "file",
        "File",
        lambda images: [paths[image] for image in images.tolist()],
        lambda: name_ranks(paths),
        is_number=False,
        tip="Path within the dataset",
    )


def word_column(
    key: str, title: str, words: Callable[[int], str], values: Callable[[], NDArray[np.generic]]
) -> TableColumn:
    """Words made for one image after the other."""

    def told(images: Numbers) -> list[str]:
        return [words(image) for image in images.tolist()]

    return TableColumn(key, title, told, values, is_number=False)


def class_column(key: str, title: str, names: Sequence[str], numbers: NDArray[np.generic]) -> TableColumn:
    """The name of a class, sorted by name."""

    def values() -> NDArray[np.generic]:
        order = sorted(range(len(names)), key=lambda number: names[number].casefold())
        rank = np.empty(len(names), dtype=np.int64)
        rank[order] = np.arange(len(names))
        return rank[numbers.astype(np.int64)]

    return TableColumn(
        key,
        title,
        lambda images: [names[int(number)] for number in numbers[images].astype(np.int64).tolist()],
        values,
        is_number=False,
    )


def verdict_column(
    is_good: NDArray[np.bool_], good: str, bad: str, sure: NDArray[np.generic] | None = None
) -> TableColumn:
    """Right, wrong or (where `sure` says so) not sure, in words with the grid's signs; the wrong ones first."""
    words = (f"✕ {bad}", "? Not sure", f"✓ {good}")
    ranks = np.where(is_good, 2, 0)
    if sure is not None:
        ranks[~sure.astype(np.bool_)] = 1
    return TableColumn(
        "verdict",
        "Verdict",
        lambda images: [words[rank] for rank in ranks[images].tolist()],
        lambda: ranks,
        is_number=False,
    )


def number_column(
    key: str, title: str, values: NDArray[np.generic], form: str = "{:.1%}", tip: str = ""
) -> TableColumn:
    """A number; NaN is told as none. Of losses and of counts of mistakes the highest is the worst."""

    def told(images: Numbers) -> list[str]:
        return [NONE if value != value else form.format(value) for value in values[images].tolist()]

    is_worst_high = key in ("loss", "missed", "made_up", "objects", "found")
    return TableColumn(key, title, told, lambda: values, is_worst_high=is_worst_high, tip=tip)


@lru_cache(maxsize=_KEPT)
def name_ranks(paths: tuple[str, ...]) -> NDArray[np.int64]:
    """Give the place of each path among all by name: sorting them takes long, and results of a run share them."""
    order = np.argsort(np.array(paths), kind="stable")
    ranks = np.empty(len(paths), dtype=np.int64)
    ranks[order] = np.arange(len(paths))
    return ranks


def counted_classes(names: Sequence[str], numbers: NDArray[np.int64]) -> str:
    """`2 cat, 1 dog`: the classes of an image's objects, the most frequent first."""
    counts = np.bincount(numbers, minlength=len(names))
    there = np.flatnonzero(counts)
    order = there[np.argsort(-counts[there], kind="stable")]
    return ", ".join(f"{counts[number]} {names[number]}" for number in order.tolist()) or NONE
