"""Gather objects as a layout reads them, in any order of images, and make the table of them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.datasets.annotations import POINT_SCALE, Annotations
from engine.datasets.polygons import Runs

_NO_AREA = float("nan")
_AT_ONCE = 1 << 16
"""Parts that are gathered at once."""
_JOINED = (
    "boxes", "crowd", "difficult", "areas", "ring_counts", "point_counts", "points", "run_counts", "runs", "run_sizes",
)  # fmt: skip
"""Columns that are the same whatever images and labels are called."""


@dataclass(frozen=True, slots=True)
class FoundObject:
    """One object as a file tells it."""

    box: tuple[float, float, float, float]
    """Left, top, right, bottom; pixels, or shares of the image where the builder is told so."""
    label: int
    crowd: bool = False
    difficult: bool = False
    area: float | None = None
    rings: Sequence[Sequence[float]] = ()
    """Polygons, each x, y, x, y …"""
    runs: Runs | None = None
    size: tuple[int, int] = (0, 0)
    """Height and width of the mask that `runs` tells."""
    file: int = 0
    """Which of the builder's files tells it."""
    line: int = 0


@dataclass(slots=True)
class AnnotationsBuilder:
    """Columns that grow. Images are numbers given by the reader, such as places in its list of images."""

    files: list[str] = field(default_factory=list[str])
    """Names of the files that objects come from, for problems."""
    shares: bool = False
    """Boxes and polygons are shares of the image's width and height."""
    declared: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    """Width and height of an image as the files say, where they do."""
    images: array[int] = field(default_factory=lambda: array("q"))
    boxes: array[float] = field(default_factory=lambda: array("d"))
    labels: array[int] = field(default_factory=lambda: array("q"))
    crowd: array[int] = field(default_factory=lambda: array("b"))
    difficult: array[int] = field(default_factory=lambda: array("b"))
    areas: array[float] = field(default_factory=lambda: array("d"))
    ring_counts: array[int] = field(default_factory=lambda: array("q"))
    point_counts: array[int] = field(default_factory=lambda: array("q"))
    points: array[int] | array[float] = field(default_factory=lambda: array("i"))
    """Corners, x and y in turn: thousandths of a pixel, or shares of the image."""
    run_counts: array[int] = field(default_factory=lambda: array("q"))
    runs: array[int] = field(default_factory=lambda: array("I"))
    run_sizes: array[int] = field(default_factory=lambda: array("i"))
    places: array[int] = field(default_factory=lambda: array("q"))
    """File and line of each object, in turn."""

    def __post_init__(self) -> None:
        if self.shares:
            self.points = array("d")

    def __len__(self) -> int:
        return len(self.labels)

    def add(self, image: int, found: FoundObject) -> None:
        """Take one object of an image."""
        self.images.append(image)
        self.boxes.extend(found.box)
        self.labels.append(found.label)
        self.crowd.append(found.crowd)
        self.difficult.append(found.difficult)
        self.areas.append(_NO_AREA if found.area is None else found.area)
        self.ring_counts.append(len(found.rings))
        for ring in found.rings:
            self.point_counts.append(len(ring) // 2)
            corners = np.array(ring[: len(ring) // 2 * 2], np.float64)
            self.points.frombytes((corners if self.shares else _thousandths(corners)).tobytes())
        runs = found.runs
        self.run_counts.append(0 if runs is None else len(runs))
        if runs is not None:
            self.runs.frombytes(runs.astype(np.uint32).tobytes())
        self.run_sizes.extend(found.size if runs is not None else (0, 0))
        self.places.extend((found.file, found.line))

    def join(
        self, other: AnnotationsBuilder, images: Sequence[int], labels: Sequence[int], file: int
    ) -> None:
        """Take all objects of another builder, whose images and labels are places in these lists.

        Args:
            other: from which; it is not needed any more.
            images: numbers of images here; -1 for those whose objects are left out.
            labels: labels here; -1 likewise.
            file: which of the files here tells them.
        """
        own_images = np.array([*images, -1], np.int64)[np.array(other.images, np.int64)]
        own_labels = np.array([*labels, -1], np.int64)[np.array(other.labels, np.int64)]
        own_images[own_labels < 0] = -1
        self.images.frombytes(own_images.tobytes())
        self.labels.frombytes(own_labels.tobytes())
        places = np.array(other.places, np.int64).reshape(-1, 2)
        places[:, 0] = file
        self.places.frombytes(places.tobytes())
        for name in _JOINED:
            own, taken = getattr(self, name), getattr(other, name)
            if len(own) == 0:
                setattr(self, name, taken)  # a large file's columns are not copied
            else:
                own.extend(taken)
            setattr(other, name, taken[:0])

    def build(self, images: Sequence[int]) -> Annotations:
        """Make the table for these images in this order, as it was told; objects of others are left out."""
        return Columns.of(self).table(images)


@dataclass(slots=True, eq=False)
class Columns:
    """A builder's content as arrays, in the order of reading; what is corrected before the table is made."""

    images: NDArray[np.int64]
    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    crowd: NDArray[np.bool_]
    difficult: NDArray[np.bool_]
    areas: NDArray[np.float64]
    ring_counts: NDArray[np.int64]
    point_counts: NDArray[np.int64]
    points: NDArray[np.generic]
    """(points, 2) pixels, or thousandths of them where they are whole numbers."""
    run_counts: NDArray[np.int64]
    runs: Runs
    run_sizes: NDArray[np.int32]
    places: NDArray[np.int64]
    """(objects, 2) file and line."""

    @classmethod
    def of(cls, builder: AnnotationsBuilder) -> Columns:
        return cls(
            images=np.array(builder.images, np.int64),
            boxes=np.array(builder.boxes, np.float64).reshape(-1, 4),
            labels=_view(builder.labels, np.int64),
            crowd=np.array(builder.crowd, np.bool_),
            difficult=np.array(builder.difficult, np.bool_),
            areas=np.array(builder.areas, np.float64),
            ring_counts=_view(builder.ring_counts, np.int64),
            point_counts=_view(builder.point_counts, np.int64),
            points=_view(builder.points, np.float64 if builder.shares else np.int32).reshape(-1, 2),
            run_counts=_view(builder.run_counts, np.int64),
            runs=_view(builder.runs, np.uint32),
            run_sizes=np.array(builder.run_sizes, np.int32).reshape(-1, 2),
            places=_view(builder.places, np.int64).reshape(-1, 2),
        )

    @property
    def objects_of_points(self) -> NDArray[np.int64]:
        """The object that each point belongs to."""
        of_rings = np.repeat(np.arange(len(self.labels)), self.ring_counts)
        return np.repeat(of_rings, self.point_counts)

    def table(self, images: Sequence[int]) -> Annotations:
        """Sort by image, keeping the order within one."""
        position = np.full(max([*images, int(self.images.max(initial=-1))], default=-1) + 2, -1, np.int64)
        position[np.asarray(images, np.int64)] = np.arange(len(images))
        places = position[self.images]
        order = np.argsort(places, kind="stable")
        order = order[places[order] >= 0]
        rings = parts(self.ring_counts, order)
        boxes = self.boxes[order].astype(np.float32)
        sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
        areas = self.areas[order]
        areas = np.where(np.isnan(areas), sides[:, 0].astype(np.float64) * sides[:, 1], areas)
        points = gathered(self.points, self.point_counts, rings, _thousandths)
        return Annotations(
            object_starts=starts(np.bincount(places[order], minlength=len(images))),
            boxes=boxes,
            labels=self.labels[order],
            crowd=self.crowd[order],
            difficult=self.difficult[order],
            areas=areas.astype(np.float32),
            ring_starts=starts(self.ring_counts[order]),
            point_starts=starts(self.point_counts[rings]),
            points=points,
            run_starts=starts(self.run_counts[order]),
            runs=gathered(self.runs, self.run_counts, order),
            run_sizes=self.run_sizes[order],
        )


def _thousandths(points: NDArray[np.generic]) -> NDArray[np.int32]:
    """Take pixels to whole thousandths of them; whole numbers are such already."""
    if points.dtype == np.int32:
        return points.astype(np.int32, copy=False)
    most = (2**31 - 1) // POINT_SCALE
    return np.rint(np.clip(points.astype(np.float64), -most, most) * POINT_SCALE).astype(np.int32)


def starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give where each part begins, and where the last ends."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))


def parts(counts: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the places of the members of the parts in `order`, where part k has `counts[k]` members."""
    first = starts(counts)[:-1]
    lengths = counts[order]
    inside = np.arange(int(lengths.sum())) - np.repeat(starts(lengths)[:-1], lengths)
    return np.repeat(first[order], lengths) + inside


def gathered(
    values: NDArray[Any],
    counts: NDArray[np.int64],
    order: NDArray[np.int64],
    convert: Callable[[NDArray[Any]], NDArray[Any]] = lambda some: some,
) -> NDArray[Any]:
    """Give the members of the parts in `order`, a piece at a time: their places alone would take gigabytes.

    Args:
        values: members of all parts, one after the other.
        counts: how many members each part has.
        order: of the parts that are taken.
        convert: what is done to each piece; of the same length after it.
    """
    first = starts(counts)[:-1]
    total = int(counts[order].sum())
    result = np.empty((total, *values.shape[1:]), convert(values[:0]).dtype)
    at = 0
    for begin in range(0, len(order), _AT_ONCE):
        some = order[begin : begin + _AT_ONCE]
        lengths = counts[some]
        inside = np.arange(int(lengths.sum())) - np.repeat(starts(lengths)[:-1], lengths)
        result[at : at + len(inside)] = convert(values[np.repeat(first[some], lengths) + inside])
        at += len(inside)
    return result


def _view(column: array[int] | array[float], kind: type[np.generic]) -> NDArray[Any]:
    """Look at a column without a copy of it; nobody writes to it. Nothing can be added to it meanwhile."""
    if len(column) == 0:
        return np.zeros(0, kind)
    seen = np.frombuffer(column, kind)
    seen.flags.writeable = False
    return seen
