"""A chart of a `Figure` with its title, what it says in a few words, and whose line is which."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.charts.figure_plot import FigurePlot, line_role
from desktop.charts.figures import Figure, RateFigure
from desktop.charts.paint import paint_sample
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.card import Card, row
from desktop.widgets.labels import ElidedLabel, text_label

_SAMPLE = 14
_MOST_NAME = 110
_LINE = 18
_HEIGHT = 268


class FigureCard(Card):
    """Shows one figure."""

    def __init__(self) -> None:
        super().__init__(spacing=SPACE.xs, margins=(SPACE.m, SPACE.s, SPACE.m, SPACE.s))
        head = row(SPACE.s)
        self._title = text_label("", "strong")
        self._note = ElidedLabel("", "caption")
        self._note.setFont(font(TYPE.caption, tabular=True))
        self._note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self._title)
        head.addWidget(self._note, 1)
        self.body.addLayout(head)
        self.plot = FigurePlot()
        self.body.addWidget(self.plot, 1)
        self._key = FigureKey()
        self.body.addWidget(self._key)
        self.setFixedHeight(_HEIGHT)

    def show_figure(self, figure: Figure) -> None:
        """Show another chart."""
        self._title.setText(figure.title)
        self._note.setText(figure.note)
        self.plot.show_figure(figure)
        self._key.show_entries(_entries(figure))


class FigureKey(QWidget):
    """Samples of colour with names, in one line; what has no room is counted."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: Sequence[tuple[str, str]] = ()
        self.setFixedHeight(_LINE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_entries(self, entries: Sequence[tuple[str, str]]) -> None:
        """Show names with the roles of their colours."""
        self._entries = entries
        self.setVisible(bool(entries))
        self.setAccessibleName(", ".join(name for name, _ in entries))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, _LINE)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font(TYPE.caption, 500))
        metrics = QFontMetricsF(painter.font())
        left = float(SPACE.xs)
        for place, (name, role) in enumerate(self._entries):
            words = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, _MOST_NAME)
            width = _SAMPLE + SPACE.xs + metrics.horizontalAdvance(words)
            rest = len(self._entries) - place
            room = self.width() - left - (metrics.horizontalAdvance(f"+{rest}") if rest > 1 else 0)
            painter.setPen(theme.color("text2"))
            if width > room:
                painter.drawText(
                    QRectF(left, 0, self.width() - left, _LINE), Qt.AlignmentFlag.AlignVCenter, f"+{rest}"
                )
                return
            paint_sample(painter, QRectF(left, 0, _SAMPLE, _LINE), theme.color(role))
            painter.setPen(theme.color("text2"))
            place_of = QRectF(left + _SAMPLE + SPACE.xs, 0, width, _LINE)
            painter.drawText(place_of, Qt.AlignmentFlag.AlignVCenter, words)
            left += width + SPACE.m


def _entries(figure: Figure) -> list[tuple[str, str]]:
    if not isinstance(figure, RateFigure):
        return [(stack.label, stack.role) for stack in figure.stacks] if len(figure.stacks) > 1 else []
    named = [(line.label, line_role(figure, number)) for number, line in enumerate(figure.lines)]
    coloured = [entry for entry in named if entry[1] != "text3"]
    others = len(named) - len(coloured)
    return [*coloured, (f"{others} classes", "text3")] if others else named
