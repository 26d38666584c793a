"""The images of a grid: columns of all of them, and an array of the numbers of those that are shown, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QPixmap

from desktop.grids.picture import read_picture
from desktop.grids.thumbnails import Read, Thumbnails
from desktop.grids.tile import Tile

Index: TypeAlias = QModelIndex | QPersistentModelIndex
Numbers = NDArray[np.intp]
_ROOT = QModelIndex()
IMAGE_ROLE = Qt.ItemDataRole.UserRole + 1
"""The number of the image in its `Images`, whatever the row."""


@dataclass(frozen=True, slots=True)
class Images:
    """All images that a grid could show, by number from 0.

    Attributes:
        root: the folder that paths are relative to; None when they are absolute.
        paths: with forward slashes.
        describe: gives the tile of a number; called for what is on the screen only.
    """

    root: Path | None
    paths: Sequence[str]
    describe: Callable[[int], Tile]
    file_of: Callable[[int], Path] | None = None
    """Gives the file of a number where the paths name parts of files."""

    def __len__(self) -> int:
        return len(self.paths)

    def file(self, image: int) -> Path:
        """Give the file that a number lies in."""
        return self.path(image) if self.file_of is None else self.file_of(image)

    def path(self, image: int) -> Path:
        """Give what its picture is read by."""
        return Path(self.paths[image]) if self.root is None else self.root / self.paths[image]


class ImageModel(QAbstractListModel):
    """Rows are an index array over the columns of the caller: filter and sort of 100,000 images are two array steps."""

    pictured = Signal(int)
    """The row whose picture, or the reason why there is none, has just come. Not `dataChanged`: the view would lay
    out all its tiles anew for each."""

    def __init__(self, parent: QObject | None = None, read: Read = read_picture) -> None:
        super().__init__(parent)
        self.thumbnails = Thumbnails(self, read)
        self.thumbnails.changed.connect(self._tell_row)
        self._images = Images(None, (), lambda _: Tile(""))
        self._shown: Numbers = np.arange(0)
        self._row_of: Numbers = np.arange(0)
        self._number_of: dict[str, int] = {}

    @property
    def images(self) -> Images:
        return self._images

    @property
    def shown(self) -> Numbers:
        """The numbers of the images shown, in order. Not to be written to."""
        return self._shown

    def set_images(self, images: Images) -> None:
        """Show other images, all of them in their own order."""
        self.beginResetModel()
        self._images = images
        self._number_of.clear()
        self.thumbnails.forget()
        self._set_shown(np.arange(len(images)))
        self.endResetModel()

    def update_images(self, images: Images) -> None:
        """Take the same images with more at the end, or with other words; what is arranged stays, the new come last."""
        before, now = len(self._images), len(images)
        if now < before:
            self.set_images(images)
            return
        self._images = images
        if now > before:
            first = len(self._shown)
            self.beginInsertRows(QModelIndex(), first, first + now - before - 1)
            self._set_shown(np.concatenate([self._shown, np.arange(before, now)]))
            self.endInsertRows()
        if before and len(self._shown):
            self.dataChanged.emit(self.index(0), self.index(len(self._shown) - 1))

    def arrange(
        self, mask: NDArray[np.bool_] | None = None, order: NDArray[np.generic] | None = None
    ) -> None:
        """Choose which images are shown and in what order.

        Args:
            mask: (N,) of all images, true for those shown; None shows all.
            order: (N,) numbers, smallest first; equal ones keep the images' own order. None is their own order.
        """
        chosen = np.arange(len(self._images)) if mask is None else np.flatnonzero(mask)
        if order is not None:
            chosen = chosen[np.argsort(order[chosen], kind="stable")]
        if np.array_equal(chosen, self._shown):
            return
        self.beginResetModel()
        self._set_shown(chosen)
        self.endResetModel()

    def image_at(self, row: int) -> int:
        """Give the number of the image in a row."""
        return int(self._shown[row])

    def row_of(self, image: int) -> int:
        """Give the row of an image; -1 when it is not shown."""
        return int(self._row_of[image]) if 0 <= image < len(self._row_of) else -1

    def tile(self, row: int) -> Tile:
        return self._images.describe(self.image_at(row))

    def pixmap(self, row: int) -> QPixmap | None:
        """Give the picture of a row, or None and have it read."""
        image = self.image_at(row)
        path = str(self._images.path(image))
        self._number_of[path] = image
        return self.thumbnails.pixmap(path)

    def reason(self, row: int) -> str:
        """Say why a row's file cannot be shown; empty when it can, or nobody tried yet."""
        return self.thumbnails.reason(str(self._images.path(self.image_at(row))))

    def look_at(self, first: int, last: int) -> None:
        """Drop the reading of pictures outside these rows: they scrolled away."""
        near = self._shown[max(0, first) : last + 1]
        self.thumbnails.keep_asking({str(self._images.path(int(image))) for image in near})

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = index.row()
        if not 0 <= row < len(self._shown):
            return None
        if role == IMAGE_ROLE:
            return self.image_at(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return " ".join(self._sentences(row))
        if role == Qt.ItemDataRole.ToolTipRole:
            # Names come from anywhere: as text, never as markup.
            return "<qt>" + "<br>".join(escape(line) for line in self._sentences(row)) + "</qt>"
        return None

    def _sentences(self, row: int) -> list[str]:
        tile = self.tile(row)
        name = PurePosixPath(self._images.paths[self.image_at(row)]).name
        lines = [f"{name}.", f"{tile.spoken or tile.caption}.", self.reason(row)]
        return [line for line in lines if len(line) > 1]

    def _set_shown(self, numbers: Numbers) -> None:
        self._shown = numbers
        self._row_of = np.full(len(self._images), -1)
        self._row_of[numbers] = np.arange(len(numbers))

    def _tell_row(self, path: str) -> None:
        image = self._number_of.get(path)
        row = -1 if image is None else self.row_of(image)
        if row >= 0:
            self.pictured.emit(row)
