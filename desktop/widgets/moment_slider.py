"""A slider over moments of the same thing, with a curve of how it went and marks on moments that matter."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QSlider, QToolTip, QWidget

from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE

_HEIGHT = 34
_GROOVE_PX = 4
_HANDLE_PX = 7.0
_CURVE_TOP = 3.0
_CURVE_HEIGHT = 14.0
_TICK_PX = 3.0
_MARK_PX = 4.5
_LEAST_GAP_PX = 5.0
"""Closer together, single moments are not marked by ticks."""
_LARGE_STEPS = 10


@dataclass(frozen=True, slots=True)
class Moments:
    """What a `MomentSlider` moves over, oldest first."""

    titles: Sequence[str] = ()
    notes: Mapping[int, str] = field(default_factory=dict[int, str])
    """What else is said of some moments when they are pointed at, or chosen."""
    best: int = -1
    """The one with a mark; -1 for none."""
    faint: frozenset[int] = frozenset()
    """Those of which only a part was kept."""
    curve: Sequence[float | None] = ()
    """A value a moment, None where there is none; none at all draws no curve."""


class MomentSlider(QSlider):
    """Goes to a moment by mouse, arrows, page keys, Home and End. Setting its moments does not tell.

    Args:
        name: what is moved through, read aloud.
        parent: as in Qt.
    """

    moved_to = Signal(int)
    """The user went to this moment."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._moments = Moments()
        self._is_on = True
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(_HEIGHT)
        self.setMinimumWidth(_HEIGHT * 3)
        self.valueChanged.connect(self._tell)
        theme.changed.connect(self.update)

    @property
    def moments(self) -> Moments:
        return self._moments

    def show_moments(self, moments: Moments, place: int) -> None:
        """Offer these moments, and stand on one of them; -1 for none."""
        self._moments = moments
        with QSignalBlocker(self):
            self.setRange(0, max(0, len(moments.titles) - 1))
            self.setPageStep(max(1, len(moments.titles) // _LARGE_STEPS))
        self.stand_on(place)

    def stand_on(self, place: int) -> None:
        """Stand on a moment without telling; -1 says that something else is shown, and leaves the handle out."""
        self._is_on = place >= 0
        with QSignalBlocker(self):
            self.setValue(max(0, place))
        self._say()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_HEIGHT * 8, _HEIGHT)

    def title(self, place: int) -> str:
        """What is said of a moment."""
        titles = self._moments.titles
        if not 0 <= place < len(titles):
            return ""
        said = [titles[place], *(["best"] if place == self._moments.best else [])]
        note = self._moments.notes.get(place, "")
        return " · ".join([*said, *([note] if note else [])])

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._go_to(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._go_to(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002  # Qt gives it
        self.setSliderDown(False)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            told = self.title(self._place_at(event.pos().x()))
            # Escaped: a tooltip takes what looks like markup for markup.
            QToolTip.showText(event.globalPos(), html.escape(told), self)
            return True
        return super().event(event)

    def _go_to(self, point: QPointF) -> None:
        place = self._place_at(point.x())
        if place == self.value() and not self._is_on:
            self._tell(place)
        self.setValue(place)

    def _place_at(self, x: float) -> int:
        last = self.maximum()
        return min(last, max(0, round((x - self._left()) / self._width() * last))) if last else 0

    # Words

    def _tell(self, place: int) -> None:
        self._is_on = True
        self._say()
        self.update()
        self.moved_to.emit(place)

    def _say(self) -> None:
        if not self._is_on:
            self.setAccessibleDescription("None of these is shown.")
        elif self._moments.titles:
            told = self.title(self.value())
            self.setAccessibleDescription(f"{told}. {self.value() + 1} of {len(self._moments.titles)}.")

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002  # Qt gives it
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_curve(painter)
        self._paint_groove(painter)
        self._paint_ticks(painter)
        self._paint_best(painter)
        if self._is_on:
            self._paint_handle(painter)
        elif self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), SPACE.xs, SPACE.xs)

    def _paint_curve(self, painter: QPainter) -> None:
        known = [(n, value) for n, value in enumerate(self._moments.curve) if value is not None]
        if len(known) < 2:
            return
        values = [value for _, value in known]
        low, high = min(values), max(values)
        spread = (high - low) or 1.0
        points = [
            QPointF(self._x(n), _CURVE_TOP + _CURVE_HEIGHT * (1 - (value - low) / spread))
            for n, value in known
        ]
        painter.setPen(QPen(theme.color("s6"), 1.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(points))

    def _paint_groove(self, painter: QPainter) -> None:
        y, left = self._y(), self._left()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("line_strong"))
        groove = QRectF(left, y - _GROOVE_PX / 2, self._width(), _GROOVE_PX)
        painter.drawRoundedRect(groove, _GROOVE_PX / 2, _GROOVE_PX / 2)
        if self._is_on:
            painter.setBrush(theme.color("accent_fill"))
            groove.setRight(self._x(self.value()))
            painter.drawRoundedRect(groove, _GROOVE_PX / 2, _GROOVE_PX / 2)

    def _paint_ticks(self, painter: QPainter) -> None:
        """A dot a moment; those of which less was kept are hollow, and always drawn."""
        count = len(self._moments.titles)
        is_roomy = count > 1 and self._width() / (count - 1) >= _LEAST_GAP_PX
        for place in range(count) if is_roomy else sorted(self._moments.faint):
            is_faint = place in self._moments.faint
            painter.setPen(QPen(theme.color("text3"), 1) if is_faint else Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("bg" if is_faint else "text3"))
            radius = _TICK_PX if is_faint and is_roomy else _TICK_PX / 2
            painter.drawEllipse(QPointF(self._x(place), self._y()), radius, radius)

    def _paint_best(self, painter: QPainter) -> None:
        if self._moments.best >= 0:
            painter.setPen(QPen(theme.color("bg"), 2))
            painter.setBrush(theme.color("ok"))
            painter.drawEllipse(QPointF(self._x(self._moments.best), self._y()), _MARK_PX, _MARK_PX)

    def _paint_handle(self, painter: QPainter) -> None:
        center = QPointF(self._x(self.value()), self._y())
        is_best = self.value() == self._moments.best
        painter.setPen(QPen(theme.color("accent"), 2) if self.hasFocus() else QPen(theme.color("text3"), 1))
        painter.setBrush(theme.color("on_accent"))
        painter.drawEllipse(center, _HANDLE_PX, _HANDLE_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("ok" if is_best else "accent_fill"))
        painter.drawEllipse(center, _MARK_PX - 1, _MARK_PX - 1)

    def _left(self) -> float:
        return _HANDLE_PX + 1

    def _width(self) -> float:
        return max(1.0, self.width() - 2 * self._left())

    def _x(self, place: int) -> float:
        return self._left() + self._width() * (place / self.maximum() if self.maximum() else 0.5)

    def _y(self) -> float:
        return self.height() - _HANDLE_PX - 2

    def place_on_screen(self, place: int) -> QPoint:
        """Where a moment is, in this widget."""
        return QPointF(self._x(place), self._y()).toPoint()
