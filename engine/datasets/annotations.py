"""The objects of a detection dataset, image by image: boxes, classes and masks in columns of one file."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.datasets.polygons import Mask, Points, Runs, polygon_mask, runs_mask
from engine.errors import UserError
from engine.protocol.run_folder import write_atomic_by

POINT_SCALE = 1000
"""Corners are kept as whole thousandths of a pixel: exact for what annotation tools write, in half the space."""


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of one image, in the order of their file."""

    boxes: NDArray[np.float32]
    """(n, 4) left, top, right, bottom in pixels of the upright image."""
    labels: NDArray[np.int64]
    """(n,) positions in the manifest's classes."""
    crowd: NDArray[np.bool_]
    """(n,) a region of many objects that are not told apart."""
    difficult: NDArray[np.bool_]
    """(n,) hard to make out; left out of scores by Pascal VOC's rules."""
    areas: NDArray[np.float32]
    """(n,) as the file says, square pixels; the box's where it says nothing."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class Annotations:
    """All objects of a dataset, in columns.

    Those named `…_starts` have one entry more than there are parts: part k is from starts[k] to starts[k + 1].
    """

    object_starts: NDArray[np.int64]
    """(images + 1,) over the objects."""
    boxes: NDArray[np.float32]
    """(objects, 4)."""
    labels: NDArray[np.int64]
    crowd: NDArray[np.bool_]
    difficult: NDArray[np.bool_]
    areas: NDArray[np.float32]
    ring_starts: NDArray[np.int64]
    """(objects + 1,) over the rings of polygons; an object may have several, or none."""
    point_starts: NDArray[np.int64]
    """(rings + 1,) over the points."""
    points: NDArray[np.int32]
    """(points, 2) x and y, thousandths of a pixel."""
    run_starts: NDArray[np.int64]
    """(objects + 1,) over the runs of masks given as run lengths."""
    runs: NDArray[np.uint32]
    run_sizes: NDArray[np.int32]
    """(objects, 2) height and width of such a mask; 0 where there is none."""

    def __len__(self) -> int:
        """Count the images."""
        return len(self.object_starts) - 1

    @property
    def has_masks(self) -> bool:
        return len(self.points) > 0 or len(self.runs) > 0

    def of(self, index: int) -> Objects:
        """Give the objects of the manifest's item at `index`; views, not copies."""
        part = slice(int(self.object_starts[index]), int(self.object_starts[index + 1]))
        return Objects(
            self.boxes[part], self.labels[part], self.crowd[part], self.difficult[part], self.areas[part]
        )

    def masks(self, index: int, height: int, width: int) -> Mask | None:
        """Draw the objects of an image as (n, height, width); None when the dataset has boxes only.

        In a dataset with masks, an object that has none is its box.
        """
        if not self.has_masks:
            return None
        first, after = int(self.object_starts[index]), int(self.object_starts[index + 1])
        drawn = np.zeros((after - first, height, width), np.bool_)
        for number in range(first, after):
            drawn[number - first] = self.object_mask(number, height, width)
        return drawn

    def object_mask(self, number: int, height: int, width: int) -> Mask:
        """Draw one object by its place in the columns."""
        runs = self.object_runs(number)
        if runs is not None:
            return _fitted(runs_mask(runs[0], *runs[1]), height, width)
        rings = self.rings(number)
        if not rings:
            left, top, right, bottom = np.rint(self.boxes[number]).astype(int).tolist()
            mask = np.zeros((height, width), np.bool_)
            mask[max(top, 0) : bottom, max(left, 0) : right] = True
            return mask
        mask = polygon_mask(rings[0], height, width)
        for ring in rings[1:]:
            mask |= polygon_mask(ring, height, width)
        return mask

    def rings(self, number: int) -> list[Points]:
        """Give the polygons of one object by its place in the columns, in pixels."""
        rings = range(int(self.ring_starts[number]), int(self.ring_starts[number + 1]))
        bounds = [(int(self.point_starts[ring]), int(self.point_starts[ring + 1])) for ring in rings]
        return [self.points[start:end] / POINT_SCALE for start, end in bounds]

    def object_runs(self, number: int) -> tuple[Runs, tuple[int, int]] | None:
        """Give the run lengths of one object with height and width, where its mask came so."""
        height, width = self.run_sizes[number].tolist()
        if height == 0 or width == 0:
            return None
        return self.runs[int(self.run_starts[number]) : int(self.run_starts[number + 1])], (height, width)

    def digest(self) -> str:
        """Hash the content, hex: equal for equal annotations, whatever wrote the file."""
        digest = hashlib.sha256()
        for name, column in self.columns().items():
            digest.update(f"{name}\0{column.shape}\n".encode())
            digest.update(np.ascontiguousarray(column).data)
        return digest.hexdigest()

    def columns(self) -> Mapping[str, NDArray[np.generic]]:
        return {name: getattr(self, name).astype(kind, copy=False) for name, kind in _KINDS.items()}

    def save(self, path: Path) -> None:
        """Write it atomically."""
        columns = self.columns()

        def write(file: BinaryIO) -> None:
            np.savez(file, allow_pickle=False, **columns)  # pyright: ignore[reportArgumentType]  # numpy's stub

        write_atomic_by(path, write)  # not through memory: masks of a large dataset are half a gigabyte


_KINDS = {
    "object_starts": "<i8", "boxes": "<f4", "labels": "<i8", "crowd": "?", "difficult": "?", "areas": "<f4",
    "ring_starts": "<i8", "point_starts": "<i8", "points": "<i4", "run_starts": "<i8", "runs": "<u4",
    "run_sizes": "<i4",
}  # fmt: skip


def load_annotations(path: Path) -> Annotations:
    """Read what `Annotations.save` wrote.

    Raises:
        UserError: `annotations_damaged`.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            table = Annotations(**{field.name: file[field.name] for field in fields(Annotations)})
        fault = _fault(table)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(path, type(error).__name__) from error
    if fault:
        raise _damaged(path, fault)
    return table


def _fault(table: Annotations) -> str:
    """What would otherwise show in the middle of a training."""
    objects = len(table.labels)
    for name, kind in _KINDS.items():
        if getattr(table, name).dtype != np.dtype(kind):
            return f"{name} is of another kind"
    sizes = {
        "boxes": (objects, 4), "crowd": (objects,), "difficult": (objects,), "areas": (objects,),
        "run_sizes": (objects, 2), "ring_starts": (objects + 1,), "run_starts": (objects + 1,),
        "points": (len(table.points), 2),
    }  # fmt: skip
    wrong = [name for name, shape in sizes.items() if getattr(table, name).shape != shape]
    if wrong:
        return f"{wrong[0]} has another length"
    divisions = [
        (table.object_starts, objects),
        (table.ring_starts, len(table.point_starts) - 1),
        (table.point_starts, len(table.points)),
        (table.run_starts, len(table.runs)),
    ]
    whole = all(
        len(starts) > 0 and starts[0] == 0 and starts[-1] == total and bool((np.diff(starts) >= 0).all())
        for starts, total in divisions
    )
    return "" if whole else "its parts do not follow on each other"


def _fitted(mask: Mask, height: int, width: int) -> Mask:
    if mask.shape == (height, width):
        return mask
    fitted = np.zeros((height, width), np.bool_)
    part = mask[:height, :width]
    fitted[: part.shape[0], : part.shape[1]] = part
    return fitted


def _damaged(path: Path, why: str) -> UserError:
    return UserError(
        "annotations_damaged",
        f"The dataset's annotations {path} cannot be read ({why}).",
        "Import the dataset again with `lensmith data import`.",
    )
