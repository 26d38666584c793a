"""The bar at the top: the page's title and what it shows, the search field, the machine's state."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SIZE, SPACE, TYPE
from desktop.widgets.buttons import Button
from desktop.widgets.labels import ElidedLabel, text_label

_SEARCH_WIDTH = 300


class TopBar(QWidget):
    """Always there."""

    search_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("top_bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(SIZE.top_bar)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE.page, 0, SPACE.page, 0)
        layout.setSpacing(SPACE.l)
        left = QWidget()
        words = QHBoxLayout(left)
        words.setContentsMargins(0, 0, 0, 0)
        words.setSpacing(SPACE.l)
        self.title = text_label("", "page")
        self.crumb = ElidedLabel("", "muted", middle=True)
        words.addWidget(self.title)
        words.addWidget(self.crumb, 1)
        layout.addWidget(left, 1)
        self.search = Button("Search or run a command", "ph.magnifying-glass")
        self.search.setObjectName("search")
        self.search.setFixedWidth(_SEARCH_WIDTH)
        self.search.setAccessibleName("Search or run a command, Ctrl K")
        key = QHBoxLayout(self.search)
        key.setContentsMargins(0, 0, SPACE.m, 0)
        key.addStretch(1)
        hint = text_label("Ctrl K", "caption")
        hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        key.addWidget(hint)
        self.search.clicked.connect(self.search_wanted)
        layout.addWidget(self.search)
        right = QWidget()
        machine = QHBoxLayout(right)
        machine.setContentsMargins(0, 0, 0, 0)
        machine.addStretch(1)
        self.machine = text_label("", "caption")
        self.machine.setFont(font(TYPE.caption, tabular=True))
        self.machine.setAccessibleName("State of this machine")
        machine.addWidget(self.machine)
        layout.addWidget(right, 1)
        theme.changed.connect(self.update)

    def show_page(self, title: str, crumb: str) -> None:
        self.title.setText(title)
        self.crumb.setText(crumb)

    def show_machine(self, text: str, description: str) -> None:
        """Show the machine's load, such as `GPU 94% · 11.2 / 24 GB`."""
        self.machine.setText(text)
        self.machine.setToolTip(description)
        self.machine.setAccessibleDescription(description)
