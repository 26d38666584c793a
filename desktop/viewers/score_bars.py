"""The likeliest classes of an image as horizontal bars, one a row. Only shows; all rows stand below each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.theme.fonts import font
from desktop.theme.label_colors import label_color
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SPACE, TYPE

ROW_HEIGHT = 24
_BAR_HEIGHT = 8.0
_SWATCH = 10.0
_MOST_NAME_SHARE = 0.45


@dataclass(frozen=True, slots=True)
class ScoreBar:
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
    number: int = -1
    """Of a class whose colour on pictures stands before the name; -1 for none."""


class ScoreBars(QWidget):
    """A few bars from top to bottom.

    Args:
        name: what is listed, read aloud.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._bars: tuple[ScoreBar, ...] = ()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_bars(self, bars: Sequence[ScoreBar]) -> None:
        """Show other rows."""
        self._bars = tuple(bars)
        told = [f"{bar.name}{', ' + bar.note if bar.note else ''}: {bar.text}" for bar in self._bars]
        self.setAccessibleDescription("; ".join(told))
        self.updateGeometry()
        self.update()

    def bars(self) -> tuple[ScoreBar, ...]:
        return self._bars

    def sizeHint(self) -> QSize:
        return QSize(240, ROW_HEIGHT * len(self._bars))

    def minimumSizeHint(self) -> QSize:
        return QSize(140, ROW_HEIGHT * len(self._bars))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        widths = self._widths()
        for row, bar in enumerate(self._bars):
            whole = QRectF(SPACE.xs, row * ROW_HEIGHT, self.width() - 2 * SPACE.xs, ROW_HEIGHT)
            _paint_row(painter, bar, whole, widths)

    def _widths(self) -> tuple[float, float]:
        """How wide the names and the values are."""
        names, texts = (
            QFontMetricsF(font(TYPE.caption, 600)),
            QFontMetricsF(font(TYPE.caption, 600, tabular=True)),
        )
        widest = max((names.horizontalAdvance(bar.name) for bar in self._bars), default=0.0)
        text = max((texts.horizontalAdvance(bar.text) for bar in self._bars), default=0.0)
        return min(self.width() * _MOST_NAME_SHARE, widest + 1), text + 1


def _paint_swatch(painter: QPainter, number: int, whole: QRectF) -> None:
    """The colour that the class has on pictures."""
    swatch = QRectF(whole.left(), whole.center().y() - _SWATCH / 2, _SWATCH, _SWATCH)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(label_color(number))
    painter.drawRoundedRect(swatch, RADIUS.inner / 2, RADIUS.inner / 2)


def _paint_row(painter: QPainter, bar: ScoreBar, whole: QRectF, widths: tuple[float, float]) -> None:
    name_width, text_width = widths
    middle = Qt.AlignmentFlag.AlignVCenter
    if bar.number >= 0:
        _paint_swatch(painter, bar.number, whole)
        whole = whole.adjusted(_SWATCH + SPACE.xs, 0, 0, 0)
    painter.setFont(font(TYPE.caption, 600 if bar.is_strong else 500))
    painter.setPen(theme.color("text" if bar.is_strong else "text2"))
    name = QFontMetricsF(painter.font()).elidedText(bar.name, Qt.TextElideMode.ElideMiddle, name_width + 1)
    name_place = QRectF(whole.left(), whole.top(), name_width + 2, whole.height())
    painter.drawText(name_place, Qt.AlignmentFlag.AlignRight | middle, name)
    left = name_place.right() + SPACE.s
    room = max(0.0, whole.right() - text_width - SPACE.s - left)
    track = QRectF(left, whole.center().y() - _BAR_HEIGHT / 2, room, _BAR_HEIGHT)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("hover"))
    painter.drawRoundedRect(track, _BAR_HEIGHT / 2, _BAR_HEIGHT / 2)
    length = room * min(1.0, max(0.0, bar.value))
    if length >= 1:
        painter.setBrush(theme.color(bar.role))
        filled = QRectF(track.left(), track.top(), max(length, _BAR_HEIGHT / 2), _BAR_HEIGHT)
        painter.drawRoundedRect(filled, min(_BAR_HEIGHT, filled.width()) / 2, _BAR_HEIGHT / 2)
    painter.setFont(font(TYPE.caption, 600, tabular=True))
    painter.setPen(theme.color("text"))
    value_place = QRectF(whole.right() - text_width, whole.top(), text_width, whole.height())
    painter.drawText(value_place, Qt.AlignmentFlag.AlignRight | middle, bar.text)
