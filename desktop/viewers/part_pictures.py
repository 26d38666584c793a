"""Parts of images as small pictures of their own: cut out with what is around, by threads, and drawn with their box."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import overload

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter

from desktop.grids.picture import read_picture
from desktop.grids.tile_delegate import Look, TileDelegate
from desktop.models.drawn_labels import DrawnLabels, LabelLook
from desktop.viewers.label_drawing import LabelDrawing, LineStyle
from engine.errors import UserError

_AROUND = 1.7
"""How much longer a picture's side is than the longer side of its box."""
_LEAST_SIDE = 40
"""Pixels of the image: smaller ones show nothing to anybody."""
_MOST_KEPT_BYTES = 256 * 1024 * 1024
_LINE = LineStyle(2.0)
_MASK_LOOK = LabelLook(boxes=False, names=False)
"""The box is drawn on the tile, sharp at every size."""


def _no_mask(_part: int) -> DrawnLabels | None:
    return None


@dataclass(frozen=True, slots=True, eq=False)
class PartSource:
    """Where parts lie.

    Attributes:
        name: of the result; pictures of another one are not taken for these.
        root: the folder of the images.
        paths: of all images, relative to it.
        image: (K,) number of the image of each part.
        boxes: (K, 4) left, top, right, bottom, pixels of the image.
        labels: (K,) numbers of classes.
        sizes: (N, 2) width and height of the images that boxes speak of; 0 where nobody knows.
        drawn: reads a part with its mask; called in threads.
    """

    name: str
    root: Path
    paths: Sequence[str]
    image: NDArray[np.int64]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    sizes: NDArray[np.generic]
    drawn: Callable[[int], DrawnLabels | None] = _no_mask

    def file(self, part: int) -> Path:
        return self.root / self.paths[int(self.image[part])]

    def around(self, part: int, size: QSize) -> QRect:
        """Give what is cut out for a part of an image of a size."""
        left, top, right, bottom = self._box(part, size)
        side = max(_AROUND * max(right - left, bottom - top), _LEAST_SIDE)
        across, down = min(side, size.width()), min(side, size.height())
        x = min(max(0.0, (left + right - across) / 2), size.width() - across)
        y = min(max(0.0, (top + bottom - down) / 2), size.height() - down)
        return QRect(round(x), round(y), max(1, round(across)), max(1, round(down)))

    def inside(self, part: int, size: QSize) -> tuple[float, float, float, float]:
        """Give the box of a part within what is cut out for it."""
        left, top, right, bottom = self._box(part, size)
        cut = self.around(part, size)
        return left - cut.left(), top - cut.top(), right - cut.left(), bottom - cut.top()

    def size_of(self, part: int) -> QSize:
        """Give the size of the image of a part, as the result knows it; empty where it does not."""
        width, height = (int(side) for side in self.sizes[int(self.image[part])])
        return QSize(width, height)

    def _box(self, part: int, size: QSize) -> tuple[float, float, float, float]:
        """In pixels of the picture that was read, which may be smaller than the image was."""
        known = self.size_of(part)
        scale = size.width() / known.width() if known.width() else 1.0
        left, top, right, bottom = (float(edge) * scale for edge in self.boxes[part])
        return left, top, right, bottom


class PartNames(Sequence[str]):
    """The names by which pictures of parts are asked for: result, number, path of the image. Made when asked for."""

    def __init__(self, source: PartSource) -> None:
        self._source = source

    def __len__(self) -> int:
        return len(self._source.image)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        source = self._source
        return f"{source.name}/{index}/{source.paths[int(source.image[index])]}"


class PartPictures:
    """Cuts parts out of images; keeps the images read last, of which more parts are likely to be asked for."""

    def __init__(self) -> None:
        self._source: PartSource | None = None
        self._kept: OrderedDict[Path, QImage] = OrderedDict()
        self._lock = Lock()

    @property
    def source(self) -> PartSource | None:
        return self._source

    def take(self, source: PartSource) -> None:
        """Cut parts of another result from now on, or of the same with other classes."""
        self._source = source  # one assignment: threads look at it meanwhile

    def read(self, name: Path, side: int | None) -> QImage:
        """Make the picture of a part, at most so many pixels a side.

        Raises:
            UserError: its image cannot be read.
        """
        source = self._source
        owner, number = PurePosixPath(name.as_posix()).parts[:2]
        if source is None or owner != source.name or int(number) >= len(source.image):
            return QImage()  # another result is shown by now
        image = self._image(source.file(int(number)))
        around = source.around(int(number), image.size())
        cut = image.copy(around)
        labels = _mask_of(source, int(number))
        if labels is not None:
            cut = cut.convertToFormat(QImage.Format.Format_RGB32)
            _lay_mask(cut, labels, around, image.size())
        if side is None:
            return cut
        return cut.scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )

    def _image(self, path: Path) -> QImage:
        with self._lock:
            found = self._kept.get(path)
            if found is not None:
                self._kept.move_to_end(path)
                return found
        image = read_picture(path)
        with self._lock:
            self._kept[path] = image
            while len(self._kept) > 1 and sum(kept.sizeInBytes() for kept in self._kept.values()) > (
                _MOST_KEPT_BYTES
            ):
                self._kept.popitem(last=False)
        return image


def _mask_of(source: PartSource, part: int) -> DrawnLabels | None:
    """A mask that cannot be read leaves the picture without it; the large view of the image says why."""
    try:
        return source.drawn(part)
    except UserError:
        return None


def _lay_mask(cut: QImage, labels: DrawnLabels, around: QRect, size: QSize) -> None:
    """Draw a mask on what was cut out of an image of a size."""
    whole = QRectF(-around.left(), -around.top(), size.width(), size.height())
    if labels.masks is not None:
        labels, whole = _cropped(labels, labels.masks, around, size)
    painter = QPainter(cut)
    LabelDrawing(labels, (), _LINE).paint(painter, whole, _MASK_LOOK)
    painter.end()


def _cropped(
    labels: DrawnLabels, masks: NDArray[np.bool_], around: QRect, size: QSize
) -> tuple[DrawnLabels, QRectF]:
    """Leave of a mask what lies in the cut, so that a large image costs no more; gives where that lies on the cut."""
    height, width = masks.shape[1:]
    across, down = width / size.width(), height / size.height()
    left, right = floor(around.left() * across), ceil((around.left() + around.width()) * across)
    top, bottom = floor(around.top() * down), ceil((around.top() + around.height()) * down)
    part = masks[:, top:bottom, left:right]
    place = QRectF(
        left / across - around.left(),
        top / down - around.top(),
        part.shape[2] / across,
        part.shape[1] / down,
    )
    return replace(labels, width=part.shape[2], height=part.shape[1], masks=part, rings=()), place


class PartTiles(TileDelegate):
    """Draws the box of a part on its picture.

    Args:
        pictures: knows where parts lie.
        parent: as in Qt.
    """

    def __init__(self, pictures: PartPictures, parent: QObject) -> None:
        super().__init__(parent)
        self._pictures = pictures

    def paint_over(self, painter: QPainter, picture: QRectF, look: Look) -> None:
        source = self._pictures.source
        if source is None or look.image >= len(source.image):
            return
        size = source.size_of(look.image)
        if size.isEmpty():
            return
        cut = source.around(look.image, size)
        box = np.array([source.inside(look.image, size)], dtype=np.float32)
        label = source.labels[look.image : look.image + 1]
        drawing = LabelDrawing(DrawnLabels(cut.width(), cut.height(), box, label), (), _LINE)
        drawing.paint(painter, picture, LabelLook(names=False))
