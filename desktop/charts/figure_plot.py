"""Paints a `Figure`: rates as lines between 0 and 1, counts as bars; the cross tells what stands at an x."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.charts.chart_tip import ChartTip, TipRow
from desktop.charts.figures import BarFigure, Figure, RateFigure, RateLine, Values
from desktop.charts.paint import mixed, paint_focus
from desktop.charts.ticks import linear_ticks, tick_texts
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SERIES, SPACE, TYPE

MOST_COLOURED = len(SERIES) - 1
"""More classes than this are drawn alike: nobody tells twenty colours apart."""
_TICKS = 5
_STEP = 0.01
_KEYS = {
    Qt.Key.Key_Left: -_STEP,
    Qt.Key.Key_Right: _STEP,
    Qt.Key.Key_PageUp: -0.1,
    Qt.Key.Key_PageDown: 0.1,
    Qt.Key.Key_Home: -1.0,
    Qt.Key.Key_End: 1.0,
}
_PICK_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
_PALE = 0.45
_DOT = 4.5


def line_role(figure: RateFigure, number: int) -> str:
    """Give the colour role of a line: strong for the mean, one a class where they are few."""
    line = figure.lines[number]
    if line.is_mean:
        return "text"
    first = 1 if figure.lines[0].is_mean else 0
    classes = len(figure.lines) - first
    return SERIES[(number - first) % len(SERIES)] if classes <= MOST_COLOURED else "text3"


@dataclass(frozen=True, slots=True)
class PickedPoint:
    """What was clicked on a chart."""

    figure: Figure
    x: float
    """Where, 0 to 1."""
    number: int
    """Of the bar, or of the line that was nearest."""


class FigurePlot(QWidget):
    """Axes, lines or bars. Keys: the arrows move the cross, Enter picks what stands there, Esc takes it away."""

    picked = Signal(object)
    """A `PickedPoint`: a bar or a point of a line was clicked, of a chart that has a key."""

    def __init__(self) -> None:
        super().__init__()
        self._pointed_y = math.nan
        """How high the pointer is, 0 to 1; NaN when it is not there."""
        self._figure: Figure = RateFigure("", "", "", ())
        self._cross: float | None = None
        self._by_key = False
        self._tip = ChartTip(self)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_figure(self, figure: Figure) -> None:
        """Show another chart."""
        self._figure = figure
        self.setAccessibleName(f"{figure.title}: {figure.y_name} against {figure.x_name}")
        tip = f". Enter: {figure.tip.removeprefix('Click ')}" if figure.key and figure.tip else ""
        self.setAccessibleDescription(f"{in_words(figure)}{tip}")
        self._move_cross(self._cross)
        self.update()

    def figure(self) -> Figure:
        return self._figure

    def sizeHint(self) -> QSize:
        return QSize(300, 220)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 150)

    # Geometry

    def area(self) -> QRectF:
        """Where the values stand, inside the axes."""
        metrics = QFontMetricsF(font(TYPE.overline, 500, tabular=True))
        left = max(metrics.horizontalAdvance(text) for text in (*self._up_texts(), "0")) + SPACE.s
        line = metrics.height()
        return QRectF(
            left + line,
            SPACE.s,
            max(1.0, self.width() - left - line - SPACE.m),
            self.height() - 2 * line - SPACE.l,
        )

    def _top(self) -> float:
        """The value at the upper end."""
        figure = self._figure
        if isinstance(figure, RateFigure) or figure.has_diagonal:
            return 1.0
        highest = max((figure.total(number) for number in range(figure.bins)), default=0.0)
        return highest * 1.05 or 1.0

    def _up_ticks(self) -> list[float]:
        top = self._top()
        is_count = isinstance(self._figure, BarFigure) and not self._figure.has_diagonal
        return [tick for tick in linear_ticks(0.0, top, _TICKS, whole=is_count) if tick <= top]

    def _up_texts(self) -> list[str]:
        ticks = self._up_ticks()
        if isinstance(self._figure, BarFigure) and not self._figure.has_diagonal:
            return [f"{tick:,.0f}" for tick in ticks]
        return tick_texts(ticks)

    def _at(self, x: float, y: float, area: QRectF) -> QPointF:
        return QPointF(area.left() + x * area.width(), area.bottom() - y / self._top() * area.height())

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self.area()
        self._paint_axes(painter, area)
        painter.save()
        painter.setClipRect(area.adjusted(-1, -1, 1, 1))
        if isinstance(self._figure, RateFigure):
            self._paint_lines(painter, area, self._figure)
        else:
            self._paint_bars(painter, area, self._figure)
        if self._figure.has_diagonal:
            painter.setPen(QPen(theme.color("text3"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(self._at(0, 0, area), self._at(1, 1, area))
        painter.restore()
        for x, role, style in (
            (self._figure.marked, "accent", Qt.PenStyle.DashLine),
            (self._cross, "text3", Qt.PenStyle.SolidLine),
        ):
            if x is not None:
                painter.setPen(QPen(theme.color(role), 1, style))
                across = round(self._at(x, 0, area).x()) + 0.5
                painter.drawLine(QPointF(across, area.top()), QPointF(across, area.bottom()))
        if self.hasFocus() and self._by_key:
            paint_focus(painter, QRectF(self.rect()), RADIUS.inner)

    def _paint_axes(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(font(TYPE.overline, 500, tabular=True))
        line = QFontMetricsF(painter.font()).height()
        for value, text in zip(self._up_ticks(), self._up_texts(), strict=True):
            height = round(self._at(0, value, area).y()) + 0.5
            painter.setPen(QPen(theme.color("grid"), 1))
            painter.drawLine(QPointF(area.left(), height), QPointF(area.right(), height))
            painter.setPen(theme.color("text3"))
            place = QRectF(0, height - line / 2, area.left() - SPACE.xs, line)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        low, high = _reach(self._figure)
        for value in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
            across = self._at(value, 0, area).x()
            painter.setPen(theme.color("text3"))
            place = QRectF(across - line, area.bottom() + SPACE.xxs, 2 * line, line)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, f"{low + value * (high - low):.3g}")
        painter.setPen(theme.color("text2"))
        below = QRectF(area.left(), self.height() - line - 1, area.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, self._figure.x_name)
        painter.save()
        painter.translate(line / 2, area.center().y())
        painter.rotate(-90)
        beside = QRectF(-area.height() / 2, -line / 2, area.height(), line)
        painter.drawText(beside, Qt.AlignmentFlag.AlignCenter, self._figure.y_name)
        painter.restore()

    def _paint_lines(self, painter: QPainter, area: QRectF, figure: RateFigure) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for number in reversed(range(len(figure.lines))):  # the mean last, above all
            line = figure.lines[number]
            color = theme.color(line_role(figure, number))
            many = not line.is_mean and line_role(figure, number) == "text3"
            shown = mixed(color, theme.color("card"), _PALE) if many else color
            painter.setPen(QPen(shown, 2.4 if line.is_mean else 1.0 if many else 1.5))
            for part in _unbroken(line):
                painter.drawPolyline(QPolygonF([self._at(float(x), float(y), area) for x, y in part]))
        if figure.best is not None and figure.lines:
            painter.setPen(QPen(theme.color("card"), 2))
            painter.setBrush(theme.color("accent"))
            top = self._at(figure.best, _value(figure.lines[0], figure.best), area)
            painter.drawEllipse(top, _DOT, _DOT)

    def _paint_bars(self, painter: QPainter, area: QRectF, figure: BarFigure) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        width = area.width() / max(1, figure.bins)
        gap = 1.0 if width > 4 else 0.0
        hovered = self._bin(figure)
        for number in range(figure.bins):
            base = 0.0
            for stack in figure.stacks:
                value = float(stack.values[number])
                low, high = self._at(0, base, area).y(), self._at(0, base + value, area).y()
                base += value
                if value <= 0:
                    continue
                painter.setBrush(theme.color(stack.role, 1.0 if hovered in (-1, number) else 0.6))
                left = area.left() + number * width
                # The fewest are still seen beside the most.
                painter.drawRect(
                    QRectF(left + gap, min(high, low - 1), width - 2 * gap, max(1.0, low - high))
                )

    # The cross

    def _bin(self, figure: BarFigure) -> int:
        if self._cross is None or not figure.bins:
            return -1
        return min(figure.bins - 1, int(self._cross * figure.bins))

    def _move_cross(self, x: float | None) -> None:
        figure = self._figure
        has_values = bool(figure.lines) if isinstance(figure, RateFigure) else figure.bins > 0
        self._cross = None if x is None or not has_values else min(1.0, max(0.0, x))
        self.update()
        if self._cross is None:
            self._tip.hide()
            return
        if isinstance(figure, RateFigure):
            title = f"{figure.x_name} {self._cross:.2f}"
            rows = [_tip_row(figure, number, self._cross) for number in range(len(figure.lines))]
        else:
            number = self._bin(figure)
            title = f"{figure.x_name} {_edges_told(figure, number)}"
            rows = [
                TipRow(stack.label, stack.role, False, _number(figure, float(stack.values[number])))
                for stack in figure.stacks
            ]
        self._tip.show_table(title, rows, figure.tip if figure.key else "")
        area = self.area()
        self._tip.place(self._at(self._cross, 0, area).x(), area)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        area = self.area()
        inside = area.contains(event.position())
        self._pointed_y = (area.bottom() - event.position().y()) / area.height() * self._top()
        self._move_cross((event.position().x() - area.left()) / area.width() if inside else None)
        shape = (
            Qt.CursorShape.PointingHandCursor if inside and self._figure.key else Qt.CursorShape.ArrowCursor
        )
        self.setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        area = self.area()
        if event.button() == Qt.MouseButton.LeftButton and area.contains(event.position()):
            self._pointed_y = (area.bottom() - event.position().y()) / area.height() * self._top()
            self._pick((event.position().x() - area.left()) / area.width())

    def _pick(self, x: float) -> None:
        figure = self._figure
        if not figure.key:
            return
        if isinstance(figure, BarFigure):
            self._cross = x
            number = self._bin(figure)
        else:
            number = _nearest_line(figure, x, self._pointed_y)
        if number >= 0:
            self.picked.emit(PickedPoint(figure, x, number))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._pointed_y = math.nan
        self._move_cross(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _KEYS.get(Qt.Key(event.key()))
        if step is not None:
            begin = self._cross if self._cross is not None else self._figure.marked or 0.0
            self._move_cross(begin + step)
        elif event.key() in _PICK_KEYS and self._cross is not None and self._figure.key:
            self._pick(self._cross)
        elif event.key() == Qt.Key.Key_Escape and self._cross is not None:
            self._move_cross(None)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._move_cross(None)


def in_words(figure: Figure) -> str:
    """Say what a chart shows, for those who do not see it."""
    parts = [figure.note] if figure.note else []
    if isinstance(figure, RateFigure):
        at = figure.marked if figure.marked is not None else 0.5
        read = [(line.label, _value(line, at)) for line in figure.lines]
        told = [f"{label} {value:.2f}" for label, value in read if not math.isnan(value)]
        parts += [f"At {figure.x_name.lower()} {at:.2f}: {', '.join(told)}"] if told else []
    else:
        told = [f"{stack.label} {_number(figure, float(stack.values.sum()))}" for stack in figure.stacks]
        parts += [] if figure.has_diagonal else [f"In all: {', '.join(told)}"]
        heights = [figure.total(number) for number in range(figure.bins)]
        if heights and max(heights) > 0:
            top = int(np.argmax(heights))
            parts.append(f"Highest from {_edges_told(figure, top)}")
    return ". ".join(parts)


def _tip_row(figure: RateFigure, number: int, x: float) -> TipRow:
    value = _value(figure.lines[number], x)
    told = "–" if math.isnan(value) else f"{value:.3f}"
    return TipRow(figure.lines[number].label, line_role(figure, number), False, told)


def _value(line: RateLine, x: float) -> float:
    return float(line.y[int(np.argmin(np.abs(line.x - x)))]) if len(line.x) else math.nan


def _nearest_line(figure: RateFigure, x: float, y: float) -> int:
    """The line that is nearest to a height at an x; the first, which is the mean where there is one, without any."""
    heights = np.array([_value(line, x) for line in figure.lines])
    if math.isnan(y) or not np.isfinite(heights).any():
        return 0 if figure.lines else -1
    return int(np.nanargmin(np.abs(heights - y)))


def _reach(figure: Figure) -> tuple[float, float]:
    return figure.reach if isinstance(figure, BarFigure) else (0.0, 1.0)


def _edges_told(figure: BarFigure, number: int) -> str:
    """`0.25 to 0.50`, `from 3.20 on`."""
    low, high = figure.edges(number)
    return f"{low:.2f} on" if figure.has_rest and number == figure.bins - 1 else f"{low:.2f} to {high:.2f}"


def _number(figure: BarFigure, value: float) -> str:
    return f"{value:.3f}" if figure.has_diagonal else f"{value:,.0f}"


def _unbroken(line: RateLine) -> list[Values]:
    """The stretches of a line without gaps, (n, 2) each."""
    points = np.stack([line.x, line.y], axis=1)
    is_there = np.isfinite(points).all(axis=1)
    if not is_there.any():
        return []
    breaks = np.flatnonzero(~is_there)
    return [
        part[np.isfinite(part).all(axis=1)]
        for part in np.split(points, breaks)
        if np.isfinite(part).all(axis=1).any()
    ]
