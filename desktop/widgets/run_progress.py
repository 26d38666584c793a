"""The progress of a long work as a slim bar, with marks of what it left behind, for mouse and keys."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE, TYPE

MarkShape = Literal["dot", "best", "diamond"]
_HEIGHT = 38
_BAR_Y, _BAR_PX = 13, 6
_RADII = {"dot": 4.5, "best": 6.0, "diamond": 5.5}
_HOVER_PX = 1.5
_REACH_PX = 9
_LABEL_PX = 15


@dataclass(frozen=True, slots=True)
class ProgressMark:
    """Something that was left behind on the way."""

    name: str
    """By which it is activated."""
    at: float
    """Where, in the unit of the bar."""
    shape: MarkShape = "dot"
    """dot, best (green, with a label) or diamond (made by hand)."""
    details: Sequence[str] = ()
    """Lines for the tooltip."""


class RunProgress(QWidget):
    """A bar from 0 to a total with marks on it."""

    mark_activated = Signal(str, QPoint)
    """A mark was clicked, or Enter or Space was pressed on it: its name, and its place on the screen for a menu."""

    def __init__(self, unit: str = "epoch", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._done, self._total = 0.0, 0.0
        self._marks: tuple[ProgressMark, ...] = ()
        self._hovered: int | None = None
        self._current: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(_HEIGHT)
        self.setAccessibleName("Progress and checkpoints")
        self._say()
        theme.changed.connect(self.update)

    def show_progress(self, done: float, total: float) -> None:
        """Show how much is done of how much, in the bar's unit."""
        self._done, self._total = done, total
        self._say()
        self.update()

    def set_marks(self, marks: Sequence[ProgressMark]) -> None:
        """Show these marks; the one that the keys are on stays chosen by its name."""
        chosen = self._marks[self._current].name if self._current is not None else None
        self._marks = tuple(sorted(marks, key=lambda mark: mark.at))
        names = [mark.name for mark in self._marks]
        self._current = names.index(chosen) if chosen in names else None
        self._hovered = None
        self._say()
        self.update()

    def place_of(self, name: str) -> QPoint:
        """Give the place of a mark in this widget."""
        return self._center(next(mark for mark in self._marks if mark.name == name)).toPoint()

    def sizeHint(self) -> QSize:
        return QSize(240, _HEIGHT)

    # --- mouse and keys -------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self._mark_at(event.pos())
            if index is None:
                QToolTip.hideText()
            else:
                self._tell(index, event.globalPos())
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self._mark_at(event.position().toPoint())
        if found != self._hovered:
            self._hovered = found
            self.setCursor(Qt.CursorShape.ArrowCursor if found is None else Qt.CursorShape.PointingHandCursor)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: ARG002  # Qt gives it
        self._hovered = None
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        found = self._mark_at(event.position().toPoint())
        if found is not None and event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self._current = found
            self._activate(found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(self._marks) - 1}.get(Qt.Key(event.key()))
        activates = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Menu)
        if not self._marks or (step is None and ends is None and not activates):
            super().keyPressEvent(event)
        elif activates:
            if self._current is not None:
                self._activate(self._current)
        elif ends is not None:
            self._choose(ends)
        elif step is not None:
            start = self._current if self._current is not None else (-1 if step > 0 else len(self._marks))
            self._choose(min(max(start + step, 0), len(self._marks) - 1))

    def _choose(self, index: int) -> None:
        self._current = index
        self._say()
        self.update()
        place = self._center(self._marks[index]).toPoint()
        self._tell(index, self.mapToGlobal(place + QPoint(0, SPACE.s)))

    def _activate(self, index: int) -> None:
        QToolTip.hideText()
        place = self._center(self._marks[index]).toPoint()
        self.mark_activated.emit(self._marks[index].name, self.mapToGlobal(place + QPoint(0, SPACE.s)))

    def _tell(self, index: int, where: QPoint) -> None:
        # Escaped: a tooltip takes what looks like markup for markup.
        lines = [html.escape(line) for line in self._lines(self._marks[index])]
        QToolTip.showText(where, f"<b>{lines[0]}</b><br>{'<br>'.join(lines[1:])}", self)

    # --- words ----------------------------------------------------------------------------------------------------

    def _lines(self, mark: ProgressMark) -> list[str]:
        return [mark.name, f"{self._unit.capitalize()} {mark.at:g}", *mark.details]

    def _say(self) -> None:
        said = [f"{self._unit.capitalize()} {self._done:.4g} of {self._total:g}."]
        if self._current is not None:
            said.append(f"On {', '.join(self._lines(self._marks[self._current]))}.")
        if self._marks:
            said.append(f"Marks: {', '.join(f'{mark.name} at {mark.at:g}' for mark in self._marks)}.")
        self.setAccessibleDescription(" ".join(said))

    # --- painting -------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002  # Qt gives it
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_bar(painter)
        order = sorted(range(len(self._marks)), key=lambda index: (self._marks[index].shape == "best", index))
        for index in order:
            self._paint_mark(painter, index)
        self._paint_labels(painter)

    def _paint_bar(self, painter: QPainter) -> None:
        left, width = self._left(), self._width()
        bar = QRectF(left, _BAR_Y - _BAR_PX / 2, width, _BAR_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("line"))
        painter.drawRoundedRect(bar, _BAR_PX / 2, _BAR_PX / 2)
        done = min(1.0, self._done / self._total) if self._total > 0 else 0.0
        painter.setBrush(theme.color("accent_fill"))
        painter.drawRoundedRect(QRectF(left, bar.top(), width * done, _BAR_PX), _BAR_PX / 2, _BAR_PX / 2)

    def _paint_mark(self, painter: QPainter, index: int) -> None:
        mark = self._marks[index]
        center, radius = self._center(mark), _RADII[mark.shape]
        is_current = self.hasFocus() and index == self._current
        if index == self._hovered or is_current:
            radius += _HOVER_PX
        painter.setPen(QPen(theme.color("card"), 2))
        painter.setBrush(theme.color("ok" if mark.shape == "best" else "text"))
        _paint_shape(painter, mark.shape, center, radius)
        if is_current:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawEllipse(center, radius + 3, radius + 3)

    def _paint_labels(self, painter: QPainter) -> None:
        face = font(TYPE.overline, 500, tabular=True)
        metrics = QFontMetricsF(face)
        painter.setFont(face)
        taken = [
            self._paint_label(painter, metrics, (f"best · {mark.at:g}", "ok"), mark.at)
            for mark in self._marks
            if mark.shape == "best"
        ]
        for text, at in (("0", 0.0), (f"{self._total:g}", self._total)) if self._total > 0 else ():
            area = self._label_area(metrics, text, at)
            if not any(area.intersects(other) for other in taken):
                self._paint_label(painter, metrics, (text, "text3"), at)
        if self.hasFocus() and self._current is None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(QRectF(1, 1, self.width() - 2, 2 * _BAR_Y - 2), _BAR_PX, _BAR_PX)

    def _paint_label(
        self, painter: QPainter, metrics: QFontMetricsF, text: tuple[str, str], at: float
    ) -> QRectF:
        words, role = text
        area = self._label_area(metrics, words, at)
        painter.setPen(theme.color(role))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, words)
        return area

    def _label_area(self, metrics: QFontMetricsF, text: str, at: float) -> QRectF:
        """Below its place, but inside the bar's ends."""
        width = metrics.horizontalAdvance(text) + 2
        left = min(max(self._across(at) - width / 2, self._left()), self._left() + self._width() - width)
        return QRectF(left, _BAR_Y + SPACE.s, width, _LABEL_PX)

    def _left(self) -> float:
        return float(SPACE.s)

    def _width(self) -> float:
        return max(1.0, self.width() - 2.0 * SPACE.s)

    def _across(self, at: float) -> float:
        share = at / self._total if self._total > 0 else 0.0
        return self._left() + self._width() * min(max(share, 0.0), 1.0)

    def _center(self, mark: ProgressMark) -> QPointF:
        return QPointF(self._across(mark.at), _BAR_Y)

    def _mark_at(self, place: QPoint) -> int | None:
        """The nearest mark within reach; of several at one place the best one, else the last."""
        if abs(place.y() - _BAR_Y) > _REACH_PX:
            return None
        near = [
            (abs(self._center(mark).x() - place.x()), mark.shape != "best", -index)
            for index, mark in enumerate(self._marks)
        ]
        distance, _, negative = min(near, default=(float("inf"), True, 0))
        return -negative if distance <= _REACH_PX else None


def _paint_shape(painter: QPainter, shape: MarkShape, center: QPointF, radius: float) -> None:
    if shape != "diamond":
        painter.drawEllipse(center, radius, radius)
        return
    x, y = center.x(), center.y()
    corners = [QPointF(x, y - radius), QPointF(x + radius, y), QPointF(x, y + radius), QPointF(x - radius, y)]
    painter.drawPolygon(QPolygonF(corners))
