"""One collapsible group of the form: a head with counts, and rows made when they are first needed."""

from __future__ import annotations

from bisect import bisect_left

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desktop.forms.field_row import FieldRow, RowContext
from desktop.forms.form_state import GroupCount
from desktop.forms.groups import Group
from desktop.theme.fonts import weigh
from desktop.theme.theme import theme
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.labels import divider, text_label


class GroupHeader(QToolButton):
    """The line that opens and closes a group, and says how many settings are changed or to fix.

    Args:
        title: of the group.
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setObjectName("section")
        weigh(self, 600)
        self._title = title
        self.setText(title.replace("&", "&&"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(SPACE.m, SPACE.m))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.changed_label = text_label("", "caption")
        self.fix_label = text_label("", "error")
        words = QHBoxLayout(self)
        words.setContentsMargins(0, 0, SPACE.xxs, 0)
        words.setSpacing(SPACE.s)
        words.addStretch(1)
        for label in (self.changed_label, self.fix_label):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            words.addWidget(label)
        self._is_open = False
        self._count = GroupCount()
        self._say()
        theme.changed.connect(self._draw)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), SIZE.primary)

    def show_open(self, is_open: bool) -> None:
        self._is_open = is_open
        self._say()

    def show_count(self, count: GroupCount) -> None:
        self._count = count
        self._say()

    def _say(self) -> None:
        changed = f"{self._count.changed} changed" if self._count.changed else ""
        to_fix = f"{self._count.to_fix} to fix" if self._count.to_fix else ""
        self.changed_label.setText(changed)
        self.changed_label.setVisible(bool(changed))
        self.fix_label.setText(to_fix)
        self.fix_label.setVisible(bool(to_fix))
        parts = [self._title, changed, to_fix, "open" if self._is_open else "closed"]
        self.setAccessibleName(", ".join(part for part in parts if part))
        self._draw()

    def _draw(self) -> None:
        self.setIcon(theme.icon("ph.caret-down" if self._is_open else "ph.caret-right"))


class GroupSection(QWidget):
    """A group of settings.

    Args:
        group: its title and fields.
        shared: what the form's rows have in common.
    """

    toggled = Signal(str, bool)
    """The user opened or closed it: its title, and whether it is open now."""
    pointed = Signal(str)
    """Passed on from the rows."""

    def __init__(self, group: Group, shared: RowContext) -> None:
        super().__init__()
        self.group = group
        self._shared = shared
        self._is_open = False
        self._order = {field.name: number for number, field in enumerate(group.fields)}
        self._fields = {field.name: field for field in group.fields}
        self._built: list[int] = []
        self.rows: dict[str, FieldRow] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.line = divider()
        self.header = GroupHeader(group.title)
        self.header.clicked.connect(self._clicked)
        self.body = QWidget()
        self._body = QVBoxLayout(self.body)
        self._body.setContentsMargins(0, 0, 0, SPACE.s)
        self._body.setSpacing(0)
        self._slot: QWidget | None = None
        self.body.hide()
        for widget in (self.line, self.header, self.body):
            layout.addWidget(widget)

    @property
    def is_open(self) -> bool:
        return self._is_open

    def open(self, is_open: bool) -> None:
        """Open or close it; nobody is told."""
        self._is_open = is_open
        self.header.show_open(is_open)
        self.body.setVisible(is_open)

    def has_row(self, name: str) -> bool:
        return name in self.rows

    def build_row(self, name: str) -> FieldRow:
        """Make the row of a setting at its place; the row there is, if it was made before."""
        if name in self.rows:
            return self.rows[name]
        row = FieldRow(self._fields[name], self._shared)
        row.pointed.connect(self.pointed)
        at = bisect_left(self._built, self._order[name])
        self._built.insert(at, self._order[name])
        self._body.insertWidget(at + (1 if self._slot is not None else 0), row)
        self.rows[name] = row
        return row

    def put_above(self, widget: QWidget) -> None:
        """Let a widget of the page stand above the group's settings."""
        self._slot = widget
        self._body.insertWidget(0, widget)
        widget.show()

    def rows_in_order(self) -> list[FieldRow]:
        return sorted(self.rows.values(), key=lambda row: self._order[row.field.name])

    def _clicked(self) -> None:
        self.open(not self._is_open)
        self.toggled.emit(self.group.title, self._is_open)
