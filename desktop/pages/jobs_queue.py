"""The waiting runs: dragged or pushed to another place, or taken out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop.models.place_words import is_elsewhere, place_icon, place_label
from desktop.models.queue_table import WAITING_ROLE, Index, QueueTableModel, Waiting
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SIZE, SPACE, TYPE
from desktop.widgets.buttons import IconButton, on_click
from desktop.widgets.card import Card, row
from desktop.widgets.labels import text_label
from engine.store.queue import QueueRow
from engine.store.runs import RunRow

_ROW: Final = SIZE.primary + SPACE.m
_MACHINE: Final = 160
"""The widest that a machine's name is painted."""
_MOST_SHOWN: Final = 5
"""Rows before the list scrolls by itself."""


class QueueDelegate(QStyledItemDelegate):
    """Paints a waiting run: handle, place, name, what it is about."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, _ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        waiting = cast("Waiting", index.data(WAITING_ROLE))
        state = cast("QStyle.StateFlag", option.state)
        rect = cast("QRect", option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme.color("accent_soft"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, theme.color("hover"))
        if index.row() + 1 < index.model().rowCount():
            painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, theme.color("line"))
        self._paint_words(painter, rect, waiting)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -2), RADIUS.inner, RADIUS.inner)
        painter.restore()

    def _paint_words(self, painter: QPainter, rect: QRect, waiting: Waiting) -> None:
        middle = rect.y() + (rect.height() - SIZE.icon) // 2
        handle = QRect(rect.x() + SPACE.s, middle, SIZE.icon, SIZE.icon)
        theme.icon("ph.dots-six-vertical", "text3").paint(painter, handle)
        painter.setFont(font(TYPE.body, 600, tabular=True))
        painter.setPen(theme.color("text3"))
        place = QRect(handle.right() + SPACE.s, rect.y(), SPACE.xl, rect.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, str(waiting.position))
        left = place.right() + SPACE.m
        room = rect.right() - left - SPACE.m
        if is_elsewhere(waiting.place):
            room -= _paint_machine(painter, rect, waiting.place)
        elide = Qt.TextElideMode.ElideRight
        upper = QRect(left, rect.y() + SPACE.xs, room, rect.height() // 2 - SPACE.xs)
        lower = QRect(left, rect.y() + rect.height() // 2, room, rect.height() // 2 - SPACE.xs)
        painter.setFont(font(TYPE.body, 500))
        painter.setPen(theme.color("text"))
        name = painter.fontMetrics().elidedText(waiting.name, elide, room)
        painter.drawText(upper, Qt.AlignmentFlag.AlignBottom, name)
        painter.setFont(font(TYPE.caption))
        painter.setPen(theme.color("text2"))
        about = painter.fontMetrics().elidedText(waiting.about, elide, room)
        painter.drawText(lower, Qt.AlignmentFlag.AlignVCenter, about)


def _paint_machine(painter: QPainter, rect: QRect, place: str) -> int:
    """Paint at the right for which machine a run waits; gives the width that this takes."""
    painter.setFont(font(TYPE.caption, 500))
    words = painter.fontMetrics().elidedText(place_label(place), Qt.TextElideMode.ElideRight, _MACHINE)
    width = painter.fontMetrics().horizontalAdvance(words)
    left = rect.right() - SPACE.m - width
    painter.setPen(theme.color("text2"))
    painter.drawText(QRect(left, rect.y(), width + 1, rect.height()), Qt.AlignmentFlag.AlignVCenter, words)
    icon_left = left - SIZE.icon - SPACE.xs
    icon = QRect(icon_left, rect.y() + (rect.height() - SIZE.icon) // 2, SIZE.icon, SIZE.icon)
    theme.icon(place_icon(place), "text3").paint(painter, icon)
    return rect.right() - icon_left + SPACE.m


class QueueView(QListView):
    """The list; Alt+Up and Alt+Down push the current run, Delete takes it out, Enter opens it."""

    opened = Signal(str)
    """A run was double-clicked, or Enter pressed on it: its id."""
    cancel_wanted = Signal(str)
    """Delete was pressed on a run: its id."""
    current_changed = Signal()
    """Another run is the current one."""

    def __init__(self, model: QueueTableModel) -> None:
        super().__init__()
        self._queue = model
        self.setModel(model)
        self.setItemDelegate(QueueDelegate(self))
        self.setAccessibleName("Queue")
        self.setAccessibleDescription("Alt+Up and Alt+Down move a run, Delete takes it out of the queue.")
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDragDropOverwriteMode(False)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.doubleClicked.connect(self._open)
        theme.changed.connect(self.viewport().update)

    def current_run(self) -> str | None:
        index = self.currentIndex()
        return self._queue.waiting(index.row()).row.run if index.isValid() else None

    def push(self, step: int) -> None:
        """Move the current run up (-1) or down (1)."""
        at = self.currentIndex().row()
        if at >= 0 and self._queue.move(at, at + step):
            self.setCurrentIndex(self._queue.index(at + step))

    def choose(self, run: str) -> None:
        at = self._queue.row_of(run)
        if at is not None:
            self.setCurrentIndex(self._queue.index(at))

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        self.current_changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        run = self.current_run()
        if step is not None and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.push(step)
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and run is not None:
            self.cancel_wanted.emit(run)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and run is not None:
            self.opened.emit(run)
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self.indexAt(event.position().toPoint()).isValid()
        self.viewport().setCursor(Qt.CursorShape.OpenHandCursor if over else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.viewport().unsetCursor()
        return super().viewportEvent(event)

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self._queue.waiting(index.row()).row.run)


class QueueSection(QWidget):
    """Heading, buttons and list; hidden when nothing waits."""

    opened = Signal(str)
    """A run was double-clicked: its id."""
    cancel_wanted = Signal(str)
    """A run shall be taken out."""
    moved = Signal(str, int)
    """A run was put to another place: its id and the place, 1 is next."""

    def __init__(self) -> None:
        super().__init__()
        self._model = QueueTableModel(self)
        self.view = QueueView(self._model)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        head = row(SPACE.xs)
        head.addWidget(text_label("Queue", "section"))
        head.addSpacing(SPACE.xs)
        head.addWidget(text_label("Drag a run to another place", "caption"))
        head.addStretch(1)
        self._up = IconButton("ph.arrow-up", "Move up in the queue", "Move up  (Alt+Up)")
        self._down = IconButton("ph.arrow-down", "Move down in the queue", "Move down  (Alt+Down)")
        self._out = IconButton("ph.x", "Take out of the queue", "Take out of the queue  (Del)")
        on_click(self._up, self._push_up)
        on_click(self._down, self._push_down)
        on_click(self._out, self._cancel)
        for made in (self._up, self._down, self._out):
            head.addWidget(made)
        layout.addLayout(head)
        card = Card(margins=(SPACE.xs, SPACE.xs, SPACE.xs, SPACE.xs))
        card.body.addWidget(self.view)
        layout.addWidget(card)
        self._model.moved.connect(self.moved)
        self._model.moved.connect(self._allow)
        self.view.opened.connect(self.opened)
        self.view.cancel_wanted.connect(self.cancel_wanted)
        self.view.current_changed.connect(self._allow)
        self.show_queue([], [])

    def show_queue(self, queue: Sequence[QueueRow], rows: Sequence[RunRow]) -> None:
        """Show who waits; the chosen run stays chosen."""
        chosen = self.view.current_run()
        self._model.set_queue(queue, rows)
        if chosen is not None:
            self.view.choose(chosen)
        count = self._model.rowCount()
        self.view.setFixedHeight(min(count, _MOST_SHOWN) * _ROW)
        self.setVisible(count > 0)
        self._allow()

    def tab_stops(self) -> list[QWidget]:
        """Give what the Tab key visits, in the order of the eye."""
        return [self._up, self._down, self._out, self.view]

    def _allow(self) -> None:
        at = self.view.currentIndex().row()
        self._up.setEnabled(at > 0)
        self._down.setEnabled(0 <= at < self._model.rowCount() - 1)
        self._out.setEnabled(at >= 0)

    def _push_up(self) -> None:
        self.view.push(-1)

    def _push_down(self) -> None:
        self.view.push(1)

    def _cancel(self) -> None:
        run = self.view.current_run()
        if run is not None:
            self.cancel_wanted.emit(run)
