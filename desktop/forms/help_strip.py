"""The help of the setting that the pointer or the keyboard is at, always in the same place below the form."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout

from desktop.forms.field_help import breakable
from desktop.forms.field_row import FieldRow
from desktop.theme.tokens import SIZE, SPACE, TYPE
from desktop.widgets.buttons import IconButton, on_click
from desktop.widgets.labels import ElidedLabel, divider, set_role, text_label

NOTHING = "Point at a setting, or move to it with Tab, to read what it does."
_LINES = 3


class HelpStrip(QFrame):
    """Title and full help of one setting; long help scrolls and takes the keyboard then."""

    def __init__(self) -> None:
        super().__init__()
        self._name = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.xxs)
        layout.addWidget(divider())
        head = QHBoxLayout()
        head.setSpacing(SPACE.xs)
        self.title = ElidedLabel("", "mono", middle=True)
        head.addWidget(self.title, 1)
        self.copy = IconButton("ph.copy", "Copy the setting's name", "Copy the name for --set")
        self.copy.setFixedSize(SIZE.icon + SPACE.s, SIZE.icon + SPACE.s)
        self.copy.setIconSize(QSize(SPACE.m, SPACE.m))
        policy = self.copy.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.copy.setSizePolicy(policy)
        on_click(self.copy, self._copy)
        head.addWidget(self.copy)
        layout.addLayout(head)
        self.text = text_label("", "caption", wrap=True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self.text)
        self._scroll.setFixedHeight(_LINES * (TYPE.caption + SPACE.xs))
        self._scroll.setAccessibleName("Help")
        layout.addWidget(self._scroll)
        self.clear()

    def clear(self) -> None:
        """Say how to get help."""
        self._name = ""
        set_role(self.title, "role", "overline")
        self.title.setText("HELP")
        self.copy.hide()
        self._say(NOTHING)

    def explain(self, row: FieldRow) -> None:
        """Show the help of a setting."""
        self._name = row.field.name
        set_role(self.title, "role", "mono")
        self.title.setText(row.field.name)
        self.copy.show()
        parts = [row.field.description, row.facts()]
        self._say("\n".join(part for part in parts if part))

    def _say(self, text: str) -> None:
        self.text.setText(breakable(text))
        self._scroll.setAccessibleDescription(text)
        self._scroll.verticalScrollBar().setValue(0)
        needed = self.text.heightForWidth(self._scroll.viewport().width())
        is_long = needed > self._scroll.height()
        self._scroll.setFocusPolicy(Qt.FocusPolicy.TabFocus if is_long else Qt.FocusPolicy.NoFocus)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._name)
