"""A small picture with its labels drawn, where there is no room to zoom."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.models.drawn_labels import DrawnLabels, LabelLook
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS
from desktop.viewers.label_drawing import LabelDrawing, LineStyle
from desktop.widgets.labels import plain_tip

_LINE = LineStyle(1.25)
_DIM = 0.55


class SampleTile(QWidget):
    """Shows one picture, whole, in a square; a click or Enter asks to see it large.

    Args:
        name: what is shown, read aloud.
        side: of the square, pixels.
    """

    opened = Signal()

    def __init__(self, name: str, side: int) -> None:
        super().__init__()
        self._name = name
        self._side = side
        self._image = QImage()
        self._drawing: LabelDrawing | None = None
        self._look = LabelLook(names=False)
        self._is_dim = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(side)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(name)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def show_sample(self, image: QImage, labels: DrawnLabels, words: str) -> None:
        """Show another picture, and say what is on it."""
        self._image = image
        self._drawing = LabelDrawing(labels, (), _LINE) if len(labels) or labels.has_masks else None
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleDescription(words)
        self.setToolTip(plain_tip(f"{self._name}: {words}" if words else self._name))
        self.update()

    def show_nothing(self) -> None:
        """Show an empty place."""
        self._image, self._drawing = QImage(), None
        self.unsetCursor()
        self.setAccessibleDescription("")
        self.setToolTip("")
        self.update()

    def set_dim(self, is_dim: bool) -> None:
        """Show that another picture is on its way, or that this one holds no more."""
        if is_dim != self._is_dim:
            self._is_dim = is_dim
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        place = QRectF(self.rect())
        ground = QPainterPath()
        ground.addRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS.inner, RADIUS.inner)
        painter.fillPath(ground, theme.color("hover"))
        if not self._image.isNull():
            painter.save()
            painter.setClipPath(ground)
            painter.setOpacity(_DIM if self._is_dim else 1.0)
            target = self._target(place)
            painter.drawImage(target, self._image)
            if self._drawing is not None:
                self._drawing.paint(painter, target, self._look)
            painter.restore()
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawPath(ground)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        is_here = self.rect().contains(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and is_here and not self._image.isNull():
            self.opened.emit()
            return
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if event.key() in keys and not self._image.isNull():
            self.opened.emit()
            return
        super().keyPressEvent(event)

    def _target(self, place: QRectF) -> QRectF:
        """The whole picture in the middle of the square."""
        scale = min(place.width() / self._image.width(), place.height() / self._image.height())
        size = QPointF(self._image.width() * scale, self._image.height() * scale)
        corner = place.center() - size / 2
        return QRectF(corner.x(), corner.y(), size.x(), size.y())
