"""Bring objects into pixels of the real images, and see that each box has room in its image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.datasets.annotations import Annotations
from engine.datasets.annotations_builder import AnnotationsBuilder, Columns
from engine.datasets.problem_list import Kind, ProblemList

_ROUNDING = 1.0
"""Pixels by which a box may leave its image without a word: tools round, or count from 1."""
_LEAST_SIDE = 1e-3
_MIX = np.uint64(0x9E3779B97F4A7C15)
"""An odd number whose multiples spread over all bits."""

_INVALID = Kind("box_invalid", "Correct its numbers.")
_INVERTED = Kind("box_inverted", "Nothing to do if the corners are right; correct them if not.")
_EMPTY = Kind("box_empty", "Remove it, or draw it anew.")
_OUTSIDE = Kind("box_outside", "Draw it anew, or see whether it belongs to this image.")
_REPEATED = Kind("box_repeated", "Remove one of the two: no model can find the same object twice.")
_SIZE = Kind(
    "size_differs", "See whether the labels were made for this file, or for one of another size or turned."
)
_RUNS = Kind("mask_size", "Export the annotations anew.")


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of the images that objects lie in."""

    numbers: Sequence[int]
    """How the builder calls them, in the order of the table to be made."""
    sizes: Sequence[tuple[int, int]]
    """Upright width and height, pixels."""
    names: Sequence[str]
    """From the root."""


def settle(
    builder: AnnotationsBuilder, images: Measured, classes: Sequence[str], problems: ProblemList
) -> Annotations:
    """Make the table; boxes that cannot be are left out, clipped or put right, and each of that is told.

    Raises:
        Nothing: whatever the files hold, there is a table.
    """
    columns = Columns.of(builder)
    known = _places(columns, images.numbers)
    _tell_sizes(builder, images, problems)
    settling = _Settling(builder, columns, images, classes, problems)
    settling.place = known
    columns.images = np.where(known >= 0, columns.images, -1)
    if len(columns.labels):
        settling.run()
    return columns.table(images.numbers)


def _places(columns: Columns, numbers: Sequence[int]) -> NDArray[np.int64]:
    """The place in the table of each object's image; -1 for one that is not in it."""
    size = max([*numbers, int(columns.images.max(initial=-1))], default=-1) + 2  # the last stands for -1
    position = np.full(size + 1, -1, np.int64)
    position[np.asarray(numbers, np.int64)] = np.arange(len(numbers))
    return position[columns.images]


class _Settling:
    """The rules, one after another, over the columns of all objects."""

    def __init__(
        self,
        builder: AnnotationsBuilder,
        columns: Columns,
        images: Measured,
        classes: Sequence[str],
        problems: ProblemList,
    ) -> None:
        self._builder = builder
        self._columns = columns
        self._images = images
        self._classes = classes
        self._problems = problems
        self.place: NDArray[np.int64] = np.zeros(0, np.int64)

    def run(self) -> None:
        columns = self._columns
        sizes = np.array([*self._images.sizes, (1, 1)], np.float64)[self.place]
        if self._builder.shares:
            columns.boxes *= np.tile(sizes, 2)
            columns.points = columns.points.astype(np.float64) * sizes[columns.objects_of_points]
            columns.areas *= sizes[:, 0] * sizes[:, 1]
        self._drop(~np.all(np.isfinite(columns.boxes), axis=1), _INVALID, "has a number that is none")
        self._put_in_order()
        sides = columns.boxes[:, 2:] - columns.boxes[:, :2]
        self._drop(np.any(sides < _LEAST_SIDE, axis=1), _EMPTY, "has no area")
        self._clip(sizes)
        self._tell_repeated()
        self._drop_runs(sizes)

    def _put_in_order(self) -> None:
        boxes = self._columns.boxes
        wrong = (boxes[:, 2] < boxes[:, 0]) | (boxes[:, 3] < boxes[:, 1])
        self._tell(wrong, _INVERTED, "has its corners exchanged; they are put in order")
        low, high = np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])
        self._columns.boxes = np.concatenate((low, high), axis=1)

    def _clip(self, sizes: NDArray[np.float64]) -> None:
        boxes = self._columns.boxes
        clipped = np.clip(boxes, 0, np.tile(sizes, 2))
        sides = clipped[:, 2:] - clipped[:, :2]
        off = np.any(sides < _LEAST_SIDE, axis=1)
        over = np.any(np.abs(clipped - boxes) > _ROUNDING, axis=1) & ~off
        self._tell(over, _OUTSIDE, "reaches out of its image; it is clipped")
        self._drop(off, _OUTSIDE, "lies outside its image")
        self._columns.boxes = clipped

    def _tell_repeated(self) -> None:
        columns = self._columns
        suspects = np.flatnonzero(_like_another(columns))
        rows = np.column_stack((columns.images, columns.labels, columns.boxes))[suspects]
        _, first = np.unique(rows, axis=0, return_index=True)
        repeated = np.zeros(len(columns.labels), np.bool_)
        repeated[suspects] = True
        repeated[suspects[first]] = False
        self._tell(repeated, _REPEATED, "is there twice")

    def _drop_runs(self, sizes: NDArray[np.float64]) -> None:
        columns = self._columns
        told = columns.run_sizes[:, 0] > 0
        wrong = told & np.any(columns.run_sizes[:, ::-1] != sizes, axis=1) & (self.place >= 0)
        self._tell(wrong, _RUNS, "has a mask of another size than its image; its box stands for it")
        columns.run_sizes[wrong] = 0

    def _drop(self, which: NDArray[np.bool_], kind: Kind, what: str) -> None:
        self._tell(which, kind, f"{what}; it is left out")
        self._columns.images[which] = -1
        self.place[which] = -1

    def _tell(self, which: NDArray[np.bool_], kind: Kind, what: str) -> None:
        numbers = np.flatnonzero(which & (self.place >= 0)).tolist()
        for told, number in enumerate(numbers):
            if not self._problems.has_room(kind):
                self._problems.count(kind, len(numbers) - told)
                return
            file, line = self._columns.places[number].tolist()
            self._problems.tell(kind, self._sentence(number, line, what), self._file(file, number), line)

    def _sentence(self, number: int, line: int, what: str) -> str:
        label = int(self._columns.labels[number])
        name = self._classes[label] if 0 <= label < len(self._classes) else str(label)
        corners = " ".join(f"{round(float(value), 2):g}" for value in self._columns.boxes[number])
        image = self._images.names[int(self.place[number])]
        return f"{f'Line {line}: t' if line else 'T'}he box of {name} ({corners}) in {image} {what}."

    def _file(self, file: int, number: int) -> str:
        files = self._builder.files
        return files[file] if files else self._images.names[int(self.place[number])]


def _like_another(columns: Columns) -> NDArray[np.bool_]:
    """Mark boxes that share a hash with another: few, of which equal ones are sought with care.

    To sort all rows of a large dataset would take a minute.
    """
    key = columns.images.astype(np.uint64) * _MIX + columns.labels.astype(np.uint64)
    for edge in (columns.boxes + 0.0).T:  # so that -0 has the bits of 0
        key = key * _MIX + np.ascontiguousarray(edge).view(np.uint64)
        key ^= key >> np.uint64(29)
    order = np.argsort(key)
    same = key[order][1:] == key[order][:-1]
    marked = np.zeros(len(key), np.bool_)
    marked[order[1:][same]] = True
    marked[order[:-1][same]] = True
    return marked


def _tell_sizes(builder: AnnotationsBuilder, images: Measured, problems: ProblemList) -> None:
    known: Mapping[int, tuple[int, int]] = builder.declared
    for number, real, name in zip(images.numbers, images.sizes, images.names, strict=True):
        told = known.get(number, real)
        if told != real and min(told) > 0:
            sizes = f"{told[0]} × {told[1]} pixels, and it has {real[0]} × {real[1]}"
            problems.tell(_SIZE, f"The labels of {name} speak of {sizes}.", name)
