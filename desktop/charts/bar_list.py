"""A list of rows with a name, a bar and a number each: scrolled, walked with keys, picked with a click."""

from __future__ import annotations

import html
from abc import abstractmethod
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from desktop.charts.paint import paint_focus
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SPACE, TYPE

ROW_PX = 24
BAR_PX = 8
_DOT_PX = 8
_MOST_NAME = 0.4
"""Share of the width that names may take."""
_MOST_SAID = 10
_SHOWN_ROWS = 8


class BarList(QAbstractScrollArea):
    """Only the rows in sight are painted, so that a thousand classes cost no more than ten."""

    picked = Signal(int)
    """A row was clicked, or Enter or Space was pressed on it: the index of its class."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: Sequence[str] = ()
        self._order: Sequence[int] = ()
        self._hovered: int | None = None
        self._current = 0
        self._chosen: int | None = None
        self._has_keys = False
        self._color_of: Callable[[int], QColor] | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.verticalScrollBar().setSingleStep(ROW_PX)
        self.setAccessibleName(name)
        theme.changed.connect(self.viewport().update)

    # --- what a kind of list says ---------------------------------------------------------------------------------

    @abstractmethod
    def paint_bar(self, painter: QPainter, index: int, area: QRectF) -> None:
        """Paint the bar of a class into this area."""

    @abstractmethod
    def number(self, index: int) -> str:
        """Give what stands behind the bar."""

    @abstractmethod
    def in_words(self, index: int) -> str:
        """Say a row in full, for the tooltip and for who cannot see it."""

    def number_role(self, index: int) -> str:  # noqa: ARG002  # others look at it
        """Give the colour role of the number."""
        return "text"

    # --- rows -----------------------------------------------------------------------------------------------------

    def show_rows(self, names: Sequence[str], order: Sequence[int]) -> None:
        """Show the classes `order` (indexes into `names`) from above."""
        self._names, self._order = tuple(names), tuple(order)
        self._current = min(self._current, max(0, len(self._order) - 1))
        self._hovered = None
        self._fit()
        self._say()
        self.updateGeometry()
        self.viewport().update()

    def set_swatches(self, color_of: Callable[[int], QColor] | None) -> None:
        """Draw a dot before each name in the colour of its class; None draws none."""
        self._color_of = color_of
        self.viewport().update()

    def set_picked(self, index: int | None) -> None:
        """Show which class is chosen; `picked` is not emitted."""
        self._chosen = index
        if index is not None and index in self._order:
            self._current = list(self._order).index(index)
            self._bring_into_view()
        self._say()
        self.viewport().update()

    def row_at(self, place: QPoint) -> int | None:
        """Give the number of the row at a place of the viewport, counted from 0 at the list's start."""
        row = (place.y() + self.verticalScrollBar().value()) // ROW_PX
        return int(row) if 0 <= row < len(self._order) else None

    def sizeHint(self) -> QSize:
        return QSize(240, max(1, min(len(self._order), _SHOWN_ROWS)) * ROW_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 2 * ROW_PX)

    # --- mouse and keys -------------------------------------------------------------------------------------------

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = self.row_at(event.pos())
            # Escaped: a tooltip takes what looks like markup for markup.
            text = "" if row is None else f"<p>{html.escape(self.in_words(self._order[row]))}</p>"
            QToolTip.showText(event.globalPos(), text, self.viewport())
            return True
        if event.type() == QEvent.Type.Leave:
            self._hovered = None
            self.viewport().update()
        return super().viewportEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        row = self.row_at(event.position().toPoint())
        if row != self._hovered:
            self._hovered = row
            shape = Qt.CursorShape.ArrowCursor if row is None else Qt.CursorShape.PointingHandCursor
            self.viewport().setCursor(shape)
            self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        row = self.row_at(event.position().toPoint())
        if row is not None and event.button() == Qt.MouseButton.LeftButton:
            self._current = row
            self._pick()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = max(1, self.viewport().height() // ROW_PX - 1)
        steps = {
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_Home: -len(self._order),
            Qt.Key.Key_End: len(self._order),
        }
        key = Qt.Key(event.key())
        if not self._order:
            super().keyPressEvent(event)
        elif key in steps:
            self._current = min(max(self._current + steps[key], 0), len(self._order) - 1)
            self._bring_into_view()
            self._say()
            self.viewport().update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._pick()
        else:
            super().keyPressEvent(event)

    def _pick(self) -> None:
        index = self._order[self._current]
        self.set_picked(index)
        self.picked.emit(index)

    def _bring_into_view(self) -> None:
        bar, top = self.verticalScrollBar(), self._current * ROW_PX
        if top < bar.value():
            bar.setValue(top)
        elif top + ROW_PX > bar.value() + self.viewport().height():
            bar.setValue(top + ROW_PX - self.viewport().height())

    # --- painting -------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: ARG002  # Qt gives them
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002  # Qt gives it
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scrolled = self.verticalScrollBar().value()
        first = scrolled // ROW_PX
        last = min(len(self._order), (scrolled + self.viewport().height()) // ROW_PX + 1)
        names, numbers = self._widths(range(first, last))
        for row in range(first, last):
            area = QRectF(0, row * ROW_PX - scrolled, self.viewport().width(), ROW_PX)
            self._paint_row(painter, row, area, (names, numbers))

    def _paint_row(self, painter: QPainter, row: int, area: QRectF, widths: tuple[float, float]) -> None:
        index = self._order[row]
        names, numbers = widths
        if row == self._hovered or index == self._chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent_soft" if index == self._chosen else "hover"))
            painter.drawRoundedRect(area.adjusted(0, 1, 0, -1), RADIUS.inner, RADIUS.inner)
        middle = Qt.AlignmentFlag.AlignVCenter
        face = font(TYPE.caption, 500)
        painter.setFont(face)
        painter.setPen(theme.color("text" if row == self._hovered or index == self._chosen else "text2"))
        name = QFontMetricsF(face).elidedText(self._names[index], Qt.TextElideMode.ElideMiddle, names)
        painter.drawText(
            QRectF(area.left() + SPACE.xs, area.top(), names, ROW_PX),
            middle | Qt.AlignmentFlag.AlignRight,
            name,
        )
        left = area.left() + SPACE.xs + names + SPACE.s
        if self._color_of is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._color_of(index))
            painter.drawEllipse(QRectF(left, area.center().y() - _DOT_PX / 2, _DOT_PX, _DOT_PX))
            left += _DOT_PX + SPACE.s
        width = area.right() - numbers - SPACE.s - SPACE.xs - left
        self.paint_bar(painter, index, QRectF(left, area.center().y() - BAR_PX / 2, max(1.0, width), BAR_PX))
        painter.setFont(font(TYPE.caption, 600, tabular=True))
        painter.setPen(theme.color(self.number_role(index)))
        place = QRectF(area.right() - numbers - SPACE.xs, area.top(), numbers, ROW_PX)
        painter.drawText(place, middle | Qt.AlignmentFlag.AlignRight, self.number(index))
        if self.hasFocus() and row == self._current:
            paint_focus(painter, area.adjusted(0, 1, 0, -1), RADIUS.inner)

    def _widths(self, rows: range) -> tuple[float, float]:
        """How wide names and numbers are among the rows in sight."""
        plain = QFontMetricsF(font(TYPE.caption, 500))
        bold = QFontMetricsF(font(TYPE.caption, 600, tabular=True))
        shown = [self._order[row] for row in rows]
        names = max((plain.horizontalAdvance(self._names[index]) for index in shown), default=0.0)
        numbers = max((bold.horizontalAdvance(self.number(index)) for index in shown), default=0.0)
        return min(names + 1, self.viewport().width() * _MOST_NAME), numbers + 1

    def _fit(self) -> None:
        height = len(self._order) * ROW_PX
        self.verticalScrollBar().setPageStep(self.viewport().height())
        self.verticalScrollBar().setRange(0, max(0, height - self.viewport().height()))

    def _say(self) -> None:
        if not self._order:
            self.setAccessibleDescription("Nothing to show yet.")
            return
        current = self.in_words(self._order[self._current])
        said = "; ".join(self.in_words(index) for index in self._order[:_MOST_SAID])
        more = len(self._order) - _MOST_SAID
        self.setAccessibleDescription(f"On {current}. {said}" + (f"; and {more} more." if more > 0 else "."))
