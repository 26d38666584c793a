"""What lies over a plot and changes without its curves: cross, dots, marks, the band that is dragged, a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from desktop.charts.axes import EpochAxis
from desktop.charts.paint import paint_dot, paint_focus
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SPACE, TYPE

MarkKind = Literal["checkpoint", "best", "attempt", "border"]
_TICK_PX = 6


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of the training that is marked on the x axis; a border parts what is left of it from what is right."""

    x: float
    text: str
    kind: MarkKind = "checkpoint"


class Scene(Protocol):
    """What an overlay asks the plot below it."""

    def plot_rect(self) -> QRectF:
        """The rectangle inside the axes."""
        ...

    def pixel_of(self, x: float, y: float = ...) -> QPointF:
        """The pixel of a point."""
        ...


class PlotOverlay(QWidget):
    """A transparent sheet over a plot. It takes no mouse."""

    def __init__(self, plot: QWidget) -> None:
        super().__init__(plot)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._scene: Scene = plot  # pyright: ignore[reportAttributeAccessIssue]  # the plot that owns this sheet
        self._cross: float | None = None
        self._dots: Sequence[tuple[float, float, QColor]] = ()
        self._single: Sequence[tuple[float, float, QColor]] = ()
        self._marks: Sequence[Mark] = ()
        self._band: tuple[float, float] | None = None
        self._sentence = ""
        self._has_focus = False

    @property
    def has_cross(self) -> bool:
        return self._cross is not None

    def show_cross(self, x: float | None, dots: Sequence[tuple[float, float, QColor]] = ()) -> None:
        """Show the cross at an x, and dots (x, y, colour) on the curves, in units of the plot; None hides it."""
        before = self._strip()
        self._cross, self._dots = x, dots
        self.update(before.united(self._strip()))

    def show_marks(self, marks: Sequence[Mark]) -> None:
        if marks != self._marks:  # an update of this sheet also paints the plot below it
            self._marks = marks
            self.update()

    def show_single(self, dots: Sequence[tuple[float, float, QColor]]) -> None:
        """Show curves of one point each, which no line can show."""
        if dots != self._single:
            self._single = dots
            self.update()

    def show_band(self, start_px: float, end_px: float) -> None:
        """Show the part of the axis that is being chosen."""
        self._band = (start_px, end_px)
        self.update()

    def hide_band(self) -> None:
        if self._band is not None:
            self._band = None
            self.update()

    def show_sentence(self, sentence: str) -> None:
        """Say why there is no curve; empty when there is one."""
        if sentence != self._sentence:
            self._sentence = sentence
            self.update()

    def show_focus(self, on: bool) -> None:
        self._has_focus = on
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002  # Qt gives it
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self._scene.plot_rect()
        if self._sentence:
            self._paint_sentence(painter)
        else:
            self._paint_title(painter, area)
            self._paint_marks(painter, area)
            self._paint_cross(painter, area)
            self._paint_band(painter, area)
        if self._has_focus:
            paint_focus(painter, QRectF(self.rect()), RADIUS.inner)

    def _strip(self) -> QRect:
        """What the cross covers."""
        if self._cross is None:
            return QRect()
        pixels = [self._scene.pixel_of(x).x() for x in (self._cross, *(dot[0] for dot in self._dots))]
        left = int(min(pixels)) - SPACE.s
        return QRect(left, 0, int(max(pixels)) + SPACE.s - left, self.height())

    def _paint_sentence(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), theme.color("card"))
        painter.setFont(font(TYPE.body))
        painter.setPen(theme.color("text2"))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(self.rect()).adjusted(SPACE.l, 0, -SPACE.l, 0), flags, self._sentence)

    def _paint_title(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(font(TYPE.overline, 600))
        painter.setPen(theme.color("text3"))
        row = QRectF(area.left(), area.bottom() + SPACE.xxs, area.width(), SPACE.l)
        painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, EpochAxis.TITLE)

    def _paint_marks(self, painter: QPainter, area: QRectF) -> None:
        for mark in self._marks:
            across = round(self._scene.pixel_of(mark.x).x()) + 0.5
            if not area.left() <= across <= area.right() + 1:
                continue
            if mark.kind == "checkpoint":
                _paint_tick(painter, QPointF(across, area.bottom()))
            else:
                _paint_line_mark(painter, area, across, mark)

    def _paint_cross(self, painter: QPainter, area: QRectF) -> None:
        painter.setClipRect(area.adjusted(-SPACE.s, -SPACE.s, SPACE.s, SPACE.xs))
        if self._cross is not None:
            painter.setPen(QPen(theme.color("text3"), 1, Qt.PenStyle.DashLine))
            across = round(self._scene.pixel_of(self._cross).x()) + 0.5
            painter.drawLine(QPointF(across, area.top()), QPointF(across, area.bottom()))
        for x, y, color in (*self._single, *self._dots):
            paint_dot(painter, self._scene.pixel_of(x, y), color)
        painter.setClipping(False)

    def _paint_band(self, painter: QPainter, area: QRectF) -> None:
        if self._band is None:
            return
        left, right = sorted(min(max(edge, area.left()), area.right()) for edge in self._band)
        painter.setPen(QPen(theme.color("accent"), 1))
        painter.setBrush(theme.color("accent", 0.16))
        painter.drawRect(QRectF(left, area.top(), right - left, area.height() - 1))


def _paint_tick(painter: QPainter, foot: QPointF) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("text2"))
    half = _TICK_PX / 2
    top = foot.y() - _TICK_PX
    painter.drawPolygon(
        QPolygonF(
            [QPointF(foot.x() - half, foot.y()), QPointF(foot.x(), top), QPointF(foot.x() + half, foot.y())]
        )
    )


def _paint_line_mark(painter: QPainter, area: QRectF, across: float, mark: Mark) -> None:
    is_border = mark.kind == "border"
    color = theme.color("ok" if mark.kind == "best" else "text2" if is_border else "text3")
    line = theme.color("line_strong") if is_border else color
    painter.setPen(QPen(line, 1, Qt.PenStyle.SolidLine if is_border else Qt.PenStyle.DotLine))
    painter.drawLine(QPointF(across, area.top()), QPointF(across, area.bottom()))
    face = font(TYPE.overline, 500, tabular=True)
    width = QFontMetricsF(face).horizontalAdvance(mark.text)
    left = across + SPACE.xs if across + SPACE.s + width < area.right() else across - SPACE.xs - width
    painter.setFont(face)
    painter.setPen(color)
    foot = area.top() + TYPE.overline if is_border else area.bottom() - SPACE.s
    painter.drawText(QPointF(left, foot), mark.text)
