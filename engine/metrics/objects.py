"""What an evaluation of detections is counted from: the objects of an image, and the flat table of all images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.metrics.run_length import Masks, RunLengths, areas_of, encode

Boxes = NDArray[np.float64]
"""(n, 4) xyxy, pixels of the upright image."""
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Predicted(Protocol):
    """The n objects that a model found in one image. `engine.tasks.predictions.Detections` is one."""

    @property
    def boxes(self) -> NDArray[np.floating]:
        """(n, 4) xyxy, pixels."""
        ...

    @property
    def scores(self) -> NDArray[np.floating]:
        """(n,), 0 to 1."""
        ...

    @property
    def labels(self) -> NDArray[np.integer]:
        """(n,), class indices."""
        ...

    @property
    def masks(self) -> Masks | None:
        """(n, H, W) or run lengths; needed only where masks are compared."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class PredictedObjects:
    """The n objects that a model found in one image, also as run lengths. Implements `Predicted`."""

    boxes: NDArray[np.floating]
    scores: NDArray[np.floating]
    labels: NDArray[np.integer]
    masks: Masks | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TrueObjects:
    """The n annotated objects of one image."""

    boxes: NDArray[np.floating]
    """(n, 4) xyxy, pixels."""
    labels: NDArray[np.integer]
    """(n,), class indices."""
    crowd: NDArray[np.bool_] | None = None
    """(n,): a region of many objects: predictions that lie in it (share of their own area) count neither way.
    None: no crowds."""
    difficult: NDArray[np.bool_] | None = None
    """(n,): need not be found: neither missing it nor finding it counts. None: none is."""
    areas: NDArray[np.floating] | None = None
    """(n,) square pixels, for the division into sizes. None: of the masks where masks are compared, else of the
    boxes."""
    masks: Masks | None = None
    """(n, H, W) or run lengths; needed only where masks are compared."""


@dataclass(frozen=True, slots=True, eq=False)
class PredictedColumns:
    """P predictions of all images, in the order of images."""

    image: Indices
    boxes: Boxes
    scores: NDArray[np.float64]
    labels: Indices
    masks: Sequence[RunLengths] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TrueColumns:
    """T annotated objects of all images, in the order of images."""

    image: Indices
    boxes: Boxes
    labels: Indices
    crowd: Flags
    difficult: Flags
    areas: NDArray[np.float64]
    masks: Sequence[RunLengths] | None = None

    @property
    def ignored(self) -> Flags:
        """(T,): neither missing nor finding it counts."""
        return self.crowd | self.difficult


@dataclass(frozen=True, slots=True, eq=False)
class ObjectTable:
    """All predictions and annotated objects of `images` images."""

    images: int
    num_classes: int
    predicted: PredictedColumns
    true: TrueColumns


def predicted_columns(
    objects: Predicted, image: int, num_classes: int, with_masks: bool = False
) -> PredictedColumns:
    """Give one image's predictions as columns. One with a box or score that is not finite is left out.

    Raises:
        ValueError: a class index outside of 0 .. num_classes - 1, or no masks where they are compared.
    """
    boxes, labels = _boxes(objects.boxes), _labels(objects.labels, num_classes)
    scores = np.asarray(objects.scores, dtype=np.float64).reshape(-1)
    sound = np.isfinite(boxes).all(axis=1) & np.isfinite(scores)
    masks = _masks(objects.masks, len(boxes)) if with_masks else None
    if masks is not None and not sound.all():
        masks = [mask for mask, keep in zip(masks, sound, strict=True) if keep]
    place = np.full(int(sound.sum()), image, dtype=np.int64)
    return PredictedColumns(place, boxes[sound], scores[sound], labels[sound], masks)


def true_columns(objects: TrueObjects, image: int, num_classes: int, with_masks: bool = False) -> TrueColumns:
    """Give one image's annotated objects as columns.

    Raises:
        ValueError: a class index outside of 0 .. num_classes - 1, or no masks where they are compared.
    """
    boxes, labels = _boxes(objects.boxes), _labels(objects.labels, num_classes)
    masks = _masks(objects.masks, len(boxes)) if with_masks else None
    return TrueColumns(
        image=np.full(len(boxes), image, dtype=np.int64),
        boxes=boxes,
        labels=labels,
        crowd=_flags(objects.crowd, len(boxes)),
        difficult=_flags(objects.difficult, len(boxes)),
        areas=_areas(objects, boxes, masks),
        masks=masks,
    )


def table_of(
    predicted: Sequence[PredictedColumns], true: Sequence[TrueColumns], num_classes: int
) -> ObjectTable:
    """Join the columns of images, in their order. Of no image the table is empty."""
    return ObjectTable(
        images=len(true),
        num_classes=num_classes,
        predicted=PredictedColumns(
            image=_joined([part.image for part in predicted], (0,), np.int64),
            boxes=_joined([part.boxes for part in predicted], (0, 4), np.float64),
            scores=_joined([part.scores for part in predicted], (0,), np.float64),
            labels=_joined([part.labels for part in predicted], (0,), np.int64),
            masks=_joined_masks([part.masks for part in predicted]),
        ),
        true=TrueColumns(
            image=_joined([part.image for part in true], (0,), np.int64),
            boxes=_joined([part.boxes for part in true], (0, 4), np.float64),
            labels=_joined([part.labels for part in true], (0,), np.int64),
            crowd=_joined([part.crowd for part in true], (0,), np.bool_),
            difficult=_joined([part.difficult for part in true], (0,), np.bool_),
            areas=_joined([part.areas for part in true], (0,), np.float64),
            masks=_joined_masks([part.masks for part in true]),
        ),
    )


def box_areas(boxes: Boxes) -> NDArray[np.float64]:
    """(n,) square pixels; 0 for a box turned inside out."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return sides[:, 0] * sides[:, 1]


def _boxes(boxes: ArrayLike) -> Boxes:
    return np.asarray(boxes, dtype=np.float64).reshape(-1, 4)


def _labels(labels: ArrayLike, num_classes: int) -> Indices:
    indices = np.asarray(labels, dtype=np.int64).reshape(-1)
    if len(indices) and not (indices.min() >= 0 and indices.max() < num_classes):
        raise ValueError(f"Class indices are 0 to {num_classes - 1}, not {indices.min()} to {indices.max()}.")
    return indices


def _flags(flags: NDArray[np.bool_] | None, count: int) -> Flags:
    return np.zeros(count, dtype=np.bool_) if flags is None else np.asarray(flags, dtype=np.bool_).reshape(-1)


def _masks(masks: Masks | None, count: int) -> list[RunLengths]:
    if masks is None and count:
        raise ValueError("Masks are compared, and an image's objects came without.")
    return [] if masks is None else encode(masks)


def _areas(objects: TrueObjects, boxes: Boxes, masks: Sequence[RunLengths] | None) -> NDArray[np.float64]:
    if objects.areas is not None:
        return np.asarray(objects.areas, dtype=np.float64).reshape(-1)
    return box_areas(boxes) if masks is None else areas_of(masks)


def _joined(parts: list[NDArray], empty: tuple[int, ...], kind: type[np.generic]) -> NDArray:
    return np.concatenate(parts) if parts else np.zeros(empty, dtype=kind)


def _joined_masks(parts: Sequence[Sequence[RunLengths] | None]) -> list[RunLengths] | None:
    known = [part for part in parts if part is not None]
    return [mask for part in known for mask in part] if known else None
