"""A part of a picture that a model looks at by itself: where it lies, and its answer put back into the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from desktop.models.drawn_labels import NOTHING, DrawnLabels
from engine.protocol.results import PredictionRecord

_MOST_PIXELS = 48_000_000
"""All masks of one picture together."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where a part lies in its picture, in pixels of the upright picture."""

    source: Path
    left: int
    top: int
    width: int
    height: int
    whole: tuple[int, int]
    """Width and height of the picture."""

    @property
    def title(self) -> str:
        """`photo.jpg · 300 × 200 at 120, 40`."""
        return f"{self.source.name} · {self.width} × {self.height} at {self.left}, {self.top}"

    @property
    def corners(self) -> list[int]:
        """Left, top, right, bottom."""
        return [self.left, self.top, self.left + self.width, self.top + self.height]


def record_in_whole(record: PredictionRecord, region: Region) -> PredictionRecord:
    """Give an answer about a part as one about its picture: the file, and boxes in the picture's pixels.

    A mask stays that of the part.
    """
    boxes = record.boxes
    if boxes is not None:
        boxes = tuple({**entry, "box": _moved(cast("list[float]", entry["box"]), region)} for entry in boxes)
    return record.model_copy(update={"file": str(region.source), "boxes": boxes, "size": region.whole})


def labels_in_whole(labels: DrawnLabels, region: Region) -> DrawnLabels:
    """Give what is drawn on a part as it is drawn on its whole picture."""
    width, height = region.whole
    across, down = region.width / max(1, labels.width), region.height / max(1, labels.height)
    scale = np.array([across, down, across, down], np.float32)
    offset = np.array([region.left, region.top, region.left, region.top], np.float32)
    placed = replace(labels, width=width, height=height, boxes=labels.boxes * scale + offset)
    if labels.masks is not None:
        placed = replace(placed, masks=_framed(labels.masks, region, 0))
    if labels.class_map is not None:
        placed = replace(placed, class_map=_framed(labels.class_map[None], region, NOTHING)[0])
    return placed


def _moved(box: list[float], region: Region) -> list[float]:
    left, top, right, bottom = box
    return [left + region.left, top + region.top, right + region.left, bottom + region.top]


def _framed(layers: NDArray[Any], region: Region, empty: int) -> NDArray[Any]:
    """Put layers (n, h, w) of a part into their place in the picture; in fewer pixels where it is large."""
    width, height = region.whole
    step = 1
    while len(layers) * (width // step) * (height // step) > _MOST_PIXELS:
        step += 1
    rows = np.arange(0, height, step) - region.top
    columns = np.arange(0, width, step) - region.left
    inside_rows = np.flatnonzero((rows >= 0) & (rows < region.height))
    inside_columns = np.flatnonzero((columns >= 0) & (columns < region.width))
    framed = np.full((len(layers), len(rows), len(columns)), empty, layers.dtype)
    if not len(inside_rows) or not len(inside_columns):
        return framed
    from_rows = rows[inside_rows] * layers.shape[1] // region.height
    from_columns = columns[inside_columns] * layers.shape[2] // region.width
    framed[:, inside_rows[0] : inside_rows[-1] + 1, inside_columns[0] : inside_columns[-1] + 1] = layers[
        :, from_rows
    ][:, :, from_columns]
    return framed
