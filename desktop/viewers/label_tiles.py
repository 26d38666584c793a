"""Tiles of the image grid with the labels drawn on their pictures."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QRectF
from PySide6.QtGui import QImage, QPainter

from desktop.grids.thumbnails import Thumbnails
from desktop.grids.tile_delegate import Look, TileDelegate
from desktop.models.drawn_labels import DrawnLabels, LabelLook
from desktop.viewers.label_drawing import LabelDrawing, LineStyle

LabelsOf = Callable[[int], DrawnLabels | None]
OverlayOf = Callable[[int], Path | None]
_MOST_KEPT = 400
_LINE = LineStyle(1.25)


class LabelTiles(TileDelegate):
    """Draws boxes and polygons, and pictures that lie over others: masks.

    Args:
        read: makes the picture of an overlay from its file, at most so many pixels a side; called in threads.
        parent: as in Qt; owns it.
    """

    def __init__(self, read: Callable[[Path, int | None], QImage], parent: QObject) -> None:
        super().__init__(parent)
        self.overlays = Thumbnails(self, read)
        self.look = LabelLook(names=False)
        self.is_on = True
        self._labels_of: LabelsOf = _nothing
        self._overlay_of: OverlayOf = _nowhere
        self._kept: OrderedDict[int, LabelDrawing | None] = OrderedDict()

    def show_labels(self, labels_of: LabelsOf, overlay_of: OverlayOf) -> None:
        """Draw the labels of other images.

        Args:
            labels_of: gives what lies on an image by its number; called while drawing, so it only looks things up.
            overlay_of: gives the file of the picture that lies over an image; None for none.
        """
        self._labels_of, self._overlay_of = labels_of, overlay_of
        self._kept.clear()
        self.overlays.forget()

    def paint_over(self, painter: QPainter, picture: QRectF, look: Look) -> None:
        if not self.is_on:
            return
        overlay = self._overlay_of(look.image)
        if overlay is not None and self.look.masks:
            self.overlays.set_side(round(max(picture.width(), picture.height())))
            pixmap = self.overlays.pixmap(str(overlay))
            if pixmap is not None:
                painter.setOpacity(self.look.opacity)
                painter.drawPixmap(picture, pixmap, QRectF(pixmap.rect()))
                painter.setOpacity(1.0)
        drawing = self._drawing(look.image)
        if drawing is not None:
            has_shapes = len(drawing.labels.rings) > 0  # which say all that boxes would
            drawing.paint(painter, picture, replace(self.look, boxes=not has_shapes))

    def _drawing(self, image: int) -> LabelDrawing | None:
        if image not in self._kept:
            labels = self._labels_of(image)
            self._kept[image] = (
                LabelDrawing(labels, (), _LINE) if labels is not None and len(labels) else None
            )
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(image)
        return self._kept[image]


def _nothing(_image: int) -> DrawnLabels | None:
    return None


def _nowhere(_image: int) -> Path | None:
    return None
