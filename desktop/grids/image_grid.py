"""The grid of images that all pages use: only what is on the screen is drawn and read, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QWidget

from desktop.grids.file_actions import copy_paths, show_in_folder
from desktop.grids.image_model import ImageModel, Numbers
from desktop.grids.picture import read_picture
from desktop.grids.thumbnails import Read
from desktop.grids.tile_delegate import CAPTION_HEIGHT, TileDelegate
from desktop.grids.tile_view import TileView
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE, TYPE

SMALLEST, USUAL, LARGEST = 72, 144, 288
"""Sides of a tile, pixels at scale 1."""
STEP = 24
_AHEAD = 1.0
"""Screens above and below whose pictures are still read when they were asked for."""
_SIZING_MS = 150
"""How long a size must hold before pictures are read for it; until then those there are scaled."""


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """Something a page lets the user do with selected images."""

    text: str
    icon: str
    act: Callable[[Numbers], None]
    """Takes the numbers of the images."""


class ImageGrid(TileView):
    """Shows an `ImageModel`. Enter or a double click opens an image, Ctrl+wheel changes the tiles' size.

    Args:
        name: what these images are, read aloud.
        parent: as in Qt.
        read: makes a picture of a path, at most so many pixels a side; called in threads.
    """

    opened = Signal(int)
    """The number of the image that the user wants to see large."""
    looked_at = Signal(int)
    """The number of the image that is the current one now; -1 for none."""
    tile_side_changed = Signal(int)
    """By the wheel or a key, pixels."""

    def __init__(self, name: str, parent: QWidget | None = None, read: Read = read_picture) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.images = ImageModel(self, read)
        self.menu_entries: list[MenuEntry] = []
        """What the page adds to the menu of a tile, above folder and path."""
        self.nothing = "No image matches."
        """Said where there is nothing to show."""
        self._side = USUAL
        self._tiles = TileDelegate(self)
        self.setModel(self.images)
        self.setItemDelegate(self._tiles)
        self._looking = QTimer(self, singleShot=True, interval=0)
        self._looking.timeout.connect(self._drop_what_scrolled_away)
        self._sizing = QTimer(self, singleShot=True, interval=_SIZING_MS)
        self._sizing.timeout.connect(self._read_in_this_size)
        self.verticalScrollBar().valueChanged.connect(self._looking.start)
        self.images.modelReset.connect(self._looking.start)
        self.images.pictured.connect(self._repaint_row)
        self.activated.connect(self._open)
        theme.changed.connect(self.viewport().update)

    def set_delegate(self, delegate: TileDelegate) -> None:
        """Draw tiles otherwise."""
        delegate.size = self._tiles.size
        self._tiles = delegate
        self.setItemDelegate(delegate)

    @property
    def tile_side(self) -> int:
        return self._side

    def set_tile_side(self, side: int) -> None:
        """Make the tiles about this large; they always fill the width. Does not tell."""
        side = max(SMALLEST, min(LARGEST, side))
        if side == self._side:
            return
        current = self.currentIndex()
        was_in_view = self.viewport().rect().intersects(self.visualRect(current))
        self._side = side
        self._fit_tiles()
        if was_in_view:
            self.scrollTo(current)

    def current_image(self) -> int:
        """Give the number of the current image; -1 for none."""
        index = self.currentIndex()
        return self.images.image_at(index.row()) if index.isValid() else -1

    def selected_images(self) -> Numbers:
        """Give the numbers of the selected images, in the order shown."""
        selection = self.selectionModel().selection()
        parts = [selection.at(number) for number in range(selection.size())]
        rows = [np.arange(part.top(), part.bottom() + 1) for part in parts]
        return self.images.shown[np.sort(np.concatenate(rows))] if rows else np.arange(0)

    def go_to(self, image: int) -> bool:
        """Make an image the current one and bring it into view. Says whether it is shown at all."""
        row = self.images.row_of(image)
        if row < 0:
            return False
        index = self.images.index(row)
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.scrollTo(index)
        return True

    @contextmanager
    def staying(self) -> Iterator[None]:
        """Keep the scrolled place, the current image and the selected ones while they are arranged anew."""
        place = self.verticalScrollBar().value()
        current, selected = self.current_image(), self.selected_images()
        yield
        flags = QItemSelectionModel.SelectionFlag
        rows = [self.images.row_of(int(image)) for image in selected]
        chosen = QItemSelection()
        for row in rows:
            if row >= 0:
                chosen.select(self.images.index(row), self.images.index(row))
        row = self.images.row_of(current)
        if row >= 0:
            self.selectionModel().setCurrentIndex(self.images.index(row), flags.NoUpdate)
        self.selectionModel().select(chosen, flags.ClearAndSelect)
        self.updateGeometries()
        self.verticalScrollBar().setValue(place)

    def neighbour(self, image: int, step: int) -> int:
        """Give the image `step` places on in the order shown; -1 at the ends, or when it is not shown."""
        row = self.images.row_of(image)
        place = row + step
        return self.images.image_at(place) if row >= 0 and 0 <= place < len(self.images.shown) else -1

    def currentChanged(self, current: object, previous: object) -> None:
        super().currentChanged(current, previous)  # pyright: ignore[reportArgumentType]  # indexes, as Qt gives them
        self.looked_at.emit(self.current_image())

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.viewport().update()

    def keyboardSearch(self, search: str) -> None:
        """Leave letters to the page: to search 100,000 names by a key would take a second."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
            return
        steps = {Qt.Key.Key_Plus: STEP, Qt.Key.Key_Equal: STEP, Qt.Key.Key_Minus: -STEP, Qt.Key.Key_0: 0}
        step = steps.get(Qt.Key(event.key()))
        if step is not None:
            self._change_side(self._side + step if step else USUAL)
            return
        if event.text().isalpha() and not event.modifiers():
            event.ignore()  # a shortcut of the page
            return
        super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._change_side(self._side + (STEP if event.angleDelta().y() > 0 else -STEP))
            event.accept()
            return
        super().wheelEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index.isValid():
            self._open(index)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        if not index.isValid():
            return
        if not self.selectionModel().isSelected(index):
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        place = self.visualRect(index).center() if by_key else event.pos()
        self.make_menu().popup(self.viewport().mapToGlobal(place))

    def make_menu(self) -> QMenu:
        """Give the menu of the selected images."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chosen = self.selected_images()
        if len(chosen) == 1:
            menu.addAction(theme.icon("ph.arrows-out"), "Open large", self._open_current)
        for entry in self.menu_entries:
            menu.addAction(theme.icon(entry.icon), entry.text, partial(entry.act, chosen))
        menu.addSeparator()
        menu.addAction(theme.icon("ph.folder-open"), "Show in folder", self._show_in_folder)
        words = "Copy path" if len(chosen) == 1 else f"Copy {len(chosen):,} paths"
        menu.addAction(theme.icon("ph.copy"), words, self._copy_paths)
        return menu

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_tiles()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._fit_tiles()

    def paintEvent(self, event: QPaintEvent) -> None:
        if len(self.images.shown) or not self.nothing:
            super().paintEvent(event)
            return
        say_nothing(self.viewport(), self.nothing)

    def _fit_tiles(self) -> None:
        """Choose the size nearest to the wanted one at which whole tiles fill the width."""
        width = self.viewport().width() - SPACE.xxs
        columns = max(1, round(width / (self._side + 2 * SPACE.xs)))
        side = max(1, width // columns)
        size = QSize(side, side + CAPTION_HEIGHT - SPACE.xs)
        self._sizing.start()
        if size != self.tile:
            self._tiles.size = size
            self.set_tile(size)
        self._looking.start()

    def _read_in_this_size(self) -> None:
        side = round((self._tiles.size.width() - 2 * SPACE.xs) * self.devicePixelRatioF())
        if side != self.images.thumbnails.side:
            self.images.thumbnails.set_side(side)
            self.viewport().update()

    def _repaint_row(self, row: int) -> None:
        self.viewport().update(self.row_rect(row))

    def _drop_what_scrolled_away(self) -> None:
        seen = self.rows_in(self.viewport().rect())
        ahead = round(len(seen) * _AHEAD)
        self.images.look_at(seen.start - ahead, seen.stop - 1 + ahead)

    def _change_side(self, side: int) -> None:
        before = self._side
        self.set_tile_side(side)
        if self._side != before:
            self.tile_side_changed.emit(self._side)

    def _open(self, index: object) -> None:
        row = getattr(index, "row", lambda: -1)()
        if row >= 0:
            self.opened.emit(self.images.image_at(row))

    def _open_current(self) -> None:
        self._open(self.currentIndex())

    def _show_in_folder(self) -> None:
        if (image := self.current_image()) >= 0:
            show_in_folder(self.images.images.file(image))

    def _copy_paths(self) -> None:
        copy_paths([self.images.images.file(int(image)) for image in self.selected_images()])


def say_nothing(viewport: QWidget, why: str) -> None:
    """Write on a view without rows why there are none. While it is painted."""
    painter = QPainter(viewport)
    painter.setFont(font(TYPE.body))
    painter.setPen(theme.color("text2"))
    place = viewport.rect().adjusted(SPACE.xl, SPACE.xl, -SPACE.xl, -SPACE.xl)
    flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
    painter.drawText(place, int(flags | Qt.TextFlag.TextWordWrap), why)
    painter.end()
