"""The small table beside the cross: what each curve says there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from desktop.charts.paint import paint_sample
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SPACE, TYPE

MOST_ROWS = 14
_LINE = 18
_SAMPLE = 14
_MOST_LABEL = 180


@dataclass(frozen=True, slots=True)
class TipRow:
    """One curve in the table. `raw` is empty where nothing is smoothed."""

    label: str
    role: str
    dashed: bool
    value: str
    raw: str = ""


class ChartTip(QWidget):
    """Painted text, so that the name of a run or class is never taken for markup. It takes no mouse."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._title = ""
        self._rows: Sequence[TipRow] = ()
        self._note = ""
        self._widths = (0.0, 0.0, 0.0)
        self.hide()

    def show_table(self, title: str, rows: Sequence[TipRow], note: str = "") -> None:
        """Show a title, a row a curve, and perhaps a note below."""
        if len(rows) > MOST_ROWS:
            note = f"and {len(rows) - MOST_ROWS} more" + (f" · {note}" if note else "")
        self._title, self._rows, self._note = title, rows[:MOST_ROWS], note
        self._measure()
        self.resize(self.sizeHint())
        self.show()
        self.raise_()
        self.update()

    def place(self, cross_px: float, area: QRectF) -> None:
        """Stand at the right of the cross, or at its left where there is no room."""
        left = cross_px + SPACE.m
        if left + self.width() > area.right():
            left = cross_px - SPACE.m - self.width()
        self.move(int(max(0.0, left)), int(area.top()) + SPACE.xs)

    def sizeHint(self) -> QSize:
        labels, values, raws = self._widths
        table = _SAMPLE + SPACE.s + labels + SPACE.m + values + (SPACE.s + raws if raws else 0)
        texts = [QFontMetricsF(_caption()).horizontalAdvance(text) for text in (self._title, self._note)]
        lines = 1 + len(self._rows) + bool(self._note)
        return QSize(int(max(table, *texts) + 2 * SPACE.m) + 1, lines * _LINE + SPACE.m)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002  # Qt gives it
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("line_strong"), 1))
        painter.setBrush(theme.color("card"))
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS.control, RADIUS.control
        )
        top = float(SPACE.xs + SPACE.xxs)
        self._text(painter, top, self._title, "text2")
        for row in self._rows:
            top += _LINE
            self._paint_row(painter, row, top)
        if self._note:
            self._text(painter, top + _LINE, self._note, "text2")

    def _paint_row(self, painter: QPainter, row: TipRow, top: float) -> None:
        labels, values, raws = self._widths
        left = float(SPACE.m)
        paint_sample(painter, QRectF(left, top, _SAMPLE, _LINE), theme.color(row.role), dashed=row.dashed)
        left += _SAMPLE + SPACE.s
        label = QFontMetricsF(_caption()).elidedText(row.label, Qt.TextElideMode.ElideMiddle, _MOST_LABEL)
        self._text(painter, top, label, "text", left)
        left += labels + SPACE.m
        painter.setFont(_bold())
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(left, top, values, _LINE), right, row.value)
        if row.raw:
            painter.setFont(_caption())
            painter.setPen(theme.color("text3"))
            painter.drawText(QRectF(left + values + SPACE.s, top, raws, _LINE), right, row.raw)

    def _text(self, painter: QPainter, top: float, text: str, role: str, left: float = SPACE.m) -> None:
        painter.setFont(_caption())
        painter.setPen(theme.color(role))
        painter.drawText(QRectF(left, top, self.width() - left, _LINE), Qt.AlignmentFlag.AlignVCenter, text)

    def _measure(self) -> None:
        plain, bold = QFontMetricsF(_caption()), QFontMetricsF(_bold())
        labels = max((plain.horizontalAdvance(row.label) for row in self._rows), default=0.0)
        values = max((bold.horizontalAdvance(row.value) for row in self._rows), default=0.0)
        raws = max((plain.horizontalAdvance(row.raw) for row in self._rows), default=0.0)
        self._widths = (min(labels, _MOST_LABEL) + 1, values + 1, raws + 1 if raws else 0.0)


def _caption() -> QFont:
    return font(TYPE.caption, 400, tabular=True)


def _bold() -> QFont:
    return font(TYPE.caption, 600, tabular=True)
