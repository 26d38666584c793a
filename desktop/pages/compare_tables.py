"""The tables of the Compare page: metrics, classes, and the settings and data that may explain them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from desktop.models.result_comparison import SideBySide
from desktop.models.result_comparison_table import (
    ComparisonTable,
    TableContent,
    class_lines_by_change,
    class_table,
    metric_table,
    setting_table,
)
from desktop.models.result_comparison_words import chance_sentence
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import button, on_click
from desktop.widgets.card import column, row
from desktop.widgets.labels import text_label

_NAME_WIDTH, _VALUE_WIDTH, _WORDS_WIDTH, _INTERVAL_WIDTH = 190, 90, 210, 150
_A_RESULT = 3
"""Columns for each result but the first: value, difference, interval."""


class TablePanel(QWidget):
    """A table under a sentence, that can be copied."""

    def __init__(self, name: str) -> None:
        super().__init__()
        body = column(SPACE.s)
        self.setLayout(body)
        head = row()
        head.setContentsMargins(0, 0, SPACE.s, 0)
        self.note = text_label("", "caption", wrap=True)
        head.addWidget(self.note, 1)
        self.copying = button("Copy table", "ph.copy", tip="Copy the table as comma separated values")
        on_click(self.copying, self.copy)
        head.addWidget(self.copying, alignment=Qt.AlignmentFlag.AlignTop)
        body.addLayout(head)
        self.model = ComparisonTable(self)
        self.table = QTableView()
        self.table.setAccessibleName(name)
        self.table.setModel(self.model)
        self.table.setFrameShape(QFrame.Shape.NoFrame)
        self.table.setShowGrid(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(SIZE.control)
        self.table.horizontalHeader().setHighlightSections(False)
        body.addWidget(self.table, 1)
        body.addStretch(0)
        self.setFocusProxy(self.table)

    def show_content(self, content: TableContent) -> None:
        """Show another table."""
        self.model.show(content)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self._size(header, len(content.headings))
        header.setStretchLastSection(False)  # numbers stand near the line that they belong to

    def copy(self) -> None:
        """Put the table into the clipboard, as it is sorted."""
        QGuiApplication.clipboard().setText(self.model.content.as_csv())

    def _size(self, header: QHeaderView, columns: int) -> None:
        header.resizeSection(0, _NAME_WIDTH)
        for place in range(1, columns):
            kind = (place - 2) % _A_RESULT if place > 1 else 0
            header.resizeSection(place, (_VALUE_WIDTH, _WORDS_WIDTH, _INTERVAL_WIDTH)[kind])


class MetricsPanel(TablePanel):
    """Metrics of all results."""

    def __init__(self) -> None:
        super().__init__("Metrics of the results")

    def show_sides(self, shown: SideBySide) -> None:
        """Show a comparison."""
        first = shown.sides[0].letter
        self.note.setText(
            f"Differences are to {first}. “Not distinguishable”: with other images of the same kind it could as well "
            "be the other way round. “Not tested”: what is stored by image does not tell."
        )
        self.show_content(metric_table(shown))


class ClassesPanel(TablePanel):
    """The measure by class; what changes most stands first."""

    def __init__(self) -> None:
        super().__init__("The measure by class")
        self.table.horizontalHeader().setSortIndicatorClearable(True)

    def show_sides(self, shown: SideBySide) -> None:
        """Show a comparison."""
        self.note.setText(
            f"The classes that change most stand first. {chance_sentence(len(shown.found.classes))}"
        )
        content = class_table(shown)
        changes = list(range(3, len(content.headings), _A_RESULT))
        self.table.setSortingEnabled(False)
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.show_content(class_lines_by_change(content, changes))
        self.table.setSortingEnabled(True)


class SettingsPanel(TablePanel):
    """Settings that differ, and how the data do."""

    def __init__(self) -> None:
        super().__init__("Settings that differ")

    def show_sides(self, shown: SideBySide) -> None:
        """Show a comparison."""
        content = setting_table(shown)
        told = ["Only what differs is listed." if content.lines else "All settings are the same."]
        told += [f"{line.name}: {'; '.join(line.sentences)}." for line in shown.datasets]
        if not shown.datasets:
            told.append("All were measured on the same version of the dataset.")
        self.note.setText(" ".join(told))
        self.show_content(content)
        has_lines = bool(content.lines)
        self.setFocusProxy(self.table if has_lines else self.note)
        for part in (self.table, self.copying):
            part.setVisible(has_lines)

    def _size(self, header: QHeaderView, columns: int) -> None:
        header.resizeSection(0, _NAME_WIDTH + _VALUE_WIDTH)
        for place in range(1, columns):
            header.resizeSection(place, _WORDS_WIDTH)
