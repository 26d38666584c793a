"""Tiles of the image grid with what people and a model say drawn on their pictures, in layers that can be hidden."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PySide6.QtCore import QObject, QRectF
from PySide6.QtGui import QImage, QPainter

from desktop.grids.thumbnails import Thumbnails
from desktop.grids.tile_delegate import Look, TileDelegate
from desktop.models.drawn_labels import DrawnLabels, LabelLook
from desktop.viewers.label_drawing import LabelDrawing, LineStyle, class_picture
from desktop.viewers.label_view import PREDICTION
from desktop.viewers.mask_pictures import reduced_classes

LayersOf = Callable[[int], Mapping[str, DrawnLabels]]
_MOST_KEPT = 400
_WIDTH = 1.25
_OPACITY = 0.6


@dataclass(frozen=True, slots=True)
class TileLayers:
    """Where the labels of images come from.

    Attributes:
        quick: gives objects by the number of the image; called while drawing, so it only looks things up.
        slow: gives classes of pixels, read from files; called in threads. None where there are none.
        names: of the layers with pixels, the lowest first: only the uppermost that is shown is drawn.
    """

    quick: LayersOf
    slow: LayersOf | None = None
    names: tuple[str, ...] = ()


class LayerTiles(TileDelegate):
    """Draws boxes of all layers that are shown, and the pixels of one.

    Args:
        parent: as in Qt; owns it.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.overlays = Thumbnails(self, self._read)
        self._look = LabelLook(names=False)
        self._hidden: frozenset[str] = frozenset()
        self._source = TileLayers(_nothing)
        self._kept: OrderedDict[int, dict[str, LabelDrawing]] = OrderedDict()

    def show_layers(self, source: TileLayers) -> None:
        """Draw the labels of other images, or other labels of the same."""
        self._source = source
        self._kept.clear()
        self.overlays.forget()

    def forget_objects(self, images: Iterable[int] | None = None) -> None:
        """Other objects are drawn from now on, on all images or on these; pixels stay as they are."""
        if images is None:
            self._kept.clear()
            return
        for image in images:
            self._kept.pop(image, None)

    def forget_pixels(self, images: Iterable[int]) -> None:
        """Other pixels are drawn from now on, on these images."""
        for image in images:
            for name in self._source.names:
                self.overlays.forget_one(f"{name}/{image}")

    def hide_layers(self, names: frozenset[str]) -> None:
        """Draw no layer of these names."""
        self._hidden = names

    def paint_over(self, painter: QPainter, picture: QRectF, look: Look) -> None:
        shown = [name for name in self._source.names if name not in self._hidden]
        if shown and self._source.slow is not None:
            self.overlays.set_side(round(max(picture.width(), picture.height())))
            pixmap = self.overlays.pixmap(f"{shown[-1]}/{look.image}")
            if pixmap is not None:
                painter.setOpacity(_OPACITY)
                painter.drawPixmap(picture, pixmap, QRectF(pixmap.rect()))
                painter.setOpacity(1.0)
        for name, drawing in self._drawings(look.image).items():
            if name not in self._hidden:
                drawing.paint(painter, picture, self._look)

    def _drawings(self, image: int) -> dict[str, LabelDrawing]:
        if image not in self._kept:
            layers = self._source.quick(image)
            self._kept[image] = {
                name: LabelDrawing(
                    labels, (), LineStyle(_WIDTH, is_dashed=name == PREDICTION and len(layers) > 1)
                )
                for name, labels in layers.items()
            }
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(image)
        return self._kept[image]

    def _read(self, key: Path, side: int | None) -> QImage:
        """Make the picture of a layer; the key names layer and image. In a thread."""
        layer, image = PurePosixPath(key.as_posix()).parts
        source = self._source
        labels = source.slow(int(image)).get(layer) if source.slow is not None else None
        if labels is None or labels.class_map is None:
            empty = QImage(1, 1, QImage.Format.Format_ARGB32)
            empty.fill(0)
            return empty
        return class_picture(reduced_classes(labels.class_map, side), frozenset())


def _nothing(_image: int) -> Mapping[str, DrawnLabels]:
    return {}
