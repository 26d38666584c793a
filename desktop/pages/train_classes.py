"""How well each class is learned: the newest validation's values by class."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from desktop.charts.class_bars import ClassBars
from desktop.models.live_run import LiveRun
from desktop.models.run_words import metric_words
from desktop.theme.tokens import SPACE
from desktop.widgets.card import Card, row
from desktop.widgets.labels import text_label

_PREFERRED = ("val/recall", "val/f1", "test/recall", "val/ap", "val/iou")
_NAMES = {"recall": "Accuracy by class (recall)", "precision": "Precision by class", "f1": "F1 by class"}
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
        found = [name for name in self._run.per_class if not name.endswith("/support")]
        ordered = [name for name in _PREFERRED if name in found]
        ordered += [name for name in sorted(found) if name not in ordered]
        self.empty.setVisible(not ordered)
        self.bars.setVisible(bool(ordered))
        self.choice.setVisible(bool(ordered))
        if [self.choice.itemData(index) for index in range(self.choice.count())] != ordered:
            self.choice.clear()
            for name in ordered:
                self.choice.addItem(_NAMES.get(name.rpartition("/")[2], metric_words(name)), name)
        if self._shown in ordered:
            self.choice.setCurrentIndex(ordered.index(self._shown))
        elif ordered:
            self._shown = ordered[0]
        if ordered:
            values = self._run.per_class[self._shown]
            measure = self.choice.currentText()
            counts = self._run.per_class.get(f"{self._shown.partition('/')[0]}/support")
            images = [int(counts.get(name, 0)) for name in values] if counts else None
            self.bars.show_values(list(values), list(values.values()), measure, images)

    def _chosen(self, _index: int) -> None:
        self._shown = str(self.choice.currentData())
        self.fill()
