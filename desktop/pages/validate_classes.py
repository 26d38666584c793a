"""The table of all metrics by class; a click on a class shows its images."""

from __future__ import annotations

import csv
import io

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTableView, QWidget

from desktop.models.class_table import ClassTableModel
from desktop.models.result import Result
from desktop.tasks.task import TaskView
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import button, on_click
from desktop.widgets.card import column, row
from desktop.widgets.labels import text_label

_NAME_WIDTH, _NAME_NARROWEST = 168, 96


class ClassesPanel(QWidget):
    """Shows a `ClassTableModel`."""

    picked = Signal(int)
    """The number of a class that the user wants to see images of."""

    def __init__(self) -> None:
        super().__init__()
        body = column(SPACE.s)
        self.setLayout(body)
        head = row()
        head.setContentsMargins(0, 0, SPACE.s, 0)
        head.addWidget(text_label("Double click a class to see its images", "caption"), 1)
        copy = button("Copy table", "ph.copy", tip="Copy the table as comma separated values")
        on_click(copy, self.copy)
        head.addWidget(copy)
        body.addLayout(head)
        self.model = ClassTableModel(self)
        self.table = QTableView()
        self.table.setAccessibleName("Metrics by class")
        self.table.setModel(self.model)
        self.table.setFrameShape(QFrame.Shape.NoFrame)
        self.table.setShowGrid(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(SIZE.control)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(2, Qt.SortOrder.AscendingOrder)
        self.table.activated.connect(self._pick)
        body.addWidget(self.table, 1)
        self.setFocusProxy(self.table)

    def show_result(self, result: Result, view: TaskView) -> None:
        """Show the classes of a result."""
        self.model.show(
            result.classes, view.class_columns, result.summary.per_class, view.counts.capitalize()
        )
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def copy(self) -> None:
        """Put the table into the clipboard, as it is sorted."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(self.model.as_rows())
        QGuiApplication.clipboard().setText(text.getvalue())

    def _fit(self) -> None:
        """Share the width out; no number is cut: where there is no room for all of them, the table moves sideways."""
        header, columns = self.table.horizontalHeader(), range(1, self.model.columnCount())
        if not self.isVisible() or not columns:
            return
        needed = [max(header.sectionSizeHint(at), self.table.sizeHintForColumn(at)) for at in columns]
        bar = self.table.verticalScrollBar().sizeHint().width()
        spare = self.contentsRect().width() - bar - sum(needed)
        name = max(_NAME_NARROWEST, min(_NAME_WIDTH, spare))
        header.resizeSection(0, name)
        for at, width in zip(columns, needed, strict=True):
            header.resizeSection(at, width + max(0, spare - name) // len(columns))

    def _pick(self, index: QModelIndex) -> None:
        self.picked.emit(self.model.class_at(index.row()))
