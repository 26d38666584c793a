"""The plot of a line chart: axes and grid, and what mouse and keys ask for. It holds no data."""

from __future__ import annotations

import math
from typing import cast

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QWidget

from desktop.charts.axes import EpochAxis, ValueAxis
from desktop.charts.decimation import Columns
from desktop.charts.plot_overlay import PlotOverlay
from desktop.theme.theme import theme

ZOOM_STEP = 1.25
_LEAST_DRAG_PX = 6
_LEAST_HEIGHT = 150
_NOTCH = 120
_STEP_KEYS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_PageUp: -10,
    Qt.Key.Key_PageDown: 10,
    Qt.Key.Key_Home: -(10**9),
    Qt.Key.Key_End: 10**9,
}
_ZOOM_KEYS = {Qt.Key.Key_Plus: 1 / ZOOM_STEP, Qt.Key.Key_Equal: 1 / ZOOM_STEP, Qt.Key.Key_Minus: ZOOM_STEP}


class PlotArea(pg.PlotWidget):
    """Axes, grid and curves. The owner sets the view; mouse and keys become signals.

    The wheel zooms with Ctrl, or when the plot has the focus: a page must scroll on over a chart.
    """

    pointed = Signal(float)
    """The mouse is at this x; NaN when it has left."""
    stepped = Signal(int)
    """A key moves the cross by so many points."""
    zoomed = Signal(float, float)
    """The user chose this part of the x axis."""
    scaled = Signal(float, float)
    """Zoom by this factor (below 1: nearer) around this x; NaN: around the cross."""
    reset_asked = Signal()
    """Show all again."""
    resized = Signal()
    """There are more or fewer pixels now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._values, self._epochs = ValueAxis(), EpochAxis()
        super().__init__(
            parent,
            axisItems={"left": self._values, "bottom": self._epochs},
            enableMenu=False,
        )
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumHeight(_LEAST_HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        plot = cast("pg.PlotItem", self.plotItem)
        plot.hideButtons()
        self._box = cast("pg.ViewBox", plot.getViewBox())
        self._box.setMouseEnabled(x=False, y=False)
        self._box.disableAutoRange()
        self._box.sigResized.connect(self._on_resized)
        for axis in (self._values, self._epochs):
            axis.setZValue(-1)  # the library puts axes, and with them the grid, over the curves
        self.overlay = PlotOverlay(self)
        self._pressed: QPointF | None = None
        self.recolor()

    def recolor(self) -> None:
        """Take the theme's colours."""
        self.setBackground(theme.color("card"))
        self._values.recolor()
        self._epochs.recolor()

    def add_curve(self, *items: pg.PlotCurveItem) -> None:
        for item in items:
            self._box.addItem(item, ignoreBounds=True)

    def remove_curve(self, *items: pg.PlotCurveItem) -> None:
        for item in items:
            self._box.removeItem(item)

    def set_log(self, on: bool) -> None:
        self._values.set_log(on)

    def set_view(self, x_range: tuple[float, float], y_range: tuple[float, float]) -> None:
        """Show this part, in units of the plot."""
        self._values.fit(*y_range, self.plot_rect().height())
        self._box.setRange(xRange=x_range, yRange=y_range, padding=0)
        self._box.prepareForPaint()  # else the library moves the curves while they are painted, and paints again

    def plot_rect(self) -> QRectF:
        """Give the rectangle inside the axes, in pixels of this widget."""
        box = self._box
        corners = [box.mapFromView(QPointF(*corner)) for corner in zip(*box.viewRange(), strict=True)]
        return self.viewportTransform().mapRect(box.mapRectToScene(QRectF(*corners).normalized()))

    def columns(self, low: float, high: float) -> Columns:
        """Give the columns of whole pixels on which the part of the x axis from `low` to `high` is drawn."""
        area = self.plot_rect()
        left, right = math.floor(area.left()), math.ceil(area.right())
        a_pixel = (high - low) / max(1.0, area.width())
        first = low + (left - area.left()) * a_pixel
        count = max(1, right - left)
        return Columns(first, first + count * a_pixel, count)

    def x_at(self, pixel: float) -> float:
        """Give the x of the axis at a pixel."""
        area, (low, high) = self.plot_rect(), self._box.viewRange()[0]
        return low + (high - low) * (pixel - area.left()) / max(1.0, area.width())

    def pixel_of(self, x: float, y: float = math.nan) -> QPointF:
        """Give the pixel of a point, in units of the plot."""
        area = self.plot_rect()
        (left, right), (bottom, top) = self._box.viewRange()
        across = area.left() + area.width() * (x - left) / ((right - left) or 1.0)
        up = area.bottom() - area.height() * (y - bottom) / ((top - bottom) or 1.0)
        return QPointF(across, up)

    def mousePressEvent(self, ev: QMouseEvent) -> None:
        if ev.button() == Qt.MouseButton.LeftButton and self.plot_rect().contains(ev.position()):
            self._pressed = ev.position()

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        inside = self.plot_rect().contains(ev.position())
        if self._pressed is not None:
            self.overlay.show_band(self._pressed.x(), ev.position().x())
        self.pointed.emit(self.x_at(ev.position().x()) if inside else math.nan)

    def mouseReleaseEvent(self, ev: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        self.overlay.hide_band()
        if pressed is None or abs(ev.position().x() - pressed.x()) < _LEAST_DRAG_PX:
            return
        low, high = sorted((self.x_at(pressed.x()), self.x_at(ev.position().x())))
        self.zoomed.emit(low, high)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002  # Qt gives it
        self._pressed = None
        self.reset_asked.emit()

    def wheelEvent(self, ev: QWheelEvent) -> None:
        is_meant = self.hasFocus() or bool(ev.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if not is_meant or not ev.angleDelta().y():
            ev.ignore()
            return
        self.scaled.emit(ZOOM_STEP ** (-ev.angleDelta().y() / _NOTCH), self.x_at(ev.position().x()))
        ev.accept()

    def keyPressEvent(self, ev: QKeyEvent) -> None:
        key = Qt.Key(ev.key())
        if key in _STEP_KEYS:
            self.stepped.emit(_STEP_KEYS[key])
        elif key in _ZOOM_KEYS:
            self.scaled.emit(_ZOOM_KEYS[key], math.nan)
        elif key == Qt.Key.Key_0:
            self.reset_asked.emit()
        elif key == Qt.Key.Key_Escape and self.overlay.has_cross:
            self.pointed.emit(math.nan)
        else:
            ev.ignore()

    def leaveEvent(self, ev: QEvent) -> None:  # noqa: ARG002  # Qt gives it
        self.pointed.emit(math.nan)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.overlay.show_focus(by_key)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.overlay.show_focus(False)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        event.ignore()  # the chart has the menu

    def resizeEvent(self, ev: QResizeEvent | None) -> None:
        super().resizeEvent(ev)
        if hasattr(self, "overlay"):  # the library resizes before it is set up
            self.overlay.setGeometry(self.viewport().geometry())

    def _on_resized(self) -> None:
        self.resized.emit()
