"""Which objects of an image were added, removed or drawn otherwise between two versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.datasets.annotations import Annotations

_DECIMALS = 2
"""Corners that differ by less than a hundredth of a pixel are the same: layouts round."""
_SAME_OBJECT = 0.5
"""Overlap from which two boxes are taken for one object that was drawn otherwise."""


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """The objects of one image."""

    path: str
    added: int
    removed: int
    changed: int
    """With another class, box or mask."""


def changed_objects(
    tables: tuple[Annotations, Annotations],
    classes: tuple[Sequence[str], Sequence[str]],
    pairs: Sequence[tuple[int, int]],
    paths: Sequence[str],
) -> tuple[ObjectChange, ...]:
    """Compare the objects of images.

    Args:
        tables: of the old and of the new version.
        classes: of both, by which labels are compared.
        pairs: places of an image in the old and in the new version.
        paths: of these images, to tell them by.
    """
    names = {name: number for number, name in enumerate(dict.fromkeys([*classes[0], *classes[1]]))}
    labels = tuple(
        np.array([names[name] for name in own], np.int64)[table.labels] if len(table.labels) else table.labels
        for table, own in zip(tables, classes, strict=True)
    )
    changes: list[ObjectChange] = []
    for (one, other), path in zip(pairs, paths, strict=True):
        sides = (_Side(tables[0], labels[0], one), _Side(tables[1], labels[1], other))
        if not _are_equal(*sides):
            added, removed, changed = _counted(*sides)
            if added or removed or changed:
                changes.append(ObjectChange(path, added, removed, changed))
    return tuple(changes)


@dataclass(slots=True)
class _Side:
    """The objects of one image in one version."""

    table: Annotations
    labels: NDArray[np.int64]
    place: int

    @property
    def part(self) -> slice:
        starts = self.table.object_starts
        return slice(int(starts[self.place]), int(starts[self.place + 1]))

    def boxes(self) -> NDArray[np.float32]:
        return self.table.boxes[self.part]

    def keys(self) -> list[tuple[object, ...]]:
        """What makes each object what it is."""
        part = self.part
        rounded = np.round(self.table.boxes[part].astype(np.float64), _DECIMALS).tolist()
        labels = self.labels[part].tolist()
        crowd = self.table.crowd[part].tolist()
        return [
            (labels[place], tuple(rounded[place]), crowd[place], self._mask(part.start + place))
            for place in range(len(labels))
        ]

    def _mask(self, number: int) -> object:
        if not self.table.has_masks:
            return None
        runs = self.table.object_runs(number)
        if runs is not None:
            return runs[0].tobytes()
        return tuple(np.round(ring, _DECIMALS).tobytes() for ring in self.table.rings(number))


def _are_equal(one: _Side, other: _Side) -> bool:
    """The usual case, quickly."""
    a, b = one.part, other.part
    if a.stop - a.start != b.stop - b.start or one.table.has_masks or other.table.has_masks:
        return False
    return (
        np.array_equal(one.labels[a], other.labels[b])
        and np.array_equal(one.table.boxes[a], other.table.boxes[b])
        and np.array_equal(one.table.crowd[a], other.table.crowd[b])
    )


def _counted(one: _Side, other: _Side) -> tuple[int, int, int]:
    """Added, removed, changed."""
    before, after = one.keys(), other.keys()
    left = _rest(before, after)
    right = _rest(after, before)
    changed = _matched(one.boxes()[left], other.boxes()[right])
    return len(right) - changed, len(left) - changed, changed


def _rest(mine: Sequence[tuple[object, ...]], theirs: Sequence[tuple[object, ...]]) -> list[int]:
    """Places of those that the other side has not."""
    there = Counter(theirs)
    rest: list[int] = []
    for place, key in enumerate(mine):
        if there[key] > 0:
            there[key] -= 1
        else:
            rest.append(place)
    return rest


def _matched(one: NDArray[np.float32], other: NDArray[np.float32]) -> int:
    """Count pairs that overlap so much that they are one object, the best first."""
    if not len(one) or not len(other):
        return 0
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (one, other)]
    overlap = shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-9)
    rows, columns = np.nonzero(overlap >= _SAME_OBJECT)
    best_first = np.argsort(-overlap[rows, columns], kind="stable")
    taken_rows, taken_columns = set[int](), set[int]()
    for place in best_first:
        row, column = int(rows[place]), int(columns[place])
        if row not in taken_rows and column not in taken_columns:
            taken_rows.add(row)
            taken_columns.add(column)
    return len(taken_rows)
