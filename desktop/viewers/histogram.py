"""Bars over bins: how often something is small, and how often it is large."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.labels import plain_tip

_GAP = 2.0
_LEAST_BAR = 2.0
_HEIGHT = 132
_AXIS = TYPE.overline + SPACE.s
_TOP = TYPE.overline + SPACE.xs


class Histogram(QWidget):
    """Paints counts with their bins below.

    Args:
        name: what is counted, read aloud.
        unit: of the counts, plural.
    """

    def __init__(self, name: str, unit: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._unit = unit
        self._labels: Sequence[str] = ()
        self._counts: Sequence[int] = ()
        self._hovered = -1
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_bins(self, labels: Sequence[str], counts: Sequence[int]) -> None:
        """Show other bins, from the smallest."""
        self._labels, self._counts = tuple(labels), tuple(counts)
        told = "; ".join(self._in_words(place) for place, count in enumerate(counts) if count)
        self.setAccessibleDescription(told or "Nothing to show.")
        self._hovered = -1
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(280, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, _HEIGHT - SPACE.xxl)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._counts:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        base = self.height() - _AXIS
        painter.fillRect(QRectF(0, base, self.width(), 1), theme.color("line"))
        largest = max(self._counts) or 1
        for place, count in enumerate(self._counts):
            slot = self._slot(place)
            height = max(_LEAST_BAR, (base - _TOP) * count / largest) if count else 0.0
            bar = QRectF(slot.left() + _GAP / 2, base - height, slot.width() - _GAP, height)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("s6" if place == self._hovered else "s1"))
            painter.drawRoundedRect(bar, _GAP, _GAP)
        self._paint_words(painter, base, largest)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._place_at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            place = self._place_at(event.pos().x())
            words = plain_tip(self._in_words(place)) if place >= 0 else ""
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def _paint_words(self, painter: QPainter, base: float, largest: int) -> None:
        face = font(TYPE.overline, 500, tabular=True)
        painter.setFont(face)
        metrics = painter.fontMetrics()
        widest = max(metrics.horizontalAdvance(label) for label in self._labels) + SPACE.s
        every = max(1, -(-widest // max(1, int(self._slot(0).width()))))
        for place, count in enumerate(self._counts):
            slot = self._slot(place)
            if place % every == 0:
                painter.setPen(theme.color("text2"))
                room = QRectF(slot.center().x() - widest, base + SPACE.xs, 2 * widest, _AXIS)
                left = max(0.0, min(room.left(), self.width() - room.width()))
                flags = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter
                if place == 0 and room.left() < 0:
                    flags = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
                    room = QRectF(0, room.top(), room.width(), _AXIS)
                elif left != room.left():
                    flags = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight
                    room = QRectF(left, room.top(), room.width(), _AXIS)
                painter.drawText(room, int(flags), self._labels[place])
            told = f"{count:,}"
            if count and (metrics.horizontalAdvance(told) <= slot.width() + _GAP or count == largest):
                painter.setPen(theme.color("text"))
                top = base - (base - _TOP) * count / largest - _TOP
                width = float(metrics.horizontalAdvance(told) + 2)
                left = max(0.0, min(slot.center().x() - width / 2, self.width() - width))
                painter.drawText(QRectF(left, top, width, _TOP), Qt.AlignmentFlag.AlignCenter, told)

    def _slot(self, place: int) -> QRectF:
        width = self.width() / max(1, len(self._counts))
        return QRectF(place * width, 0, width, self.height())

    def _place_at(self, x: float) -> int:
        place = int(x / max(1e-9, self.width()) * len(self._counts))
        return place if 0 <= place < len(self._counts) else -1

    def _hover(self, place: int) -> None:
        if place != self._hovered:
            self._hovered = place
            self.update()

    def _in_words(self, place: int) -> str:
        share = self._counts[place] / max(1, sum(self._counts))
        return f"{self._labels[place]}: {self._counts[place]:,} {self._unit} ({share:.0%})"
