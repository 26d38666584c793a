"""A picture with labels on which a rectangle can be marked, by dragging or by keys."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QWidget

from desktop.theme.theme import theme
from desktop.viewers.label_view import LabelView

_STEP = 0.02
"""Of the picture's side, for one press of an arrow key."""
_LEAST_PX = 4.0
"""On the screen; a shorter drag is a click, which marks nothing."""
_DIM = 0.45
_PEN = 2.0
_MOVES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class RegionView(LabelView):
    """A `LabelView` with a way to mark a rectangle, and a frame around a part.

    While marking: drag a rectangle; or move it by the arrows, size it by Shift and the arrows, take it by Enter. Esc
    ends it.

    Args:
        name: what is shown, read aloud.
        parent: as in Qt.
    """

    region_chosen = Signal(QRect)
    """In pixels of the picture; marking has ended."""
    marking_changed = Signal(bool)
    """Marking has begun or ended."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._is_marking = False
        self._marked = QRectF()
        """Shares of the picture, 0 to 1."""
        self._begun: QPointF | None = None
        self._frame = QRect()

    @property
    def is_marking(self) -> bool:
        return self._is_marking

    @property
    def frame(self) -> QRect:
        """The part that is framed, pixels of the picture; empty for none."""
        return self._frame

    def set_frame(self, part: QRect) -> None:
        """Draw a frame around a part of the picture; an empty one takes it away."""
        self._frame = part
        self.update()

    def marked(self) -> QRect:
        """The rectangle that would be taken now, pixels of the picture."""
        size, marked = self.image_size, self._marked.normalized()
        left, top = round(marked.left() * size.width()), round(marked.top() * size.height())
        right, bottom = round(marked.right() * size.width()), round(marked.bottom() * size.height())
        return QRect(left, top, right - left, bottom - top)

    def mark_region(self, on: bool) -> None:
        """Begin or end marking; it begins with the middle of the picture."""
        if on == self._is_marking or (on and self.image_size.isEmpty()):
            return
        self._is_marking, self._begun = on, None
        self._marked = QRectF(0.25, 0.25, 0.5, 0.5)
        if on:
            self.setCursor(Qt.CursorShape.CrossCursor)
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.unsetCursor()
        self.marking_changed.emit(on)
        self.update()

    def paint_over(self, painter: QPainter, target: QRectF) -> None:
        super().paint_over(painter, target)
        size = self.image_size
        if not self._frame.isEmpty() and not size.isEmpty():
            across, down = target.width() / size.width(), target.height() / size.height()
            part = QRectF(self._frame)
            self._paint_part(
                painter,
                target,
                QRectF(
                    target.left() + part.left() * across,
                    target.top() + part.top() * down,
                    part.width() * across,
                    part.height() * down,
                ),
                Qt.PenStyle.SolidLine,
            )
        if self._is_marking:
            marked = self._marked.normalized()
            self._paint_part(
                painter,
                target,
                QRectF(
                    target.left() + marked.left() * target.width(),
                    target.top() + marked.top() * target.height(),
                    marked.width() * target.width(),
                    marked.height() * target.height(),
                ),
                Qt.PenStyle.DashLine,
            )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._is_marking or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self._begun = event.position()
        self._marked = QRectF(self._share_at(event.position()), self._share_at(event.position()))
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._begun is None:
            super().mouseMoveEvent(event)
            return
        self._marked.setBottomRight(self._share_at(event.position()))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._begun is None:
            super().mouseReleaseEvent(event)
            return
        moved = event.position() - self._begun
        self._begun = None
        if min(abs(moved.x()), abs(moved.y())) >= _LEAST_PX:
            self._take_marked()
        else:
            self._marked = QRectF(0.25, 0.25, 0.5, 0.5)
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if not self._is_marking:
            super().mouseDoubleClickEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_R and not event.modifiers():
            self.mark_region(not self._is_marking)
            return
        if not self._is_marking:
            super().keyPressEvent(event)
            return
        move = _MOVES.get(Qt.Key(event.key()))
        if move is not None:
            self._move_by(*move, sizing=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take_marked()
        elif event.key() == Qt.Key.Key_Escape:
            self.mark_region(False)
        else:
            super().keyPressEvent(event)

    def _take_marked(self) -> None:
        marked = self.marked()
        self.mark_region(False)
        if not marked.isEmpty():
            self.region_chosen.emit(marked)

    def _move_by(self, across: int, down: int, *, sizing: bool) -> None:
        marked = self._marked.normalized()
        x, y = across * _STEP, down * _STEP
        if sizing:
            marked.setWidth(min(1 - marked.left(), max(_STEP, marked.width() + x)))
            marked.setHeight(min(1 - marked.top(), max(_STEP, marked.height() + y)))
        else:
            marked.moveLeft(min(1 - marked.width(), max(0.0, marked.left() + x)))
            marked.moveTop(min(1 - marked.height(), max(0.0, marked.top() + y)))
        self._marked = marked
        self.update()

    def _share_at(self, place: QPointF) -> QPointF:
        target = self.target()
        x = (place.x() - target.left()) / max(1.0, target.width())
        y = (place.y() - target.top()) / max(1.0, target.height())
        return QPointF(min(1.0, max(0.0, x)), min(1.0, max(0.0, y)))

    def _paint_part(self, painter: QPainter, target: QRectF, part: QRectF, line: Qt.PenStyle) -> None:
        """Dim what lies around a part, and frame it."""
        painter.save()
        around = QPainterPath()
        around.addRect(target)
        inside = QPainterPath()
        inside.addRect(part)
        painter.setOpacity(_DIM)
        painter.fillPath(around.subtracted(inside), theme.color("bg"))
        painter.setOpacity(1.0)
        painter.setPen(QPen(theme.color("accent"), _PEN, line))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(part)
        painter.restore()
