"""Many images as points in a plane: 50,000 are painted at once from an array; pointed at, zoomed, and lassoed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QWidget

from desktop.theme.theme import theme

Points = NDArray[np.float64]
_STEP = 1.25
_NOTCH = 120.0
_LARGEST_ZOOM = 200.0
_MARGIN = 0.06
_REACH = 8.0
"""Screen pixels within which a point is pointed at."""
_DOT, _FEW, _DOT_OF_FEW = 3, 3_000, 5
_FAINT = 0x50
_LEAST_LASSO = 3
_OPAQUE = 0xFF


class PointMap(QWidget):
    """Draws points in colours; a drag with the left button is a lasso, with Shift or the right button it moves.

    Keys: + and - zoom, 0 shows all, Esc drops the lasso.
    """

    pointed = Signal(int)
    """The point under the pointer; -1 for none."""
    lassoed = Signal(object)
    """An array of the numbers inside the lasso; all where it was dropped."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(240, 200)
        self._unit: Points = np.zeros((0, 2))
        """(N, 2), 0 to 1 in both directions; NaN is nowhere."""
        self._colors: NDArray[np.uint32] = np.zeros(0, np.uint32)
        self._inside: NDArray[np.bool_] | None = None
        self._zoom, self._centre = 1.0, QPointF(0.5, 0.5)
        self._lasso: list[QPointF] = []
        self._moved_from: QPointF | None = None
        self._pointed = -1
        self._picture: QImage | None = None
        theme.changed.connect(self._renew)

    def show_points(self, points: NDArray[np.floating], colors: NDArray[np.uint32]) -> None:
        """Show other points.

        Args:
            points: (N, 2) in any unit.
            colors: (N,) as `rgb` gives them.
        """
        low = np.nanmin(points, axis=0) if len(points) else np.zeros(2)
        reach = float(np.nanmax(points - low)) if len(points) else 1.0
        self._unit = (points - low).astype(np.float64) / max(reach, 1e-9)
        self._unit += (1 - np.nanmax(self._unit, axis=0)) / 2 if len(points) else 0
        self._inside = None
        self._lasso = []
        self._zoom, self._centre = 1.0, QPointF(0.5, 0.5)
        self.color(colors)

    def color(self, colors: NDArray[np.uint32]) -> None:
        """Give the points other colours."""
        self._colors = colors
        self.setAccessibleDescription(f"{len(colors):,} images")
        self._renew()

    def clear_lasso(self) -> None:
        """Choose all points again."""
        self._lasso, self._inside = [], None
        self._renew()
        self.lassoed.emit(np.arange(len(self._unit)))

    @property
    def marked(self) -> int:
        """The point with a ring; -1 for none."""
        return self._pointed

    def mark(self, number: int) -> None:
        """Draw a ring around a point; -1 for none."""
        if number != self._pointed:
            self._pointed = number
            self.update()

    def places(self) -> Points:
        """Where the points lie in the widget, (N, 2) pixels."""
        side = self._side()
        middle = np.array([self.width() / 2, self.height() / 2])
        return (self._unit - np.array([self._centre.x(), self._centre.y()])) * side + middle

    def choose_within(self, corners: Sequence[QPointF]) -> None:
        """Choose the points inside a polygon of the widget's pixels."""
        self._lasso = list(corners)
        self._inside = inside_of(self.places(), np.array([(corner.x(), corner.y()) for corner in corners]))
        self._renew()
        self.lassoed.emit(np.flatnonzero(self._inside))

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._picture is None:
            self._picture = self._painted()
        painter = QPainter(self)
        painter.drawImage(QRectF(self.rect()), self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if len(self._lasso) > 1:
            painter.setPen(QPen(theme.color("accent"), 1.5, Qt.PenStyle.DashLine))
            painter.drawPolygon(QPolygonF(self._lasso))
        if 0 <= self._pointed < len(self._unit):
            x, y = self.places()[self._pointed]
            painter.setPen(QPen(theme.color("text"), 2))
            painter.drawEllipse(QPointF(x, y), _REACH, _REACH)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        is_moving = event.button() != Qt.MouseButton.LeftButton
        if is_moving or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._moved_from = event.position()
        else:
            self._lasso = [event.position()]

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._moved_from is not None:
            step = (event.position() - self._moved_from) / self._side()
            self._moved_from = event.position()
            self._look_at(self._centre - step, self._zoom)
        elif event.buttons() & Qt.MouseButton.LeftButton and self._lasso:
            self._lasso.append(event.position())
            self.update()
        else:
            self._point_at(event.position())

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        if self._moved_from is not None:
            self._moved_from = None
        elif len(self._lasso) >= _LEAST_LASSO:
            self.choose_within(self._lasso)
        elif self._lasso:
            self.clear_lasso()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._zoom_by(_STEP ** (event.angleDelta().y() / _NOTCH), event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        middle = QPointF(self.width() / 2, self.height() / 2)
        match event.key():
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self._zoom_by(_STEP, middle)
            case Qt.Key.Key_Minus:
                self._zoom_by(1 / _STEP, middle)
            case Qt.Key.Key_0:
                self._look_at(QPointF(0.5, 0.5), 1.0)
            case Qt.Key.Key_Escape if self._inside is not None:
                self.clear_lasso()
            case _:
                super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(QPointF(-1e6, -1e6))
        super().leaveEvent(event)

    def resizeEvent(self, _event: object) -> None:
        self._lasso = []
        self._renew()

    def _renew(self) -> None:
        self._picture = None
        self.update()

    def _side(self) -> float:
        """Pixels of the unit square's side."""
        return max(1.0, min(self.width(), self.height()) * (1 - 2 * _MARGIN)) * self._zoom

    def _look_at(self, centre: QPointF, zoom: float) -> None:
        self._centre, self._zoom, self._lasso = centre, zoom, []
        self._renew()

    def _zoom_by(self, factor: float, at: QPointF) -> None:
        zoom = min(_LARGEST_ZOOM, max(1.0, self._zoom * factor))
        offset = at - QPointF(self.width() / 2, self.height() / 2)
        before = self._side()
        after = before * zoom / self._zoom
        self._look_at(self._centre + offset / before - offset / after, zoom)

    def _point_at(self, place: QPointF) -> None:
        number = -1
        if len(self._unit):
            away = np.abs(self.places() - np.array([place.x(), place.y()])).max(axis=1)
            away = np.where(np.isnan(away), np.inf, away)
            nearest = int(away.argmin())
            number = nearest if away[nearest] <= _REACH else -1
        if number != self._pointed:
            self.mark(number)
            self.pointed.emit(number)

    def _painted(self) -> QImage:
        ratio = self.devicePixelRatioF()
        width, height = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        pixels = np.zeros((height, width), np.uint32)
        dot = round((_DOT if len(self._unit) > _FEW else _DOT_OF_FEW) * ratio)
        colors, places = self._colors, self.places() * ratio
        order = np.flatnonzero(~np.isnan(places[:, 0]))
        if self._inside is not None:
            order = order[np.argsort(self._inside[order], kind="stable")]
            colors = np.where(self._inside, colors, _faint(colors))
        spots = np.rint(places[order]).astype(np.int64)
        for down in range(-(dot // 2), dot - dot // 2):
            for across in range(-(dot // 2), dot - dot // 2):
                x, y = spots[:, 0] + across, spots[:, 1] + down
                seen = (x >= 0) & (x < width) & (y >= 0) & (y < height)
                pixels[y[seen], x[seen]] = colors[order[seen]]
        return QImage(
            pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied
        ).copy()


def rgb(red: int, green: int, blue: int) -> int:
    """A colour as `PointMap` takes it."""
    return (_OPAQUE << 24) | (red << 16) | (green << 8) | blue


def inside_of(places: Points, corners: Points) -> NDArray[np.bool_]:
    """Say of (N, 2) places whether they lie in a polygon of (C, 2) corners, by counting the edges to their right."""
    inside = np.zeros(len(places), np.bool_)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        between = (places[:, 1] >= min(y1, y2)) & (places[:, 1] < max(y1, y2))
        edge = x1 + (places[:, 1] - y1) * (x2 - x1) / (y2 - y1)
        inside ^= between & (places[:, 0] < edge)
    return inside


def _faint(colors: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The same colours, mostly see-through."""
    parts = [((colors >> shift) & 0xFF) * _FAINT // _OPAQUE for shift in (16, 8, 0)]
    return ((_FAINT << 24) | (parts[0] << 16) | (parts[1] << 8) | parts[2]).astype(np.uint32)
