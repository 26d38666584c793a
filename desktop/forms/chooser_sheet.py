"""A sheet over the window with a search and a list: type, arrows, Enter."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.forms.chooser_list import ChooserItem, ChooserView
from desktop.forms.form_header import SearchLine
from desktop.theme.tokens import SIZE, SPACE, TYPE
from desktop.widgets.buttons import Button
from desktop.widgets.dialogs import Sheet
from desktop.widgets.labels import text_label

_HEIGHT = SIZE.minimum_height - 2 * SIZE.top_bar
_DETAIL_LINES = 3
_STEPS = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: 5,
    Qt.Key.Key_PageUp: -5,
}


class ChooserSheet(Sheet):
    """What the sheets that choose something have in common.

    Args:
        parent: over which it opens.
        title: what is chosen.
        search: what the search finds, as its placeholder.
        picture_of: gives pictures by path.
    """

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        search: str,
        picture_of: Callable[[str], QPixmap | None] | None = None,
    ) -> None:
        super().__init__(parent, title)
        self.search = SearchLine()
        self.search.setPlaceholderText(search)
        self.search.setAccessibleName(search)
        self.search.setToolTip("")
        self.search.installEventFilter(self)
        self.search.textChanged.connect(self._searched)
        self.filters = QHBoxLayout()
        self.filters.setSpacing(SPACE.s)
        self.filters.addWidget(self.search, 1)
        self.body.addLayout(self.filters)
        self.view = ChooserView(title, picture_of)
        self.view.selectionModel().currentChanged.connect(self._marked)
        self.view.picked.connect(self.pick)
        self.view.installEventFilter(self)
        self.body.addWidget(self.view, 1)
        self.nothing = text_label("", "muted", wrap=True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.body.addWidget(self.nothing, 1)
        self.details = text_label("", "caption", wrap=True)
        self.details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.details.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.details.setMinimumHeight(_DETAIL_LINES * (TYPE.caption + SPACE.xs))
        self.body.addWidget(self.details)
        cancel = Button("Cancel")
        cancel.setMinimumHeight(SIZE.primary)
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.foot.addWidget(cancel)
        self.ok = self.add_button("Choose", "primary")
        self.ok.clicked.connect(self.pick)
        self.resize(SIZE.sheet, _HEIGHT)
        self.search.setFocus()

    def items_for(self, text: str) -> list[ChooserItem]:
        """Give what a search finds, in order."""
        raise NotImplementedError

    def nothing_text(self) -> str:
        """Say that there is nothing to choose."""
        raise NotImplementedError

    def take(self, item: ChooserItem) -> None:
        """Give the chosen item to whoever asked."""
        raise NotImplementedError

    def refill(self, current: str = "") -> None:
        """Show what the search and the filters let through; the current item stays current if it is there."""
        before = self.view.current()
        key = current or (before.key if before is not None else "")
        items = self.items_for(self.search.text())
        self.view.items.show(items)
        self.view.mark(max(0, self.view.items.row_of(key)))
        self.view.setVisible(bool(items))
        self.nothing.setText(self.nothing_text())
        self.nothing.setVisible(not items)
        self._tell()

    def pick(self) -> None:
        """Take the current item, if it can be used."""
        item = self.view.current()
        if item is not None and item.is_usable:
            self.accept()
            self.take(item)

    def describe(self, item: ChooserItem) -> str:
        """Give the whole text of an item, which the list may cut short."""
        told = " ".join(part for part in (item.problem, item.text) if part)
        return "\n".join(part for part in (told, item.more) if part)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and watched is self.search:
            step = _STEPS.get(Qt.Key(event.key()))
            if step is not None:
                self.view.mark(self.view.currentIndex().row() + step)
                return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.pick()
                return True
            is_letter = watched is self.view and event.text().isprintable() and event.text().strip()
            if is_letter and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.search.setFocus()
                self.search.setText(self.search.text() + event.text())
                return True
        return super().eventFilter(watched, event)

    def _searched(self, _text: str) -> None:
        self.refill()
        self.view.mark(0)

    def _marked(self) -> None:
        self._tell()

    def _tell(self) -> None:
        item = self.view.current()
        self.ok.setEnabled(item is not None and item.is_usable)
        self.details.setText(self.describe(item) if item is not None else "")
