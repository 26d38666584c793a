"""The charts of a result, as its task gives them: two beside each other where there is room."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.charts.figure_card import FigureCard
from desktop.models.result import Result
from desktop.tasks.task import TaskView
from desktop.theme.tokens import SPACE
from desktop.widgets.labels import text_label

_TWO_FROM = 560


class FiguresPanel(QScrollArea):
    """Charts in a grid that scrolls; cards are kept, and filled anew. Nothing is counted while nobody sees it."""

    picked = Signal(object)
    """A `PickedPoint`: a bar or a point of a curve was clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Curves of the result")
        held = QWidget()
        outer = QVBoxLayout(held)
        outer.setContentsMargins(0, 0, SPACE.s, SPACE.s)
        self.nothing = text_label("The run kept nothing that a chart could be drawn of.", "muted", wrap=True)
        outer.addWidget(self.nothing)
        self._grid = QGridLayout()
        self._grid.setSpacing(SPACE.s)
        outer.addLayout(self._grid)
        outer.addStretch(1)
        self.setWidget(held)
        self.cards: list[FigureCard] = []
        self._columns = 2
        self._shown = 0
        self._waiting: tuple[Result, TaskView] | None = None

    def show_result(self, result: Result, view: TaskView) -> None:
        """Show the charts of a result."""
        self._waiting = (result, view)
        if self.isVisible():
            self._show_waiting()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_waiting()

    def _show_waiting(self) -> None:
        if self._waiting is None:
            return
        (result, view), self._waiting = self._waiting, None
        figures = view.figures(result)
        while len(self.cards) < len(figures):
            made = FigureCard()
            made.plot.picked.connect(self.picked)
            self.cards.append(made)
        for card, figure in zip(self.cards, figures, strict=False):
            card.show_figure(figure)
        if len(figures) != self._shown:
            self._shown = len(figures)
            self._arrange()
        self.nothing.setVisible(not figures)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        columns = 2 if self.viewport().width() >= _TWO_FROM else 1
        if columns != self._columns:
            self._columns = columns
            self._arrange()

    def _arrange(self) -> None:
        for place, card in enumerate(self.cards):
            self._grid.removeWidget(card)
            if place < self._shown:  # placed before it is shown: a card without a parent would be a window
                self._grid.addWidget(card, place // self._columns, place % self._columns)
                card.show()
            else:
                card.hide()
        for column in range(2):
            self._grid.setColumnStretch(column, 1 if column < self._columns else 0)
