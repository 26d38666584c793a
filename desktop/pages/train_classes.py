"""How well each class is learned: the newest validation's values by class."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from desktop.charts.class_bars import ClassBars
from desktop.models.live_run import LiveRun
from desktop.models.run_words import metric_words
from desktop.tasks.task import find_view
from desktop.theme.tokens import SPACE
from desktop.widgets.card import Card, row
from desktop.widgets.labels import text_label

_CHOICE = 220


class ClassesView(Card):
    """Bars, worst class first."""

    def __init__(self, run: LiveRun) -> None:
        super().__init__(margins=(SPACE.l, SPACE.m, SPACE.l, SPACE.m))
        self._run = run
        self._shown = ""
        head = row(SPACE.s)
        head.addWidget(text_label("Classes", "section"))
        head.addWidget(text_label("worst first", "caption"))
        head.addStretch(1)
        self.choice = QComboBox()
        self.choice.setAccessibleName("Metric by class")
        self.choice.setMinimumWidth(_CHOICE)
        self.choice.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.choice.activated.connect(self._chosen)
        head.addWidget(self.choice)
        self.body.addLayout(head)
        self.empty = text_label("Values by class come with the first validation.", "muted")
        self.body.addWidget(self.empty)
        self.bars = ClassBars()
        self.body.addWidget(self.bars, 1)
        run.loaded.connect(self.fill)
        run.classes_changed.connect(self.fill)

    def fill(self) -> None:
        """Show the newest values."""
        found = [name for name in self._run.per_class if _kind(name) != "support"]
        row_now = self._run.row
        view = find_view(row_now.task) if row_now is not None else None
        preferred = view.class_metrics if view is not None else ()
        ordered = [name for kind in preferred for name in sorted(found) if _kind(name) == kind]
        ordered += [name for name in sorted(found) if name not in ordered]
        self.empty.setVisible(not ordered)
        self.bars.setVisible(bool(ordered))
        self.choice.setVisible(bool(ordered))
        if [self.choice.itemData(index) for index in range(self.choice.count())] != ordered:
            self.choice.clear()
            for name in ordered:
                self.choice.addItem(f"{metric_words(name)} by class", name)
        if self._shown in ordered:
            self.choice.setCurrentIndex(ordered.index(self._shown))
        elif ordered:
            self._shown = ordered[0]
        if ordered:
            values = self._run.per_class[self._shown]
            measure = metric_words(self._shown)
            counts = self._run.per_class.get(f"{self._shown.removesuffix(_kind(self._shown))}support")
            there = [int(counts.get(name, 0)) for name in values] if counts else None
            unit = view.counts if view is not None else "images"
            self.bars.show_values(list(values), list(values.values()), measure, there, unit)

    def _chosen(self, _index: int) -> None:
        self._shown = str(self.choice.currentData())
        self.fill()


def _kind(name: str) -> str:
    """The metric without the split: `recall` of `test/recall`. Validations of a training name none."""
    return name.rpartition("/")[2]
