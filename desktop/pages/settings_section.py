"""What every part of the settings page is: a heading, cards with rows, and a moment when it comes into view."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.context import Context
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import column
from desktop.widgets.labels import text_label


class Section(QWidget):
    """One part of the settings page.

    Args:
        context: whose settings are shown and set.
    """

    key: ClassVar[str] = ""
    title: ClassVar[str] = ""
    icon: ClassVar[str] = ""
    lead: ClassVar[str] = ""
    """A sentence under the heading."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.setMaximumWidth(SIZE.sheet + SPACE.xxl)
        self.column: QVBoxLayout = column(SPACE.m)
        self.setLayout(self.column)
        self.column.addWidget(text_label(self.title, "page"))
        if self.lead:
            self.column.addWidget(text_label(self.lead, "muted", wrap=True))

    def add(self, widget: QWidget) -> None:
        self.column.addWidget(widget)

    def come_into_view(self) -> None:
        """Ask anew for what may have changed."""

    def open_path(self, path: str) -> None:
        """Open a folder or a file with the program that the system has for it."""
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(path)):
            self.context.toast("It cannot be opened", "warn", path)

    def open_button(self, path: str, name: str) -> Button:
        """Make a button that opens a folder."""
        made = Button("Open", "ph.folder-open")
        made.explain(f"Open {path}")
        made.setAccessibleName(f"Open {name}")
        on_click(made, lambda: self.open_path(path))
        return made
