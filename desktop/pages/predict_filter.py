"""What of many answered images is shown, and in what order: by what was found, class, confidence, doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSpinBox, QWidget

from desktop.models.answer import AnswerView
from desktop.models.predictions_columns import (
    DIFFERING,
    DISAGREEMENT,
    DOUBT,
    EVERY,
    FOUND,
    GIVEN,
    HIGHEST,
    LOWEST,
    MISSING,
    NAME,
    UNREADABLE,
    AnswerFilter,
)
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.card import row
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.labels import text_label
from desktop.widgets.segmented import Segmented

_WIDTH = 150
_ONE_LINE = 1040
"""Pixels; with less the choices stand below."""
_WHOLE = 100


class FilterBar(QWidget):
    """Holds an `AnswerFilter`.

    Args:
        tail: stands at its end.
    """

    changed = Signal(object)
    """The `AnswerFilter` that the user chose."""

    def __init__(self, tail: QWidget) -> None:
        super().__init__()
        self._wanted = AnswerFilter()
        self._view: AnswerView | None = None
        self._is_compared = False
        self._lines = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(SPACE.s)
        self._holder = row()
        self.show_choice = Segmented([(EVERY, "All")], name="Images shown")
        self._holder.addWidget(self.show_choice)
        self.count = text_label("", "caption")
        self.count.setFont(font(TYPE.caption, tabular=True))
        self._holder.addWidget(self.count)
        self._holder.addStretch(1)
        self._lines.addLayout(self._holder, 1)
        choices = self._build_choices()
        choices.addWidget(tail)
        self._lines.addLayout(choices)
        self.label.currentIndexChanged.connect(self._choose)
        self.sort.currentIndexChanged.connect(self._choose)

    def _build_choices(self) -> QHBoxLayout:
        line = row(SPACE.s)
        self.label = ChoiceBox("Class", _WIDTH)
        self.label.addItem("Any class", -1)
        line.addWidget(self.label)
        line.addSpacing(SPACE.xs)
        self._measure = text_label("", "muted")
        line.addWidget(self._measure)
        self.lowest, self.highest = _percent(0), _percent(_WHOLE)
        line.addWidget(self.lowest)
        line.addWidget(text_label("to", "muted"))
        line.addWidget(self.highest)
        self.lowest.valueChanged.connect(self._choose)
        self.highest.valueChanged.connect(self._choose)
        line.addSpacing(SPACE.xs)
        self.sort = ChoiceBox("Sort images by", _WIDTH + SPACE.xl)
        line.addWidget(self.sort)
        line.addStretch(1)
        return line

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stand in two lines where one has no room."""
        super().resizeEvent(event)
        direction = QBoxLayout.Direction
        is_wide = self.width() >= _ONE_LINE
        self._lines.setDirection(direction.LeftToRight if is_wide else direction.TopToBottom)

    @property
    def wanted(self) -> AnswerFilter:
        return self._wanted

    def offer(self, view: AnswerView, *, is_compared: bool) -> None:
        """Offer what fits the task, and whether two models are asked; what is chosen stays where it still fits."""
        if view is self._view and is_compared == self._is_compared:
            return
        self._view, self._is_compared = view, is_compared
        self._offer_shown(view, is_compared=is_compared)
        self._measure.setText(view.measure.capitalize())
        self.lowest.setAccessibleName(f"Least {view.measure}, percent")
        self.highest.setAccessibleName(f"Most {view.measure}, percent")
        sorts = [(GIVEN, "As given"), (NAME, "By name")]
        sorts += [(DOUBT, "Unsure first")] if view.threshold_tip else []
        sorts += [(HIGHEST, f"Highest {view.measure}"), (LOWEST, f"Lowest {view.measure}")]
        sorts += [(DISAGREEMENT, "Most different first")] if is_compared else []
        with QSignalBlocker(self.sort):
            self.sort.clear()
            for key, title in sorts:
                self.sort.addItem(title, key)
            self.sort.setCurrentIndex(max(0, self.sort.findData(self._wanted.sort)))
        self._choose()

    def offer_classes(self, names: Sequence[str]) -> None:
        """Offer these classes, by number."""
        known = [self.label.itemText(place) for place in range(1, self.label.count())]
        if known == list(names):
            return
        with QSignalBlocker(self.label):
            self.label.clear()
            self.label.addItem("Any class", -1)
            for number, name in enumerate(names):
                self.label.addItem(name, number)
        self._choose()

    def clear(self) -> None:
        """Show all again."""
        with QSignalBlocker(self.label), QSignalBlocker(self.lowest), QSignalBlocker(self.highest):
            self.label.setCurrentIndex(0)
            self.lowest.setValue(0)
            self.highest.setValue(_WHOLE)
        self.show_choice.choose(EVERY)
        self._choose()

    def show_count(self, shown: int, total: int) -> None:
        """Say how many images pass."""
        self.count.setText(f"{shown:,} of {total:,}" if shown != total else f"{total:,} images")

    def _offer_shown(self, view: AnswerView, *, is_compared: bool) -> None:
        found, missing = view.found_words
        choices = [(EVERY, "All"), (FOUND, found), (MISSING, missing)]
        choices += [(DIFFERING, "Differ")] if is_compared else []
        choices += [(UNREADABLE, "Unreadable")]
        kept = self._wanted.show if self._wanted.show in dict(choices) else EVERY
        old = self.show_choice
        self.show_choice = Segmented(choices, kept, "Images shown")
        self.show_choice.changed.connect(self._choose)
        self._holder.replaceWidget(old, self.show_choice)
        old.hide()
        old.deleteLater()

    def _choose(self, _value: object = None) -> None:
        number = self.label.currentData()
        low, high = self.lowest.value() / _WHOLE, self.highest.value() / _WHOLE
        wanted = replace(
            self._wanted,
            show=self.show_choice.current() or EVERY,
            label=number if isinstance(number, int) and number >= 0 else None,
            lowest=min(low, high),
            highest=max(low, high),
            sort=str(self.sort.currentData() or GIVEN),
        )
        if wanted != self._wanted:
            self._wanted = wanted
            self.changed.emit(wanted)


def _percent(value: int) -> QSpinBox:
    made = QSpinBox()
    made.setRange(0, _WHOLE)
    made.setSuffix(" %")
    made.setValue(value)
    made.setKeyboardTracking(False)
    made.lineEdit().setTextMargins(SPACE.s, 0, 0, 0)
    return made
