"""How many images each class has; picking one shows only its images."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea

from desktop.models.dataset_overview import DatasetOverview
from desktop.theme.tokens import SPACE
from desktop.viewers.bar_list import Bar, BarList
from desktop.widgets.card import Card, row
from desktop.widgets.labels import text_label
from engine.datasets.findings import TINY_CLASS

_HEAD_HEIGHT = SPACE.xxl + SPACE.xl


class ClassesCard(Card):
    """Bars by class, the largest first."""

    class_wanted = Signal(object)
    """The number of the class whose images the user wants to see; None for all again."""

    def __init__(self) -> None:
        super().__init__(margins=(SPACE.l, SPACE.m, SPACE.s, SPACE.s))
        self._order: list[int] = []
        self._current: int | None = None
        head = row()
        head.addWidget(text_label("Classes", "section"))
        self._summary = text_label("", "caption")
        head.addWidget(self._summary, 1)
        self.body.addLayout(head)
        self.bars = BarList("Images by class", is_pickable=True)
        self.bars.picked.connect(self._pick)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self.bars)
        self.body.addWidget(area, 1)

    def show_dataset(self, overview: DatasetOverview) -> None:
        """Show another dataset's classes."""
        totals = overview.class_totals()
        self._order = [int(number) for number in np.argsort(-totals, kind="stable")]
        most = max(1, int(totals.max(initial=0)))
        self._summary.setText(_balance(int(totals.min(initial=most)), most))
        self.bars.show_bars(
            [
                Bar(
                    overview.classes[number],
                    int(totals[number]) / most,
                    f"{int(totals[number]):,}",
                    "warn" if totals[number] < TINY_CLASS else "accent_fill",
                    note="few images" if totals[number] < TINY_CLASS else "",
                )
                for number in self._order
            ]
        )
        # As tall as its rows, where there is room: what is left belongs to the problems below.
        self.setMaximumHeight(self.bars.sizeHint().height() + _HEAD_HEIGHT)
        self.mark(None)

    def mark(self, label: int | None) -> None:
        """Say whose images are shown, without telling."""
        self._current = label
        self.bars.select(self._order.index(label) if label in self._order else -1)

    def _pick(self, place: int) -> None:
        label = self._order[place]
        self.class_wanted.emit(None if label == self._current else label)


def _balance(least: int, most: int) -> str:
    """Say how even the classes are."""
    if least == most:
        return f"{most:,} images each"
    return f"{least:,} to {most:,} images"
