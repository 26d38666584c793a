"""Tables of a comparison: a line for each metric, class or setting, columns for each result."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop.models.result_comparison import SideBySide
from desktop.models.result_comparison_words import (
    TONES,
    difference_text,
    interval_text,
    setting_text,
    spoken,
)
from desktop.models.run_table_text import plain_tooltip
from desktop.models.run_words import metric_text, metric_words
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import TYPE
from engine.comparison.compare import Line

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


@dataclass(frozen=True, slots=True)
class TableCell:
    """One cell."""

    text: str
    tone: str = "text"
    """Role of its colour."""
    tip: str = ""
    key: float | str | None = None
    """What it is sorted by; None stands at the end, whichever way is sorted."""


@dataclass(frozen=True, slots=True)
class TableContent:
    """Headings and lines of cells."""

    headings: tuple[str, ...]
    lines: tuple[tuple[TableCell, ...], ...]

    def as_csv(self) -> str:
        """Give it as comma separated values."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.headings)
        writer.writerows([[cell.text for cell in line] for line in self.lines])
        return text.getvalue()


class ComparisonTable(QAbstractTableModel):
    """Shows a `TableContent`; sorts by any column when asked to."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.content = TableContent((), ())

    def show(self, content: TableContent) -> None:
        """Show another table, in its own order."""
        self.beginResetModel()
        self.content = content
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.content.lines)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.content.headings)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal or section >= len(self.content.headings):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.content.headings[section]
        return _side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self.content.lines):
            return None
        cell, column = self.content.lines[index.row()][index.column()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return cell.text
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip(cell.tip or cell.text)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{self.content.headings[column]}: {cell.text}"
            case Qt.ItemDataRole.TextAlignmentRole:
                return _side(column)
            case Qt.ItemDataRole.ForegroundRole:
                return theme.color(cell.tone)
            case Qt.ItemDataRole.FontRole:
                return font(
                    TYPE.body, 500 if cell.tone in TONES.values() or not column else 400, tabular=True
                )
            case _:
                return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if not 0 <= column < len(self.content.headings):
            return
        self.layoutAboutToBeChanged.emit()
        lines = self.content.lines
        known = [line for line in lines if line[column].key is not None]
        known.sort(key=lambda line: _order(line[column]), reverse=order == Qt.SortOrder.DescendingOrder)
        rest = [line for line in lines if line[column].key is None]
        self.content = TableContent(self.content.headings, (*known, *rest))
        self.layoutChanged.emit()


def metric_table(shown: SideBySide) -> TableContent:
    """One line a metric."""
    lines = [_line(shown, line, metric_words(line.name), line.name) for line in shown.found.metrics]
    return TableContent(_headings(shown, "Metric"), tuple(lines))


def class_table(shown: SideBySide) -> TableContent:
    """One line a class."""
    measure = shown.found.class_measure
    lines = [_line(shown, line, line.name, measure) for line in shown.found.classes]
    return TableContent(_headings(shown, f"Class ({metric_words(measure)})"), tuple(lines))


def setting_table(shown: SideBySide) -> TableContent:
    """What differs between the models, the datasets and the settings of the runs; nothing that is the same."""
    facts = {
        "Model": [side.row.model or side.row.plugin for side in shown.sides],
        "Preset": [side.row.preset or "–" for side in shown.sides],
        "Dataset": [side.result.summary.dataset or "–" for side in shown.sides],
        "Dataset version": [side.result.summary.dataset_version[:8] or "–" for side in shown.sides],
    }
    lines = [(name, values) for name, values in facts.items() if len(set(values)) > 1]
    lines += [(line.name, [setting_text(value) for value in line.values]) for line in shown.settings]
    return TableContent(
        ("Setting", *(side.letter for side in shown.sides)),
        tuple(tuple(TableCell(text, key=text) for text in (name, *values)) for name, values in lines),
    )


def _headings(shown: SideBySide, first: str) -> tuple[str, ...]:
    one, *others = (side.letter for side in shown.sides)
    return (
        first,
        one,
        *(text for letter in others for text in (letter, f"{letter} - {one}", "95% interval")),
    )


def _line(shown: SideBySide, line: Line, title: str, metric: str) -> tuple[TableCell, ...]:
    first, *others = line.values
    images = "" if line.support is None else f"{title}: {line.support:,} in {shown.sides[0].letter}"
    cells = [TableCell(title, tip=images, key=title.casefold()), _value(metric, first)]
    for place, value in enumerate(others, start=1):
        difference = line.differences[place]
        cells.append(_value(metric, value))
        if difference is None:
            cells += [TableCell("–", "text3"), TableCell("–", "text3")]
            continue
        tip = spoken(title, metric, (value, first), difference)
        tone = TONES.get(difference.finding, "text2")
        cells += [
            TableCell(difference_text(metric, difference), tone, tip, difference.value),
            TableCell(interval_text(metric, difference), "text2", tip, difference.value),
        ]
    return tuple(cells)


def _value(metric: str, value: float | None) -> TableCell:
    return TableCell(metric_text(metric, value), "text" if value is not None else "text3", key=value)


def _order(cell: TableCell) -> tuple[bool, float | str]:
    key = cell.key if cell.key is not None else ""
    return isinstance(key, str), key


def _side(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def class_lines_by_change(content: TableContent, columns: Sequence[int]) -> TableContent:
    """Put the lines that change most, in any of some columns, first."""

    def size(line: tuple[TableCell, ...]) -> float:
        keys = [line[column].key for column in columns]
        return max((abs(key) for key in keys if isinstance(key, float)), default=-1.0)

    return TableContent(content.headings, tuple(sorted(content.lines, key=size, reverse=True)))
