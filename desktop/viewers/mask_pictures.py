"""Masks of a dataset as small pictures in the colours of their classes, read by threads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from desktop.models.dataset_overview import DatasetOverview
from desktop.models.drawn_labels import NOTHING
from desktop.viewers.label_drawing import class_picture
from engine.datasets.masks import IGNORE, read_mask


class MaskPictures:
    """Reads masks of the dataset that it was given last. Pictures are asked for by the numbers of their images."""

    def __init__(self) -> None:
        self._overview: DatasetOverview | None = None

    def take(self, overview: DatasetOverview) -> None:
        """Read masks of another dataset from now on."""
        self._overview = overview  # one assignment: threads look at it meanwhile

    def name_of(self, image: int) -> Path | None:
        """Give the name by which an image's mask is asked for; None when it has none.

        No real path: to find images by these would take seconds for a large dataset.
        """
        overview = self._overview
        if overview is None or image >= len(overview.manifest.items):
            return None
        has_mask = overview.manifest.items[image].mask is not None
        return Path(overview.manifest.version) / str(image) if has_mask else None

    def read(self, name: Path, side: int | None) -> QImage:
        """Make the picture of a mask, at most so many pixels a side.

        Raises:
            UserError: it cannot be read.
        """
        overview = self._overview
        if overview is None or name.parent.name != overview.manifest.version:
            return QImage()  # another dataset is shown by now
        image = int(name.name)
        classes = read_mask(overview.root, overview.manifest.items[image], overview.manifest)
        drawn = np.where(classes == IGNORE, np.uint8(NOTHING), classes)
        return class_picture(reduced_classes(drawn, side), frozenset())


def reduced_classes(classes: NDArray[np.uint8], side: int | None) -> NDArray[np.uint8]:
    """Take the nearest pixels: a class between two others would be a third one."""
    height, width = classes.shape
    if side is None or max(height, width) <= side:
        return classes
    scale = side / max(height, width)
    rows = (np.arange(max(1, round(height * scale))) / scale).astype(int)
    columns = (np.arange(max(1, round(width * scale))) / scale).astype(int)
    return classes[np.minimum(rows, height - 1)][:, np.minimum(columns, width - 1)]
