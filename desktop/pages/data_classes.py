"""How many images each class has, by split; picking one shows only its images."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal

from desktop.charts.bar_list import ROW_PX
from desktop.charts.count_bars import CountBars
from desktop.models.dataset_overview import DatasetOverview
from desktop.theme.tokens import SPACE
from desktop.widgets.card import Card, row
from desktop.widgets.labels import text_label

_HEAD_HEIGHT = SPACE.xxl + SPACE.xl
"""Of the title, with margins."""


class ClassesCard(Card):
    """Bars by class, the largest first."""

    class_wanted = Signal(object)
    """The number of the class whose images the user wants to see; None for all again."""

    def __init__(self) -> None:
        super().__init__(margins=(SPACE.l, SPACE.m, SPACE.s, SPACE.s))
        self._current: int | None = None
        head = row()
        head.addWidget(text_label("Classes", "section"))
        self.summary = text_label("", "caption")
        head.addWidget(self.summary, 1)
        self.body.addLayout(head)
        self.bars = CountBars(has_legend=False)  # the head of the page names the colours
        self.bars.picked.connect(self._pick)
        self.body.addWidget(self.bars, 1)

    def show_dataset(self, overview: DatasetOverview) -> None:
        """Show another dataset's classes."""
        totals = overview.class_totals()
        self.summary.setText(
            _balance(int(totals.min(initial=totals.max(initial=0))), int(totals.max(initial=0)))
        )
        self.bars.show_counts(
            overview.classes,
            {name: _counts(overview, number).tolist() for number, name in enumerate(overview.split_names)},
        )
        # As tall as its rows, where there is room: what is left belongs to the problems below.
        self.setMaximumHeight(len(overview.classes) * ROW_PX + _HEAD_HEIGHT)
        self.mark(None)

    def mark(self, label: int | None) -> None:
        """Say whose images are shown, without telling."""
        self._current = label
        self.bars.set_picked(label)

    def _pick(self, label: int) -> None:
        self.class_wanted.emit(None if label == self._current else label)


def _counts(overview: DatasetOverview, split: int) -> np.ndarray:
    chosen = overview.labels[(overview.splits == split) & (overview.labels >= 0)]
    return np.bincount(chosen, minlength=len(overview.classes))


def _balance(least: int, most: int) -> str:
    """Say how even the classes are."""
    return f"{most:,} images each" if least == most else f"{least:,} to {most:,} images"
