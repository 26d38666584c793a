"""The list of datasets at the left of the Data page, with a picture of each, and the ways to add one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
)

from desktop.grids.thumbnails import Thumbnails
from desktop.models.dataset_problems import count_by_severity
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SIZE, SPACE, TYPE
from desktop.widgets.buttons import Button
from desktop.widgets.labels import text_label
from engine.datasets.manifest import Manifest

WIDTH = 232
_ROW = SIZE.icon_hero + SPACE.l
Index: TypeAlias = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_LINE_ROLE = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True, slots=True)
class Line:
    """One dataset in the list."""

    name: str
    facts: str
    has_errors: bool = False
    cover: Path | None = None


def line_of(manifest: Manifest, cover: Path | None) -> Line:
    """Put a dataset into the words of the list."""
    images, classes = len(manifest.items), len(manifest.classes)
    facts = f"{images:,} images · {classes:,} {'class' if classes == 1 else 'classes'}"
    return Line(manifest.name, facts, "error" in count_by_severity(manifest.problems), cover)


class DatasetLines(QAbstractListModel):
    """The datasets that the search leaves."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[Line] = []
        self._shown: list[Line] = []
        self._text = ""

    def set_lines(self, lines: Sequence[Line]) -> None:
        self.beginResetModel()
        self._all = list(lines)
        self._choose()
        self.endResetModel()

    def search(self, text: str) -> None:
        """Leave only datasets with this in their names, in any case."""
        self.beginResetModel()
        self._text = text.strip().casefold()
        self._choose()
        self.endResetModel()

    def row_of(self, name: str) -> int:
        """Give the row of a dataset; -1 when it is not shown."""
        return next((row for row, line in enumerate(self._shown) if line.name == name), -1)

    def line(self, row: int) -> Line:
        return self._shown[row]

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not 0 <= index.row() < len(self._shown):
            return None
        line = self._shown[index.row()]
        if role == _LINE_ROLE:
            return line
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{line.name}, {line.facts}{', has errors' if line.has_errors else ''}"
        return None

    def _choose(self) -> None:
        self._shown = [line for line in self._all if self._text in line.name.casefold()]


class _LineDelegate(QStyledItemDelegate):
    """Draws a picture, a name and facts."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.covers = Thumbnails(self)
        self.covers.set_side(SIZE.icon_hero * 2)

    def sizeHint(
        self,
        option: QStyleOptionViewItem,  # noqa: ARG002  # Qt's signature
        index: Index,  # noqa: ARG002  # the same
    ) -> QSize:
        return QSize(WIDTH, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line = cast("Line", index.data(_LINE_ROLE))
        whole = QRectF(option.rect).adjusted(0, 1, 0, -1)
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        if is_selected or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent_soft" if is_selected else "hover"))
            painter.drawRoundedRect(whole, RADIUS.control, RADIUS.control)
        if (
            option.state & QStyle.StateFlag.State_HasFocus
            and option.state & QStyle.StateFlag.State_KeyboardFocusChange
        ):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(theme.color("accent"))
            painter.drawRoundedRect(whole.adjusted(1, 1, -1, -1), RADIUS.control, RADIUS.control)
        self._paint_cover(painter, whole, line)
        left = whole.left() + SIZE.icon_hero + SPACE.s + SPACE.m
        words = QRectF(left, whole.top(), whole.right() - left - SPACE.s, whole.height() / 2)
        if line.has_errors:
            mark = QRectF(
                words.right() - SIZE.icon, words.center().y() - SIZE.icon / 2 + 2, SIZE.icon, SIZE.icon
            )
            theme.icon("ph.warning-circle", "bad").paint(painter, mark.toRect())
            words.setRight(mark.left() - SPACE.xs)
        _draw(painter, words, line.name, "text", 600)
        _draw(painter, words.translated(0, words.height()), line.facts, "text2", 400)
        painter.restore()

    def _paint_cover(self, painter: QPainter, whole: QRectF, line: Line) -> None:
        side = SIZE.icon_hero
        frame = QRectF(whole.left() + SPACE.s, whole.center().y() - side / 2, side, side)
        outline = QPainterPath()
        outline.addRoundedRect(frame, RADIUS.inner, RADIUS.inner)
        painter.fillPath(outline, theme.color("accent_soft"))
        picture = self.covers.pixmap(str(line.cover)) if line.cover is not None else None
        if picture is None:
            icon = frame.adjusted(SPACE.m, SPACE.m, -SPACE.m, -SPACE.m)
            theme.icon("ph.image-square", "accent").paint(painter, icon.toRect())
            return
        short = min(picture.width(), picture.height())
        source = QRectF((picture.width() - short) / 2, (picture.height() - short) / 2, short, short)
        painter.save()
        painter.setClipPath(outline)
        painter.drawPixmap(frame, picture, source)
        painter.restore()


class DatasetList(QFrame):
    """Search, list, and a button to add a dataset."""

    chosen = Signal(str)
    """The name of the dataset that the user chose."""
    folder_wanted = Signal()
    """The user wants to open a folder."""
    file_wanted = Signal()
    """The user wants to open a zip or a table."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(WIDTH)
        self.lines = DatasetLines(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a dataset")
        self.search.setAccessibleName("Find a dataset")
        self.search.setClearButtonEnabled(True)
        self.search.setAcceptDrops(False)  # a folder dropped here is meant for the page
        self.search.textChanged.connect(self._search)
        layout.addWidget(self.search)
        self.view = QListView()
        self.view.setAccessibleName("Datasets")
        self.view.setModel(self.lines)
        self._delegate = _LineDelegate(self.view)
        self._delegate.covers.changed.connect(self.view.viewport().update)
        self.view.setItemDelegate(self._delegate)
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.selectionModel().currentChanged.connect(self._tell)
        theme.changed.connect(self.view.viewport().update)
        layout.addWidget(self.view, 1)
        self._nothing = text_label("No dataset has this in its name.", "caption", wrap=True)
        self._nothing.hide()
        layout.addWidget(self._nothing)
        self.add = Button("Add dataset", "ph.plus")
        menu = QMenu(self.add)
        menu.addAction("Folder of images…", self.folder_wanted.emit)
        menu.addAction("Zip, table or file of labels…", self.file_wanted.emit)
        self.add.setMenu(menu)
        self.add.setToolTip("Add a folder of images, a zip of one, or a table; or drop it anywhere here")
        layout.addWidget(self.add)
        self._is_telling = True
        self._name = ""

    def show_datasets(self, manifests: Sequence[Manifest], covers: Mapping[str, Path], current: str) -> None:
        """Show the datasets, one of them chosen; does not tell."""
        self._name = current
        self._is_telling = False
        self.lines.set_lines([line_of(manifest, covers.get(manifest.name)) for manifest in manifests])
        self._mark()
        self._is_telling = True

    def choose(self, name: str) -> None:
        """Mark a dataset, without telling."""
        self._name = name
        self._is_telling = False
        if self.lines.row_of(name) < 0:
            self.search.clear()
        self._mark()
        self._is_telling = True

    def forget_covers(self) -> None:
        self._delegate.covers.forget()
        self.view.viewport().update()

    def _mark(self) -> None:
        row = self.lines.row_of(self._name)
        self.view.setCurrentIndex(self.lines.index(row) if row >= 0 else _ROOT)

    def _search(self, text: str) -> None:
        self._is_telling = False
        self.lines.search(text)
        self._mark()
        self._is_telling = True
        self._nothing.setVisible(bool(text) and self.lines.rowCount() == 0)

    def _tell(self, current: QModelIndex) -> None:
        if self._is_telling and current.isValid():
            self._name = self.lines.line(current.row()).name
            self.chosen.emit(self._name)


def _draw(painter: QPainter, place: QRectF, text: str, role: str, weight: int) -> None:
    is_name = weight > 400
    painter.setFont(font(TYPE.body if is_name else TYPE.caption, weight, tabular=True))
    painter.setPen(theme.color(role))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(place.width()))
    edge = Qt.AlignmentFlag.AlignBottom if is_name else Qt.AlignmentFlag.AlignTop
    painter.drawText(place.adjusted(0, 0, 0, -1 if is_name else 0), Qt.AlignmentFlag.AlignLeft | edge, shown)
