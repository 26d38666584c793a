"""A list to choose one thing from: a picture or sign, a name, a line of facts, what speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SIZE, SPACE, TYPE

_Index = QModelIndex | QPersistentModelIndex
ITEM_ROLE = Qt.ItemDataRole.UserRole + 1
_LINES = 3
_LINE_GAP = SPACE.xxs
_PICTURE = SIZE.primary + SPACE.m


@dataclass(frozen=True, slots=True)
class ChooserItem:
    """One thing that can be chosen.

    Attributes:
        key: tells it from the others.
        title: its name.
        text: a sentence about it.
        facts: short facts, shown in one line.
        more: what is told of the current item only, below the list.
        badge: a word beside the name, such as `Recommended`.
        problem: why it cannot be chosen; or what to mind when `is_usable`.
        is_usable: whether it can be chosen.
        icon: of the pack.
        picture: path of an image that stands for it; empty for none.
    """

    key: str
    title: str
    text: str = ""
    facts: str = ""
    more: str = ""
    badge: str = ""
    problem: str = ""
    is_usable: bool = True
    icon: str = "ph.cube"
    picture: str = ""

    def spoken(self) -> str:
        """Give all of it as text, for those who hear it."""
        parts = [self.title, self.badge, self.problem, self.facts, self.text]
        return ", ".join(part for part in parts if part)


class ChooserModel(QAbstractListModel):
    """Items in the order given."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._items: list[ChooserItem] = []

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008  # Qt's own signature
        return 0 if parent.isValid() else len(self._items)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not 0 <= index.row() < len(self._items):
            return None
        item = self._items[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return item.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return item.spoken()
        return item if role == ITEM_ROLE else None

    def item(self, row: int) -> ChooserItem | None:
        return self._items[row] if 0 <= row < len(self._items) else None

    def row_of(self, key: str) -> int:
        return next((row for row, item in enumerate(self._items) if item.key == key), -1)

    def show(self, items: Sequence[ChooserItem]) -> None:
        """Show other items; equal ones change nothing."""
        if list(items) != self._items:
            self.beginResetModel()
            self._items = list(items)
            self.endResetModel()


class ChooserView(QListView):
    """Shows items; arrows move, a double click chooses.

    Args:
        name: what is chosen, read aloud.
        picture_of: gives the picture of a path, or None while it is read.
    """

    picked = Signal()
    """The user wants the current item."""

    def __init__(self, name: str, picture_of: Callable[[str], QPixmap | None] | None = None) -> None:
        super().__init__()
        self.items = ChooserModel(self)
        self.setModel(self.items)
        self.setItemDelegate(_ItemDelegate(self, picture_of))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(name)
        self.doubleClicked.connect(self._double_clicked)
        theme.changed.connect(self._redraw)

    def current(self) -> ChooserItem | None:
        return self.items.item(self.currentIndex().row())

    def mark(self, row: int) -> None:
        """Make a row the current one and bring it into view."""
        index = self.items.index(min(max(0, row), self.items.rowCount() - 1))
        if index.isValid():
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def _double_clicked(self, _index: QModelIndex) -> None:
        self.picked.emit()

    def _redraw(self) -> None:
        self.viewport().update()


class _ItemDelegate(QStyledItemDelegate):
    """Draws an item as a card of three lines."""

    def __init__(self, view: QListView, picture_of: Callable[[str], QPixmap | None] | None) -> None:
        super().__init__(view)
        self._picture_of = picture_of

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        lines = TYPE.body + (_LINES - 1) * TYPE.caption + _LINES * (SPACE.xs + SPACE.xxs)
        return QSize(SIZE.dialog // 2, lines + 2 * SPACE.m)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        item = index.data(ITEM_ROLE)
        if not isinstance(item, ChooserItem):
            return
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        place: QRect = option.rect.adjusted(SPACE.xxs, SPACE.xxs, -SPACE.xxs, -SPACE.xxs)  # type: ignore[attr-defined]  # the stub lacks the option's fields
        self._paint_ground(painter, place, option)
        inner = place.adjusted(SPACE.m, SPACE.s, -SPACE.m, -SPACE.s)
        self._paint_sign(painter, inner, item)
        self._paint_words(painter, inner.adjusted(_PICTURE + SPACE.m, 0, 0, 0), item)
        painter.restore()

    def _paint_ground(self, painter: QPainter, place: QRect, option: QStyleOptionViewItem) -> None:
        state = option.state  # type: ignore[attr-defined]  # the stub lacks the option's fields
        is_chosen = bool(state & QStyle.StateFlag.State_Selected)
        is_under = bool(state & QStyle.StateFlag.State_MouseOver)
        ground = "accent_soft" if is_chosen else "hover" if is_under else "card"
        painter.setPen(QPen(theme.color("accent" if is_chosen else "line"), 1))
        painter.setBrush(theme.color(ground))
        painter.drawRoundedRect(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS.control, RADIUS.control)

    def _paint_sign(self, painter: QPainter, inner: QRect, item: ChooserItem) -> None:
        square = QRectF(inner.left(), inner.top() + (inner.height() - _PICTURE) / 2, _PICTURE, _PICTURE)
        path = QPainterPath()
        path.addRoundedRect(square, RADIUS.control, RADIUS.control)
        picture = self._picture_of(item.picture) if self._picture_of is not None and item.picture else None
        painter.setOpacity(1.0 if item.is_usable else 0.5)
        if picture is None:
            painter.fillPath(path, theme.color("hover"))
            role = "accent" if item.is_usable else "text3"
            side = SIZE.icon_large
            corner = square.center().toPoint()
            theme.icon(item.icon, role).paint(
                painter, corner.x() - side // 2, corner.y() - side // 2, side, side
            )
        else:
            painter.save()
            painter.setClipPath(path)
            painter.drawPixmap(square, picture, _middle(picture))
            painter.restore()
        painter.setOpacity(1.0)

    def _paint_words(self, painter: QPainter, place: QRect, item: ChooserItem) -> None:
        dim = not item.is_usable
        caption = font(TYPE.caption)
        lines: list[tuple[str, str]] = []
        if item.problem:
            lines.append((item.problem, "warn" if item.is_usable else "bad"))
        if item.facts:
            lines.append((item.facts, "text3" if dim else "text2"))
        if item.text:
            lines.append((item.text, "text3" if dim else "text2"))
        lines = lines[: _LINES - 1]
        height = TYPE.body + SPACE.xs + len(lines) * (TYPE.caption + SPACE.xs + _LINE_GAP)
        top = place.top() + max(0, (place.height() - height) // 2)
        top = self._paint_title(painter, QRect(place.left(), top, place.width(), TYPE.body + SPACE.xs), item)
        painter.setFont(caption)
        metrics = QFontMetrics(caption)
        for text, role in lines:
            line = QRect(place.left(), top + _LINE_GAP, place.width(), TYPE.caption + SPACE.xs)
            painter.setPen(theme.color(role))
            shown = metrics.elidedText(" ".join(text.split()), Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)
            top = line.bottom() + 1

    def _paint_title(self, painter: QPainter, line: QRect, item: ChooserItem) -> int:
        strong, small = font(TYPE.body, 600), font(TYPE.overline, 600)
        badge_width = QFontMetrics(small).horizontalAdvance(item.badge) + 2 * SPACE.s if item.badge else 0
        room = line.width() - (badge_width + SPACE.s if badge_width else 0)
        metrics = QFontMetrics(strong)
        title = metrics.elidedText(" ".join(item.title.split()), Qt.TextElideMode.ElideMiddle, room)
        painter.setFont(strong)
        painter.setPen(theme.color("text" if item.is_usable else "text3"))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, title)
        if badge_width:
            left = line.left() + metrics.horizontalAdvance(title) + SPACE.s
            badge = QRectF(left, line.top(), badge_width, line.height())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("ok_soft"))
            painter.drawRoundedRect(badge, badge.height() / 2, badge.height() / 2)
            painter.setFont(small)
            painter.setPen(theme.color("ok"))
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, item.badge)
        return line.bottom() + 1


def _middle(picture: QPixmap) -> QRectF:
    """The largest square in the middle of a picture, in its own pixels."""
    side = min(picture.width(), picture.height())
    return QRectF((picture.width() - side) / 2, (picture.height() - side) / 2, side, side)
