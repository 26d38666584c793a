"""The right side of the Export page: all exports, and how to use the one that is selected."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPlainTextEdit,
    QStackedWidget,
    QTableView,
    QWidget,
)

from desktop.grids.file_actions import show_in_folder
from desktop.models.exports import ExportFact, explanation, verdict
from desktop.models.exports_snippet import python_snippet
from desktop.models.exports_table import ExportTableModel
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.pill import Pill
from desktop.widgets.segmented import Segmented

_WIDTHS = (160, 100, 72, 80, 116, 104, 116)
_LESS = (2, 4)
"""Columns that are left out where there is little room: what they say stands below the table too."""
_LESS_BELOW = 640
_SNIPPET_HEIGHT = 220


class ExportList(QWidget):
    """Shows exports; tells which log the user wants to read."""

    log_wanted = Signal(str)
    """The run of an export."""

    def __init__(self) -> None:
        super().__init__()
        self._all: Sequence[ExportFact] = ()
        self._model_run = ""
        self.model = ExportTableModel(self)
        outer = column(SPACE.m)
        self.setLayout(outer)
        card = Card(margins=(SPACE.l, SPACE.m, SPACE.s, SPACE.s))
        head = row()
        head.setContentsMargins(0, 0, SPACE.s, 0)
        head.addWidget(text_label("Exports", "section"))
        head.addStretch(1)
        self.scope = Segmented([("all", "All"), ("model", "This model")], "all", "Exports shown")
        head.addWidget(self.scope)
        card.body.addLayout(head)
        self._states = QStackedWidget()
        self.table = self._make_table()
        self._empty = EmptyState(
            "ph.package", "No export yet", "Choose a model and a format on the left, then press Export."
        )
        self._states.addWidget(self.table)
        self._states.addWidget(self._empty)
        card.body.addWidget(self._states, 1)
        outer.addWidget(card, 1)
        self._use = self._make_use()
        outer.addWidget(self._use)
        self.scope.changed.connect(self._filter)
        self.table.selectionModel().currentRowChanged.connect(self._show_use)
        self.model.modelReset.connect(self._show_use)
        self.model.dataChanged.connect(self._show_use)
        self._show_use()

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName("Exports")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(SIZE.primary + SPACE.xs)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for place, width in enumerate(_WIDTHS):
            table.setColumnWidth(place, width)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        return table

    def _make_use(self) -> Card:
        card = Card(spacing=SPACE.s)
        head = row()
        self.pill = Pill()
        head.addWidget(self.pill)
        self.file = ElidedLabel("", "mono", middle=True)
        head.addWidget(self.file, 1)
        self._folder = button("Open folder", "ph.folder-open", tip="Show the file in its folder")
        self.log = button("Show log", "ph.article", tip="See what the export said, on the Jobs page")
        self.copy = button("Copy", "ph.copy", tip="Copy the program")
        head.addWidget(self._folder)
        head.addWidget(self.log)
        card.body.addLayout(head)
        self.why = text_label("", "muted", wrap=True)
        card.body.addWidget(self.why)
        self._snippet_box = QWidget()
        box = column(SPACE.xs)
        self._snippet_box.setLayout(box)
        line = row()
        line.addWidget(text_label("Run it with Python", "section"))
        line.addStretch(1)
        line.addWidget(self.copy)
        box.addLayout(line)
        self.snippet = QPlainTextEdit()
        self.snippet.setObjectName("log")
        self.snippet.setReadOnly(True)
        self.snippet.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.snippet.setAccessibleName("Program that runs the file with ONNX Runtime")
        self.snippet.setTabChangesFocus(True)
        self.snippet.setFixedHeight(_SNIPPET_HEIGHT)
        box.addWidget(self.snippet)
        card.body.addWidget(self._snippet_box)
        on_click(self._folder, self._open_folder)
        on_click(self.log, self._show_log)
        on_click(self.copy, self._copy_snippet)
        return card

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for place in _LESS:
            self.table.setColumnHidden(place, self.width() < _LESS_BELOW)

    def show_exports(self, facts: Sequence[ExportFact]) -> None:
        """Show all exports, newest first."""
        self._all = facts
        self._filter()

    def show_model(self, run: str) -> None:
        """Another training is chosen, by which the list can be narrowed."""
        self._model_run = run
        self._filter()

    def select(self, run: str) -> None:
        """Select an export by its run, where it is shown."""
        place = self.model.row_of(run)
        if place >= 0:
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.table.selectionModel().setCurrentIndex(self.model.index(place, 0), flags)
            self.table.scrollTo(self.model.index(place, 0))

    def selected(self) -> ExportFact | None:
        place = self.table.currentIndex().row()
        return self.model.facts[place] if 0 <= place < len(self.model.facts) else None

    def _filter(self) -> None:
        before = self.selected()
        only = self.scope.current() == "model"
        shown = [fact for fact in self._all if not only or fact.row.parent == self._model_run]
        self.model.show_facts(shown)
        self._states.setCurrentWidget(self.table if shown else self._empty)
        kept = before.run if before is not None and self.model.row_of(before.run) >= 0 else ""
        wanted = kept or (shown[0].run if shown else "")
        if wanted and (self.selected() is None or self.selected() != before):
            self.select(wanted)
        self._show_use()

    def _show_use(self) -> None:
        fact = self.selected()
        self._use.setVisible(fact is not None)
        if fact is None:
            return
        self.pill.say(*verdict(fact))
        self.file.setText(str(fact.path) if fact.path is not None else "")
        self.why.setText(explanation(fact))
        self._folder.setVisible(fact.path is not None)
        self._snippet_box.setVisible(fact.path is not None)
        if fact.path is not None:
            program = python_snippet(fact.path, fact.options, fact.row.task)
            if program != self.snippet.toPlainText():
                self.snippet.setPlainText(program)

    def _open_folder(self) -> None:
        fact = self.selected()
        if fact is not None and fact.path is not None:
            show_in_folder(fact.path)

    def _show_log(self) -> None:
        fact = self.selected()
        if fact is not None:
            self.log_wanted.emit(fact.run)

    def _copy_snippet(self) -> None:
        QGuiApplication.clipboard().setText(self.snippet.toPlainText())
