"""The top line of the Validate page: which run, which of its results, and the way to a new evaluation."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QResizeEvent, QStandardItemModel
from PySide6.QtWidgets import QWidget

from desktop.models.result import ResultKey
from desktop.models.result_list import ListedResult
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import button, icon_button, on_click
from desktop.widgets.card import row
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.labels import ElidedLabel, text_label

_NEWEST = "newest"
_OWN, _TESTS = "Validations", "Test runs"
"""Headings, where there are both."""
_RUN_WIDTH, _RESULT_WIDTH = 240, 250
_NARROWEST = 130
_BOXES_FIRST, _WORDS_NEXT = 20, 10
"""They get room before the gap does."""
_LEAST_NEWS = 170
"""Pixels that what is under way has at least: boxes give way to it."""
_NARROW = 1_060
"""Pixels; below it a button is its icon alone where there is something to be said."""
_COMPARE = "Compare with…"


class SourceBar(QWidget):
    """Chooses; knows nothing of files and stores."""

    run_chosen = Signal(str)
    result_chosen = Signal(object)
    """A `ResultKey`, or None for the newest, whichever that comes to be."""
    evaluation_wanted = Signal()
    report_wanted = Signal(str)
    """A report of this run shall be saved."""
    compare_wanted = Signal()
    """The result on show shall be compared with another."""
    map_wanted = Signal()
    """The images of the result on show shall be laid out by what the model sees in them."""
    fork_wanted = Signal()
    """A new run with the settings of this one is wanted."""

    def __init__(self) -> None:
        super().__init__()
        line = row()
        self.setLayout(line)
        self._runs = ChoiceBox("Run", _RUN_WIDTH, _NARROWEST)
        self._results = ChoiceBox("Result", _RESULT_WIDTH, _NARROWEST)
        line.addWidget(text_label("Run", "muted"))
        line.addWidget(self._runs, _BOXES_FIRST)
        line.addSpacing(SPACE.s)
        line.addWidget(text_label("Result", "muted"))
        line.addWidget(self._results, _BOXES_FIRST)
        self.compare = button(
            _COMPARE, "ph.columns", tip="See on the same images where another result differs"
        )
        self.compare.setAccessibleName(_COMPARE)
        line.addWidget(self.compare)
        self.note = ElidedLabel("", "caption", middle=True)
        """What is under way; stands before what is remarkable of the result."""
        self.remarks = ElidedLabel("", "caption")
        line.addSpacing(SPACE.xs)
        line.addWidget(self.note, _WORDS_NEXT)
        line.addWidget(self.remarks, _WORDS_NEXT)
        line.addStretch(1)
        self.tell("")
        self.remark("")
        self.report = icon_button(
            "ph.file-text", "Save a report…", "Save a report of this run, to send to somebody"
        )
        line.addWidget(self.report)
        self.map = icon_button(
            "ph.circles-four",
            "Map of the images",
            "Lay the images out by what the model sees; find near duplicates",
        )
        line.addWidget(self.map)
        on_click(self.map, self.map_wanted.emit)
        fork = icon_button("ph.git-fork", "New run with these settings")
        line.addWidget(fork)
        evaluate = button(
            "Evaluate on…",
            "ph.target",
            tip="Test a checkpoint of this run on another split, dataset or folder",
        )
        self.evaluate = evaluate
        line.addWidget(evaluate)
        self._runs.currentIndexChanged.connect(self._tell_run)
        self._results.currentIndexChanged.connect(self._tell_result)
        on_click(evaluate, self.evaluation_wanted.emit)
        on_click(self.report, self._want_report)
        on_click(self.compare, self.compare_wanted.emit)
        on_click(fork, self.fork_wanted.emit)

    def show_runs(self, runs: Sequence[tuple[str, str]], current: str) -> None:
        """Offer runs by id and title; does not tell."""
        shown = [
            (self._runs.itemData(place), self._runs.itemText(place)) for place in range(self._runs.count())
        ]
        with QSignalBlocker(self._runs):
            if shown != list(runs):
                self._runs.clear()
                for run, title in runs:
                    self._runs.addItem(title, run)
            self._runs.setCurrentIndex(self._runs.findData(current))
        self._runs.setToolTip(self._runs.currentText())

    def show_results(self, results: Sequence[ListedResult], chosen: ResultKey | None) -> None:
        """Offer results, newest first, and mark the chosen one; None means the newest. Does not tell."""
        with QSignalBlocker(self._results):
            self._results.clear()
            if results:
                self._results.addItem(f"Newest: {results[0].title}", _NEWEST)
            own = [entry for entry in results if entry.is_own]
            tests = [entry for entry in results if not entry.is_own]
            for heading, group in ((_TESTS, tests), (_OWN, own)):  # of validations there are many
                if own and tests:
                    self._add_heading(heading)
                for entry in group:
                    self._results.addItem(entry.title, entry.key)
            place = 0 if chosen is None else self._place_of(chosen)
            self._results.setCurrentIndex(place)
            self._results.setToolTip(self._results.currentText())
        self._results.setEnabled(bool(results))
        self._results.setPlaceholderText("None yet")

    def tell(self, sentence: str) -> None:
        """Say what is under way; empty for nothing."""
        self.note.setText(sentence)
        self.note.setMinimumWidth(min(_LEAST_NEWS, self.note.sizeHint().width()))
        self.note.setVisible(bool(sentence))
        self._fit()

    def remark(self, sentence: str) -> None:
        """Say what is remarkable of the result; empty for nothing."""
        self.remarks.setText(sentence)
        self.remarks.setVisible(bool(sentence))
        self._fit()

    def offer(self, *, is_chosen: bool, is_open: bool) -> None:
        """Offer what needs a result: one that is chosen, one that could be read."""
        self.compare.setEnabled(is_chosen)
        self.map.setEnabled(is_open)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Where there is little room, words that must be read have it."""
        says_much = bool(self.note.whole_text() or self.remarks.whole_text())
        self.compare.setText("" if says_much and self.width() < _NARROW else _COMPARE)

    def mark(self, chosen: ResultKey | None) -> None:
        """Mark another of the results that are offered; None means the newest. Does not tell."""
        with QSignalBlocker(self._results):
            self._results.setCurrentIndex(0 if chosen is None else self._place_of(chosen))
            self._results.setToolTip(self._results.currentText())

    def result_titles(self) -> list[str]:
        """What is offered, headings too."""
        return [self._results.itemText(place) for place in range(self._results.count())]

    def chosen_title(self) -> str:
        """How the marked result is called."""
        return self._results.currentText()

    def _add_heading(self, text: str) -> None:
        """Add a line that cannot be chosen."""
        self._results.addItem(text)
        model = self._results.model()
        if isinstance(model, QStandardItemModel):
            model.item(self._results.count() - 1).setEnabled(False)

    def _place_of(self, key: ResultKey) -> int:
        return next((n for n in range(self._results.count()) if self._results.itemData(n) == key), -1)

    def _want_report(self) -> None:
        self.report_wanted.emit(str(self._runs.currentData() or ""))

    def _tell_run(self, place: int) -> None:
        if place >= 0:
            self._runs.setToolTip(self._runs.currentText())
            self.run_chosen.emit(str(self._runs.itemData(place)))

    def _tell_result(self, place: int) -> None:
        data = self._results.itemData(place)
        if place >= 0:
            self.result_chosen.emit(data if isinstance(data, ResultKey) else None)
