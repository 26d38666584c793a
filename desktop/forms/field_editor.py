"""What every editor of a setting has in common: it shows a value, tells of changes, and marks a problem."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from desktop.theme.tokens import SPACE
from desktop.widgets.labels import set_role, text_label
from engine.config.field import ConfigField


class FieldEditor(QWidget):
    """One setting's editor. Showing a value never tells of a change.

    Args:
        field: the setting.
    """

    changed = Signal(str, object)
    """The setting's name and what the user gave; text where a number could not be read."""

    is_wide = False
    """Whether it stands below its label and takes the form's width."""

    def __init__(self, field: ConfigField) -> None:
        super().__init__()
        self.field = field
        self._marked: list[QWidget] = []
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)

    def show_value(self, value: object) -> None:
        """Show what the setting is now."""
        raise NotImplementedError

    def commit(self) -> None:
        """Tell what was typed and not told yet."""

    def discard(self) -> None:
        """Forget what was typed and not told yet."""

    def show_problem(self, is_wrong: bool) -> None:
        """Mark the editor as holding something that cannot be used."""
        for control in self._marked:
            if bool(control.property("invalid")) != is_wrong:
                set_role(control, "invalid", is_wrong)

    def describe(self, text: str) -> None:
        """Let help and problems be read aloud with the editor."""
        for control in self.focus_chain():
            control.setAccessibleDescription(text)

    def focus_chain(self) -> list[QWidget]:
        """Give what Tab stops at, in order."""
        return list(self._marked)

    def adopt(self, control: QWidget) -> None:
        """Take the control that holds the value: names it, and fills the editor with it."""
        control.setAccessibleName(self.field.title)
        self._marked.append(control)
        self._layout.addWidget(control, 1)
        self.setFocusProxy(control)

    def tell(self, value: object) -> None:
        """Emit `changed`."""
        self.changed.emit(self.field.name, value)


class UnitLabel(QObject):
    """A unit at the right end inside a line edit; hidden where the text would run into it.

    Args:
        line: the line edit.
        unit: shown behind its text.
    """

    def __init__(self, line: QLineEdit, unit: str) -> None:
        super().__init__(line)
        self._line = line
        self._label = text_label(unit, "caption")
        self._label.setParent(line)
        self._label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        line.installEventFilter(self)
        line.textChanged.connect(self._place)
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.StyleChange):
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        size = self._label.sizeHint()
        left = self._line.width() - size.width() - SPACE.s
        text_end = self._line.fontMetrics().horizontalAdvance(self._line.text()) + 2 * SPACE.s + SPACE.xs
        is_number = any(sign.isdigit() for sign in self._line.text())
        self._label.setVisible(is_number and text_end <= left)
        self._label.setGeometry(left, 0, size.width(), self._line.height())
