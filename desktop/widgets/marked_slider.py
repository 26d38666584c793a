"""A slider with a mark where it is best."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider, QWidget

from desktop.theme.theme import theme

_REACH = 8.0
"""Pixels of the mark above and below the middle, as far as the handle reaches."""
_WIDTH = 2


class MarkedSlider(QSlider):
    """A horizontal slider. What the mark means stands beside it, in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._marked: int | None = None
        theme.changed.connect(self.update)

    @property
    def marked(self) -> int | None:
        """The value at which the mark is; None for none."""
        return self._marked

    def set_mark(self, value: int | None) -> None:
        """Put the mark at a value, or take it away."""
        self._marked = value
        self.update()

    def mark_x(self) -> float:
        """Where the handle's middle is when the slider stands at the mark, pixels; -1 without a mark."""
        if self._marked is None:
            return -1.0
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        option.sliderPosition = self._marked  # pyright: ignore[reportAttributeAccessIssue]  # the stub has no fields
        handle = self.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
        )
        return handle.center().x() + 0.5

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._marked is not None and self.isEnabled():
            painter = QPainter(self)
            painter.setPen(QPen(theme.color("ok"), _WIDTH))
            x, middle = self.mark_x(), self.rect().center().y() + 0.5
            painter.drawLine(QPointF(x, middle - _REACH), QPointF(x, middle + _REACH))
            painter.end()
        super().paintEvent(event)  # the handle lies over it
