"""How a tile of the image grid is drawn: the picture in a rounded frame, words below, a badge where it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.grids.image_model import ImageModel
from desktop.grids.tile import Tile
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SIZE, SPACE, TYPE

CAPTION_HEIGHT = TYPE.caption + SPACE.m
"""Pixels below the picture."""
_GAP = SPACE.xs
_BADGE = TYPE.page
_FRAME = 2.5
_STRIP_OPACITY = 0.86
_BROKEN_ICON = "ph.file-x"


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to draw of one tile, and how it stands."""

    tile: Tile
    image: int
    """Its number in the model's images."""
    pixmap: QPixmap | None
    reason: str
    """Why there is no picture; empty when there is, or will be."""
    is_selected: bool
    is_hovered: bool
    has_focus: bool


class TileDelegate(QStyledItemDelegate):
    """Draws tiles of an `ImageModel`. A page that draws on the pictures overrides `paint_over`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.size = QSize()
        """Of a whole tile; the grid sets it."""

    def sizeHint(
        self,
        option: QStyleOptionViewItem,  # noqa: ARG002  # Qt's signature
        index: QModelIndex | QPersistentModelIndex,  # noqa: ARG002  # the same
    ) -> QSize:
        return self.size

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        model = cast("ImageModel", index.model())
        row = index.row()
        state = option.state
        look = Look(
            model.tile(row),
            model.image_at(row),
            model.pixmap(row),
            model.reason(row),
            bool(state & QStyle.StateFlag.State_Selected),
            bool(state & QStyle.StateFlag.State_MouseOver),
            bool(state & QStyle.StateFlag.State_HasFocus),
        )
        whole = QRectF(option.rect)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_tile(painter, whole, look)
        painter.restore()

    def paint_over(self, painter: QPainter, picture: QRectF, look: Look) -> None:
        """Draw on a picture: boxes, masks. `picture` is where the image itself lies."""

    def _paint_tile(self, painter: QPainter, whole: QRectF, look: Look) -> None:
        frame = whole.adjusted(_GAP, _GAP, -_GAP, -CAPTION_HEIGHT)
        outline = QPainterPath()
        outline.addRoundedRect(frame, RADIUS.control, RADIUS.control)
        painter.fillPath(outline, theme.color("hover"))
        if look.pixmap is not None:
            picture = _fitted(look.pixmap, frame)
            painter.save()
            if _reaches_corners(picture, frame):
                painter.setClipPath(outline)
            painter.drawPixmap(picture, look.pixmap, QRectF(look.pixmap.rect()))
            self.paint_over(painter, picture, look)
            painter.restore()
        elif look.reason:
            _paint_broken(painter, frame)
        _paint_frame(painter, whole, frame, look)
        if look.tile.is_correct is not None:
            _paint_badge(painter, frame, look.tile.is_correct)
        if look.tile.remark:
            _paint_remark(painter, frame, look.tile.remark)
        _paint_words(painter, whole, frame, look)


def _fitted(pixmap: QPixmap, frame: QRectF) -> QRectF:
    """Where a picture lies: whole, in the middle of its frame, on whole pixels so that it stays sharp."""
    scale = min(frame.width() / pixmap.width(), frame.height() / pixmap.height())
    width, height = round(pixmap.width() * scale), round(pixmap.height() * scale)
    left = frame.left() + (frame.width() - width) // 2
    return QRectF(left, frame.top() + (frame.height() - height) // 2, width, height)


def _reaches_corners(picture: QRectF, frame: QRectF) -> bool:
    """Say whether round corners would cut something off: to clip takes most of the time of a tile."""
    inset = RADIUS.control / 2
    return picture.width() > frame.width() - inset and picture.height() > frame.height() - inset


def _paint_frame(painter: QPainter, whole: QRectF, frame: QRectF, look: Look) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if look.tile.is_correct is not None:
        painter.setPen(QPen(theme.color(_verdict_role(look.tile.is_correct)), _FRAME))
        painter.drawRoundedRect(frame.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS.control, RADIUS.control)
    if look.is_selected or look.is_hovered or look.has_focus:
        role = "accent" if look.is_selected or look.has_focus else "line_strong"
        painter.setPen(QPen(theme.color(role), 2 if look.is_selected else 1))
        painter.drawRoundedRect(whole.adjusted(1, 1, -1, -1), RADIUS.control + 2, RADIUS.control + 2)


def _paint_badge(painter: QPainter, frame: QRectF, is_correct: bool) -> None:
    """A tick or a cross in the corner: a verdict is never told by colour alone."""
    inset = _BADGE / 3
    disc = QRectF(frame.right() - _BADGE - inset, frame.top() + inset, _BADGE, _BADGE)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(_verdict_role(is_correct)))
    painter.drawEllipse(disc)
    painter.setPen(
        QPen(
            theme.color("card"),
            1.8,
            Qt.PenStyle.SolidLine,
            Qt.PenCapStyle.RoundCap,
            Qt.PenJoinStyle.RoundJoin,
        )
    )
    unit = _BADGE / 6
    x, y = disc.center().x(), disc.center().y()
    if is_correct:
        corners = [(x - 1.3 * unit, y), (x - 0.3 * unit, y + unit), (x + 1.3 * unit, y - unit)]
        painter.drawPolyline(QPolygonF([QPointF(*corner) for corner in corners]))
        return
    painter.drawLine(QPointF(x - unit, y - unit), QPointF(x + unit, y + unit))
    painter.drawLine(QPointF(x - unit, y + unit), QPointF(x + unit, y - unit))


def _paint_remark(painter: QPainter, frame: QRectF, remark: str) -> None:
    """A strip on the lower edge of the picture, opaque enough to be read on any."""
    strip = QRectF(frame)
    strip.setTop(frame.bottom() - CAPTION_HEIGHT)
    strip.adjust(_FRAME, 0, -_FRAME, -_FRAME)
    painter.fillRect(strip, theme.color("card", _STRIP_OPACITY))
    painter.setFont(font(TYPE.overline, 500, tabular=True))
    painter.setPen(theme.color("text"))
    inner = strip.adjusted(SPACE.xs, 0, -SPACE.xs, 0)
    words = painter.fontMetrics().elidedText(remark, Qt.TextElideMode.ElideRight, int(inner.width()))
    painter.drawText(inner, Qt.AlignmentFlag.AlignCenter, words)


def _paint_words(painter: QPainter, whole: QRectF, frame: QRectF, look: Look) -> None:
    line = QRectF(
        frame.left() + _GAP / 2,
        frame.bottom() + 1,
        frame.width() - _GAP,
        whole.bottom() - frame.bottom() - _GAP,
    )
    painter.setFont(font(TYPE.caption, 500, tabular=True))
    room = line.width()
    if look.tile.note:
        painter.setPen(theme.color("text2"))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, look.tile.note)
        room -= painter.fontMetrics().horizontalAdvance(look.tile.note) + SPACE.s
    painter.setPen(theme.color("text"))
    caption = painter.fontMetrics().elidedText(
        look.tile.caption, Qt.TextElideMode.ElideRight, max(0, int(room))
    )
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, caption)


def _paint_broken(painter: QPainter, frame: QRectF) -> None:
    side = min(SIZE.icon_hero, frame.height() / 3)
    place = QRectF(0, 0, side, side)
    place.moveCenter(frame.center() - QPointF(0, TYPE.caption / 2))
    theme.icon(_BROKEN_ICON, "bad").paint(painter, place.toRect())
    painter.setFont(font(TYPE.caption))
    painter.setPen(theme.color("text2"))
    words = QRectF(frame.left(), place.bottom() + SPACE.xxs, frame.width(), CAPTION_HEIGHT)
    painter.drawText(words, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, "Cannot be read")


def _verdict_role(is_correct: bool) -> str:
    return "ok" if is_correct else "bad"
