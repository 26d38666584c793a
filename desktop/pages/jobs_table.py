"""Tables of runs as they are painted and handled: whole rows, soft selection, notes under a name."""

from __future__ import annotations

from typing import Final, cast

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from desktop.models.place_words import place_icon, place_label
from desktop.models.run_table import ENTRY_ROLE, NUMBERS, RunTableModel
from desktop.models.run_table_entry import RunColumn, RunEntry
from desktop.models.run_table_text import BEST_GAP
from desktop.models.run_words import state_words
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SIZE, SPACE, TYPE

ROW_HEIGHT: Final = SIZE.primary + SPACE.s
_WIDTHS: Final = {
    RunColumn.MODEL: 140,
    RunColumn.DATASET: 130,
    RunColumn.MACHINE: 132,
    RunColumn.STATE: 128,
    RunColumn.BEST: 152,
    RunColumn.EPOCHS: 80,
    RunColumn.DURATION: 96,
    RunColumn.STARTED: 132,
}
"""Pixels at scale 1; the name takes what is left."""
_NARROW_WIDTHS: Final = {
    RunColumn.MODEL: 104,
    RunColumn.DATASET: 104,
    RunColumn.MACHINE: 128,
    RunColumn.STATE: 118,
    RunColumn.BEST: 100,
    RunColumn.EPOCHS: 74,
    RunColumn.DURATION: 90,
    RunColumn.STARTED: 104,
}
"""Where else the name would have too little."""
_LEAST_NAME: Final = 180
_PILL_HEIGHT: Final = 20
_ARROW: Final = SPACE.m
_KIND_ICONS: Final = {
    "train": "ph.chart-line-up",
    "evaluate": "ph.target",
    "export": "ph.package",
    "profile": "ph.timer",
}
_NOTED: Final = (RunColumn.NAME, RunColumn.MODEL, RunColumn.DATASET, RunColumn.MACHINE)
"""Columns below whose text a note may stand."""


class RunDelegate(QStyledItemDelegate):
    """Paints one cell of a run's row."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        entry = cast("RunEntry", index.data(ENTRY_ROLE))
        view = cast("RunTableView", option.widget)
        column = cast("RunTableModel", index.model()).columns[index.column()]
        rect = cast("QRect", option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_selected = bool(cast("QStyle.StateFlag", option.state) & QStyle.StateFlag.State_Selected)
        if is_selected:
            painter.fillRect(rect, theme.color("accent_soft"))
        elif view.hovered_row == index.row():
            painter.fillRect(rect, theme.color("hover"))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, theme.color("line"))
        inner = rect.adjusted(SPACE.s, 0, -SPACE.s, 0)
        if entry.note is not None:
            inner = QRect(inner.x(), inner.y() + SPACE.xs, inner.width(), inner.height() // 2)
        if column == RunColumn.STATE:
            paint_pill(painter, inner, *state_words(entry.row))
        elif column == RunColumn.NAME:
            _paint_name(painter, inner, entry, is_first=index.column() == 0)
        elif column == RunColumn.MACHINE:
            _paint_machine(painter, inner, entry)
        else:
            _paint_text(painter, inner, str(index.data()), column)
        painter.restore()


def paint_pill(painter: QPainter, rect: QRect, word: str, tone: str) -> None:
    """Paint a state as a pill at the left of a cell."""
    painter.setFont(font(TYPE.caption, 600))
    width = painter.fontMetrics().horizontalAdvance(word) + 2 * SPACE.s + SPACE.xxs
    top = rect.y() + (rect.height() - _PILL_HEIGHT) / 2
    pill = QRectF(rect.x(), top, min(width, rect.width()), _PILL_HEIGHT)
    ground, ink = {"info": ("accent_soft", "accent"), "muted": ("hover", "text2")}.get(
        tone, (f"{tone}_soft", tone)
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(ground))
    painter.drawRoundedRect(pill, _PILL_HEIGHT / 2, _PILL_HEIGHT / 2)
    painter.setPen(theme.color(ink))
    painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, word)


def _paint_name(painter: QPainter, rect: QRect, entry: RunEntry, *, is_first: bool) -> None:
    left = rect.x() + (SPACE.l if entry.is_below_parent else 0) + (SPACE.xs if is_first else 0)
    icon = theme.icon(
        "ph.arrow-elbow-down-right" if entry.is_below_parent else _KIND_ICONS.get(entry.row.kind, "ph.cube"),
        "text3",
    )
    icon.paint(painter, QRect(left, rect.y() + (rect.height() - SIZE.icon) // 2, SIZE.icon, SIZE.icon))
    left += SIZE.icon + SPACE.s
    painter.setFont(font(TYPE.body, 400 if entry.is_below_parent else 500))
    painter.setPen(theme.color("text2" if entry.is_below_parent else "text"))
    room = rect.right() - left
    text = painter.fontMetrics().elidedText(entry.name, Qt.TextElideMode.ElideRight, room)
    painter.drawText(QRect(left, rect.y(), room, rect.height()), Qt.AlignmentFlag.AlignVCenter, text)


def _paint_machine(painter: QPainter, rect: QRect, entry: RunEntry) -> None:
    """The machine with its icon; amber when it is out of reach."""
    role = "warn" if entry.lost is not None else "text2"
    icon = QRect(rect.x(), rect.y() + (rect.height() - SIZE.icon) // 2, SIZE.icon, SIZE.icon)
    theme.icon(place_icon(entry.place), "warn" if entry.lost is not None else "text3").paint(painter, icon)
    painter.setFont(font(TYPE.body))
    painter.setPen(theme.color(role))
    left = icon.right() + SPACE.xs + SPACE.xxs
    room = rect.right() - left
    shown = painter.fontMetrics().elidedText(place_label(entry.place), Qt.TextElideMode.ElideRight, room)
    painter.drawText(QRect(left, rect.y(), room, rect.height()), Qt.AlignmentFlag.AlignVCenter, shown)


def _paint_text(painter: QPainter, rect: QRect, text: str, column: RunColumn) -> None:
    is_number = column in NUMBERS
    painter.setFont(font(TYPE.body, 500 if column == RunColumn.BEST else 400, tabular=is_number))
    painter.setPen(theme.color("text" if column == RunColumn.BEST else "text2"))
    side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
    shown = shortened(painter, text, rect.width(), column)
    painter.drawText(rect, side | Qt.AlignmentFlag.AlignVCenter, shown)


def shortened(painter: QPainter, text: str, room: int, column: RunColumn) -> str:
    """End a text in … where there is no room; of the best value its metric's name does, never the number."""
    metrics = painter.fontMetrics()
    is_pair = column == RunColumn.BEST and metrics.horizontalAdvance(text) > room
    name, gap, value = text.rpartition(BEST_GAP) if is_pair else (text, "", "")
    left = room - metrics.horizontalAdvance(gap + value)
    return metrics.elidedText(name, Qt.TextElideMode.ElideRight, left) + gap + value


class RunHeader(QHeaderView):
    """Headings as captions; the one that sorts has an arrow beside its word."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(SIZE.rail)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFixedHeight(SIZE.primary)
        theme.changed.connect(self.viewport().update)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        model = cast("RunTableModel", self.model())
        column = model.columns[logicalIndex]
        is_sorted = self.isSortIndicatorShown() and self.sortIndicatorSection() == logicalIndex
        painter.save()
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, theme.color("line"))
        painter.setFont(font(TYPE.overline, 600))
        painter.setPen(theme.color("text" if is_sorted else "text3"))
        word = str(model.headerData(logicalIndex, Qt.Orientation.Horizontal))
        arrow = _ARROW + SPACE.xs if is_sorted else 0
        inner = rect.adjusted(SPACE.s + (SPACE.xs if logicalIndex == 0 else 0), 0, -SPACE.s, 0)
        width = painter.fontMetrics().horizontalAdvance(word)
        left = inner.right() - width if column in NUMBERS else inner.x()
        painter.drawText(
            QRect(left, inner.y(), width + 1, inner.height()), Qt.AlignmentFlag.AlignVCenter, word
        )
        if is_sorted:
            at = left - arrow if column in NUMBERS else left + width + SPACE.xs
            rises = self.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
            place = QRect(at, inner.y() + (inner.height() - _ARROW) // 2, _ARROW, _ARROW)
            theme.icon("ph.arrow-up" if rises else "ph.arrow-down", "text").paint(painter, place)
        painter.restore()


class RunTableView(QTableView):
    """Runs to look at, to choose and to open.

    Args:
        model: the lines.
        name: read aloud.
        is_multiple: let several runs be chosen.
    """

    opened = Signal(str)
    """A run was double-clicked, or Enter pressed on it: its id."""
    chosen = Signal(list)
    """Other runs are selected: their ids, from top to bottom."""
    delete_wanted = Signal()
    """The Delete key was pressed on selected runs."""
    menu_wanted = Signal(QPoint)
    """A menu for the selected runs is wanted, at this point of the screen."""

    def __init__(self, model: RunTableModel, name: str, *, is_multiple: bool = True) -> None:
        super().__init__()
        self.hovered_row = -1
        self._runs = model
        self.setModel(model)
        self.setAccessibleName(name)
        self.setItemDelegate(RunDelegate(self))
        mode = QAbstractItemView.SelectionMode
        self.setSelectionMode(mode.ExtendedSelection if is_multiple else mode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setCornerButtonEnabled(False)
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self._set_up_header()
        model.modelReset.connect(self._tell_chosen)
        self.doubleClicked.connect(self._open)
        theme.changed.connect(self.viewport().update)

    def show_machines(self, shown: bool) -> None:
        """Have a column for machines, or none: where all runs are here it says nothing."""
        if RunColumn.MACHINE in self._runs.columns:
            self.setColumnHidden(self._runs.columns.index(RunColumn.MACHINE), not shown)
            self._fit_columns()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def chosen_runs(self) -> list[str]:
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self._runs.entry(row).row.run for row in rows]

    def choose(self, run: str) -> bool:
        """Select one run and show its row; False when it is not among the rows."""
        row = self._runs.row_of(run)
        if row is None:
            return False
        index = self._runs.index(row, 0)
        flags = QItemSelectionModel.SelectionFlag
        # Not selectRow: with Ctrl or Shift held down, it would add to what is chosen.
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index)
        return True

    def selectionChanged(self, selected: object, deselected: object) -> None:
        super().selectionChanged(selected, deselected)  # pyright: ignore[reportArgumentType]  # Qt's own selections
        self._tell_chosen()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(self.rowAt(event.position().toPoint().y()))

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._hover(-1)
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._open(self.currentIndex())
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.chosen_runs():
            self.delete_wanted.emit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape and self.chosen_runs():
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()  # else the window's own Esc takes it
                return True
            if event.type() == QEvent.Type.KeyPress:
                self.clearSelection()
                return True
        return super().event(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        if not index.isValid():
            return
        if index.row() not in {chosen.row() for chosen in self.selectionModel().selectedRows()}:
            self.selectRow(index.row())
        place = self.visualRect(index).bottomLeft() if by_key else event.pos()
        self.menu_wanted.emit(self.viewport().mapToGlobal(place))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        first, last = self.rowAt(0), self.rowAt(self.viewport().height())
        for row in range(max(0, first), (last if last >= 0 else self._runs.rowCount() - 1) + 1):
            self._paint_note(painter, row)
        if self.hasFocus() and self.currentIndex().isValid():
            rect = self._row_rect(self.currentIndex().row())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -2), RADIUS.inner, RADIUS.inner)

    def _paint_note(self, painter: QPainter, row: int) -> None:
        """A note may be longer than its name's column, so it is painted over the cells beside it."""
        entry = self._runs.entry(row)
        if entry.note is None or RunColumn.NAME not in self._runs.columns:
            return
        text, tone = entry.note
        cells = [
            self.visualRect(self._runs.index(row, self._runs.columns.index(c))) for c in self._note_columns()
        ]
        left = cells[0].x() + SPACE.m + SIZE.icon + SPACE.s + (SPACE.l if entry.is_below_parent else 0)
        middle = cells[0].y() + cells[0].height() // 2
        rect = QRect(left, middle, cells[-1].right() - left - SPACE.s, cells[0].height() // 2 - SPACE.xs)
        painter.setFont(font(TYPE.caption))
        painter.setPen(theme.color(tone))
        shown = painter.fontMetrics().elidedText(
            text.replace("\n", " "), Qt.TextElideMode.ElideRight, rect.width()
        )
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, shown)

    def _note_columns(self) -> list[RunColumn]:
        """The columns from the first on that leave room for a note."""
        found: list[RunColumn] = []
        for column in self._runs.columns:
            if column not in _NOTED:
                break
            if not self.isColumnHidden(self._runs.columns.index(column)):
                found.append(column)
        return found

    def _row_rect(self, row: int) -> QRect:
        return QRect(0, self.rowViewportPosition(row), self.viewport().width(), self.rowHeight(row))

    def _set_up_header(self) -> None:
        header = RunHeader(self)
        self.setHorizontalHeader(header)
        for number, column in enumerate(self._runs.columns):
            if column == RunColumn.NAME:
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Stretch)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Leave the name its room."""
        shown = [
            (number, column)
            for number, column in enumerate(self._runs.columns)
            if column != RunColumn.NAME and not self.isColumnHidden(number)
        ]
        wide = sum(_WIDTHS[column] for _, column in shown)
        is_narrow = 0 < self.viewport().width() < wide + _LEAST_NAME
        for number, column in shown:
            self.setColumnWidth(number, (_NARROW_WIDTHS if is_narrow else _WIDTHS)[column])

    def _hover(self, row: int) -> None:
        if row != self.hovered_row:
            for changed in (self.hovered_row, row):
                if changed >= 0:
                    self.viewport().update(self._row_rect(changed))
            self.hovered_row = row

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self._runs.entry(index.row()).row.run)

    def _tell_chosen(self) -> None:
        self.chosen.emit(self.chosen_runs())


def fit_to_rows(view: RunTableView, most: int, owner: QWidget) -> None:
    """Make a table as high as its rows, so that only the page scrolls."""
    rows = min(most, view.model().rowCount())
    view.setFixedHeight(view.horizontalHeader().sizeHint().height() + rows * ROW_HEIGHT + SPACE.xs)
    owner.updateGeometry()
