"""Draws boxes, polygons and masks on a picture, sharp at every zoom and readable on every picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QPolygonF

from desktop.models.drawn_labels import NOTHING, DrawnLabels, LabelLook
from desktop.theme.fonts import font
from desktop.theme.label_colors import label_color, label_ink, label_shade
from desktop.theme.tokens import RADIUS, SPACE, TYPE

_MOST_SIDE = 4_096
"""Masks are drawn in at most this many pixels a side."""
_LARGEST_TAG = 180
_HALO = 1.5
_FAINT = 0.45


@dataclass(frozen=True, slots=True)
class LineStyle:
    """How the outlines of a layer are drawn: two layers are told apart without colour.

    Attributes:
        width: of a line, pixels of the screen.
        is_dashed: the outlines of what a model says beside those of people.
    """

    width: float = 2.0
    is_dashed: bool = False


class LabelDrawing:
    """The labels of one picture, made ready to be drawn often.

    Args:
        labels: what to draw.
        classes: names by number.
        style: of its lines.
    """

    def __init__(
        self, labels: DrawnLabels, classes: Sequence[str] = (), style: LineStyle | None = None
    ) -> None:
        self.labels = labels
        self._classes = classes
        self._style = style or LineStyle()
        self._paths = [_path_of(rings) for rings in labels.rings]
        self._picture: tuple[tuple[object, ...], QImage] | None = None

    @property
    def style(self) -> LineStyle:
        return self._style

    def paint(self, painter: QPainter, target: QRectF, look: LabelLook, marked: int = -1) -> None:
        """Draw all.

        Args:
            painter: of the view.
            target: where the whole picture lies.
            look: how much is drawn.
            marked: an object that stands out, such as the one under the pointer; -1 for none.
        """
        labels = self.labels
        if labels.width <= 0 or labels.height <= 0:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(
            target.adjusted(-_HALO, -_HALO, _HALO, _HALO)
        )  # boxes may reach beyond the picture
        shown = np.flatnonzero(look.shown(labels))
        if look.masks:
            self._paint_pixels(painter, target, look)
            self._paint_polygons(painter, target, shown, look)
        if look.boxes:
            self._paint_boxes(painter, target, shown, marked)
        painter.restore()

    def paint_names(
        self, painter: QPainter, target: QRectF, look: LabelLook, marked: int, taken: list[QRectF]
    ) -> None:
        """Write the classes beside the objects, of the marked one in any case.

        Args:
            painter: of the view.
            target: where the whole picture lies.
            look: how much is written.
            marked: an object that stands out; -1 for none.
            taken: where names stand already, of other layers too; grows.
        """
        if not len(self.labels.boxes):
            return
        shown = np.flatnonzero(look.shown(self.labels))
        if not look.names:
            shown = shown[shown == marked]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_tags(painter, target, self._ordered(shown, marked), taken)
        painter.restore()

    def box(self, number: int, target: QRectF) -> QRectF:
        """Where the box of an object lies in the view."""
        left, top, right, bottom = (float(edge) for edge in self.labels.boxes[number])
        across, down = target.width() / self.labels.width, target.height() / self.labels.height
        return QRectF(
            target.left() + left * across,
            target.top() + top * down,
            (right - left) * across,
            (bottom - top) * down,
        )

    def name(self, number: int) -> str:
        """Name the class of an object, with what else its tag says."""
        label = int(self.labels.classes[number])
        name = self._classes[label] if 0 <= label < len(self._classes) else f"Class {label}"
        word = self.labels.word(number)
        return f"{name}  {word}" if word else name

    def _paint_pixels(self, painter: QPainter, target: QRectF, look: LabelLook) -> None:
        picture = self._pixels(look)
        if picture is None:
            return
        painter.setOpacity(look.opacity)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, target.width() < picture.width())
        painter.drawImage(target, picture, QRectF(picture.rect()))
        painter.setOpacity(1.0)

    def _pixels(self, look: LabelLook) -> QImage | None:
        """Masks that are pixels, as one picture; made anew when other classes are hidden."""
        labels = self.labels
        if labels.class_map is None and labels.masks is None:
            return None
        key = (look.hidden_classes, look.floor if labels.masks is not None else 0.0)
        if self._picture is None or self._picture[0] != key:
            if labels.class_map is not None:
                picture = class_picture(labels.class_map, look.hidden_classes)
            else:
                picture = class_picture(_flattened(labels, look), frozenset())
            self._picture = (key, picture)
        return self._picture[1]

    def _paint_polygons(
        self, painter: QPainter, target: QRectF, shown: NDArray[np.intp], look: LabelLook
    ) -> None:
        if not self._paths:
            return
        labels = self.labels
        painter.save()
        painter.translate(target.topLeft())
        painter.scale(target.width() / labels.width, target.height() / labels.height)
        for number in shown:
            path = self._paths[number]
            if path.isEmpty():
                continue
            color = label_color(int(labels.classes[number]))
            fill = label_color(int(labels.classes[number])).toRgb()
            fill.setAlphaF(look.opacity * (_FAINT if labels.is_faint(int(number)) else 1.0))
            painter.setPen(self._pen(color, self._style.width * 0.75))
            painter.setBrush(fill)
            painter.drawPath(path)
        painter.restore()

    def _paint_boxes(self, painter: QPainter, target: QRectF, shown: NDArray[np.intp], marked: int) -> None:
        if not len(self.labels.boxes):
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        order = [number for number in shown.tolist() if number != marked]
        order += [marked] if marked in shown else []
        for number in order:
            place = self.box(number, target)
            width = self._style.width * (1.5 if number == marked else 1.0)
            painter.setPen(_plain_pen(label_shade(_FAINT), width + min(_HALO, self._style.width * 0.75)))
            painter.drawRect(place)
            color = label_color(int(self.labels.classes[number]))
            pen = self._pen(color, width)
            if self.labels.is_faint(number):
                pen.setStyle(Qt.PenStyle.DotLine)
            painter.setPen(pen)
            painter.drawRect(place)

    def _ordered(self, shown: NDArray[np.intp], marked: int) -> list[int]:
        """Put the marked one first, then the largest."""
        sizes = self.labels.boxes[shown, 2:] - self.labels.boxes[shown, :2]
        order: list[int] = shown[np.argsort(-sizes.prod(axis=1), kind="stable")].tolist()
        if marked in order:
            order.remove(marked)
            order.insert(0, marked)
        return order

    def _paint_tags(
        self, painter: QPainter, target: QRectF, order: Sequence[int], taken: list[QRectF]
    ) -> None:
        """Write names where there is room: no name hides another."""
        painter.setFont(font(TYPE.overline, 500, tabular=True))
        metrics = QFontMetricsF(painter.font())
        height = metrics.height() + SPACE.xxs
        view = QRectF(painter.viewport())
        for number in order:
            words = metrics.elidedText(self.name(number), Qt.TextElideMode.ElideRight, _LARGEST_TAG)
            width = metrics.horizontalAdvance(words) + SPACE.s
            tag = _tag_place(self.box(number, target), width, height, target)
            if not view.intersects(tag) or any(tag.intersects(other) for other in taken):
                continue
            taken.append(tag)
            label = int(self.labels.classes[number])
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(label_color(label))
            painter.drawRoundedRect(tag, RADIUS.inner / 2, RADIUS.inner / 2)
            painter.setPen(label_ink(label))
            painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, words)

    def _pen(self, color: object, width: float) -> QPen:
        pen = _plain_pen(color, width)
        if self._style.is_dashed:
            pen.setDashPattern([4, 2.5])
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        return pen


def class_picture(classes: NDArray[np.uint8], hidden: frozenset[int]) -> QImage:
    """Paint the class of each pixel (H, W) in its colour; clear where nothing is to be drawn."""
    step = max(1, -(-max(classes.shape) // _MOST_SIDE))
    small = classes[::step, ::step]
    table = np.zeros(NOTHING + 1, np.uint32)
    for label in range(NOTHING):
        if label not in hidden:
            table[label] = label_color(label).rgba()
    pixels = np.ascontiguousarray(table[small])
    height, width = pixels.shape
    return QImage(pixels.tobytes(), width, height, width * 4, QImage.Format.Format_ARGB32).copy()


def _flattened(labels: DrawnLabels, look: LabelLook) -> NDArray[np.uint8]:
    """Lay the masks of objects over each other, small ones on top."""
    masks = labels.masks
    if masks is None:
        return np.full((1, 1), NOTHING, np.uint8)
    flat = np.full(masks.shape[1:], NOTHING, np.uint8)
    shown = np.flatnonzero(look.shown(labels))
    areas = masks.reshape(len(masks), -1).sum(axis=1)
    for number in shown[np.argsort(-areas[shown], kind="stable")]:
        flat[masks[number]] = int(labels.classes[number]) % NOTHING
    return flat


def _path_of(rings: Sequence[NDArray[np.float64]]) -> QPainterPath:
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    for ring in rings:
        path.addPolygon(QPolygonF([QPointF(float(x), float(y)) for x, y in ring]))
        path.closeSubpath()
    return path


def _plain_pen(color: object, width: float) -> QPen:
    pen = QPen(color, width)  # pyright: ignore[reportArgumentType]  # a QColor; the stub wants a brush
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen


def _tag_place(box: QRectF, width: float, height: float, target: QRectF) -> QRectF:
    """Above the box; inside it where the picture ends."""
    top = box.top() - height
    if top < target.top():
        top = box.top()
    left = min(box.left() - 1, target.right() - width)
    return QRectF(max(target.left(), left), top, width, height)
