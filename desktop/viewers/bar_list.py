"""Named values as horizontal bars, one a row: metrics by class, the likeliest classes of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SPACE, TYPE

ROW_HEIGHT = 24
_BAR_HEIGHT = 8.0
_LEAST_NAME, _MOST_NAME_SHARE = 48.0, 0.4


@dataclass(frozen=True, slots=True)
class Bar:
    """One row."""

    name: str
    value: float
    """0 to 1, the length of the bar."""
    text: str
    """The value as it is read."""
    role: str = "accent_fill"
    """Of the bar's colour."""
    is_strong: bool = False
    """The name stands out."""
    note: str = ""
    """Said after the name by a screen reader."""


class BarList(QWidget):
    """Bars from top to bottom; where `is_pickable`, a click or Enter picks a row.

    Args:
        name: what is listed, read aloud.
        is_pickable: rows can be picked.
    """

    picked = Signal(int)
    """The number of the row that the user picked."""

    def __init__(self, name: str, *, is_pickable: bool = False) -> None:
        super().__init__()
        self._bars: tuple[Bar, ...] = ()
        self._is_pickable = is_pickable
        self._hovered = -1
        self._current = 0
        self._selected = -1
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        if is_pickable:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setMouseTracking(True)
        theme.changed.connect(self.update)

    def show_bars(self, bars: Sequence[Bar]) -> None:
        """Show other rows."""
        self._bars = tuple(bars)
        self._hovered = -1
        self._current = min(self._current, max(0, len(self._bars) - 1))
        self._selected = -1
        self._describe()
        self.updateGeometry()
        self.update()

    def bars(self) -> tuple[Bar, ...]:
        return self._bars

    def select(self, row: int) -> None:
        """Mark a row as picked, -1 for none; does not tell."""
        self._selected = row
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, ROW_HEIGHT * len(self._bars))

    def minimumSizeHint(self) -> QSize:
        return QSize(140, ROW_HEIGHT * len(self._bars))

    def _describe(self) -> None:
        told = [f"{bar.name}{', ' + bar.note if bar.note else ''}: {bar.text}" for bar in self._bars]
        if self._is_pickable and self.hasFocus() and told:
            told = [told[self._current]]
        self.setAccessibleDescription("; ".join(told))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        name_width, text_width = self._widths()
        first = max(0, event.rect().top() // ROW_HEIGHT)
        last = min(len(self._bars) - 1, event.rect().bottom() // ROW_HEIGHT)
        for row in range(first, last + 1):
            self._paint_row(painter, row, name_width, text_width)

    def _widths(self) -> tuple[float, float]:
        names, texts = (
            QFontMetricsF(font(TYPE.caption, 600)),
            QFontMetricsF(font(TYPE.caption, 600, tabular=True)),
        )
        widest = max((names.horizontalAdvance(bar.name) for bar in self._bars), default=0.0)
        most = max(_LEAST_NAME, self.width() * _MOST_NAME_SHARE)
        text = max((texts.horizontalAdvance(bar.text) for bar in self._bars), default=0.0)
        return min(most, widest + 1), text + 1

    def _paint_row(self, painter: QPainter, row: int, name_width: float, text_width: float) -> None:
        bar = self._bars[row]
        whole = QRectF(0, row * ROW_HEIGHT, self.width(), ROW_HEIGHT)
        self._paint_ground(painter, row, whole)
        inner = whole.adjusted(SPACE.xs, 0, -SPACE.xs, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(font(TYPE.caption, 600 if bar.is_strong else 500))
        painter.setPen(theme.color("text" if bar.is_strong or row == self._selected else "text2"))
        name = painter.fontMetrics().elidedText(bar.name, Qt.TextElideMode.ElideMiddle, int(name_width) + 1)
        name_place = QRectF(inner.left(), inner.top(), name_width + 2, inner.height())
        painter.drawText(name_place, Qt.AlignmentFlag.AlignRight | middle, name)
        left = name_place.right() + SPACE.s
        room = max(0.0, inner.right() - text_width - SPACE.s - left)
        track = QRectF(left, whole.center().y() - _BAR_HEIGHT / 2, room, _BAR_HEIGHT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("press" if row == self._hovered else "hover"))
        painter.drawRoundedRect(track, _BAR_HEIGHT / 2, _BAR_HEIGHT / 2)
        length = room * min(1.0, max(0.0, bar.value))
        if length >= 1:
            painter.setBrush(theme.color(bar.role))
            filled = QRectF(track.left(), track.top(), max(length, _BAR_HEIGHT / 2), _BAR_HEIGHT)
            painter.drawRoundedRect(filled, min(_BAR_HEIGHT, filled.width()) / 2, _BAR_HEIGHT / 2)
        painter.setFont(font(TYPE.caption, 600, tabular=True))
        painter.setPen(theme.color("text"))
        value_place = QRectF(inner.right() - text_width, inner.top(), text_width, inner.height())
        painter.drawText(value_place, Qt.AlignmentFlag.AlignRight | middle, bar.text)

    def _paint_ground(self, painter: QPainter, row: int, whole: QRectF) -> None:
        if row in (self._hovered, self._selected):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent_soft" if row == self._selected else "hover"))
            painter.drawRoundedRect(whole, RADIUS.inner, RADIUS.inner)
        if self._is_pickable and self.hasFocus() and row == self._current:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(whole.adjusted(1, 1, -1, -1), RADIUS.inner, RADIUS.inner)

    # Pointer and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        row = int(event.position().y() // ROW_HEIGHT)
        self._hover(row if self._is_pickable and 0 <= row < len(self._bars) else -1)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = int(event.position().y() // ROW_HEIGHT)
        if self._is_pickable and event.button() == Qt.MouseButton.LeftButton and 0 <= row < len(self._bars):
            self._current = row
            self.picked.emit(row)
            return
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if self._is_pickable and self._bars and step is not None:
            self._current = min(len(self._bars) - 1, max(0, self._current + step))
            self._describe()
            self.update()
        elif (
            self._is_pickable
            and self._bars
            and event.key()
            in (
                Qt.Key.Key_Return,
                Qt.Key.Key_Enter,
                Qt.Key.Key_Space,
            )
        ):
            self.picked.emit(self._current)
        else:
            super().keyPressEvent(event)

    def _hover(self, row: int) -> None:
        if row != self._hovered:
            self._hovered = row
            self.setCursor(Qt.CursorShape.PointingHandCursor if row >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()
