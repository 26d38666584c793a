"""One line of the form: label, editor, the dot of a change, and below them problem, warning and help."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QEnterEvent, QGuiApplication
from PySide6.QtWidgets import QGridLayout, QLabel, QMenu, QWidget

from desktop.forms.changed_dot import ChangedDot
from desktop.forms.editors import make_editor
from desktop.forms.field_help import breakable, facts_text, tooltip_text, value_text
from desktop.forms.form_state import FormState
from desktop.forms.recommendations import size_choices
from desktop.forms.settings_text import assignment_text
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.labels import text_label
from engine.config.field import ConfigField

EDITOR_WIDTH = 5 * SIZE.control + SPACE.s
_LABEL, _EDITOR = 1, 2


@dataclass(slots=True)
class RowContext:
    """What all rows of a form share. They do not hold the form itself: PySide crashes when Python's garbage
    collection finds a window whose parts inside a scroll area refer to it.

    Attributes:
        state: what they show and change.
        explains: whether help stands under every setting.
        pointer: where the pointer was when it last came to a row, on the screen.
    """

    state: FormState
    explains: bool = False
    pointer: QPointF | None = None


class FieldRow(QWidget):
    """Shows one setting of a form's state and gives changes to it.

    Args:
        field: the setting.
        shared: what it has in common with the form's other rows.
    """

    pointed = Signal(str)
    """The pointer or the keyboard came to this setting: its name; empty when it left."""

    def __init__(self, field: ConfigField, shared: RowContext) -> None:
        super().__init__()
        self.field = field
        self._shared = shared
        state = shared.state
        self.editor = make_editor(field, size_choices(field, state.metadata))
        self.dot = ChangedDot()
        self.label = text_label(
            breakable(field.title) + ("\u00a0*" if field.required else ""), "muted", wrap=True
        )
        self.label.setBuddy(self.editor)
        self._notes: dict[str, QLabel] = {}
        self._shown: tuple[object, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, SPACE.xs, 0, SPACE.xs)
        self._grid.setHorizontalSpacing(SPACE.xs)
        self._grid.setVerticalSpacing(SPACE.xs)
        self._grid.setColumnStretch(_LABEL, 1)
        self._grid.addWidget(self.dot, 0, 0, Qt.AlignmentFlag.AlignVCenter)
        if self.editor.is_wide:
            self._grid.addWidget(self.label, 0, _LABEL, 1, 2)
            self._grid.addWidget(self.editor, 1, _LABEL, 1, 2)
        else:
            self._grid.addWidget(self.label, 0, _LABEL, Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(self.editor, 0, _EDITOR, Qt.AlignmentFlag.AlignVCenter)
            self.editor.setFixedWidth(EDITOR_WIDTH)
        self.editor.changed.connect(self._edited)
        self.dot.clicked.connect(self.reset)
        for widget in self.focus_chain():
            widget.installEventFilter(self)
        self.refresh()

    def refresh(self) -> None:
        """Show the state's value, problem and mark of this setting."""
        state, name = self._shared.state, self.field.name
        value, base = state.value(name), state.base(name)
        problem = state.problems().get(name, "") if state.is_visible(name) else ""
        warning = "" if problem else state.warnings().get(name, "")
        is_changed = state.is_changed(name)
        facts = (type(value), value, type(base), base, problem, warning, is_changed, self._shared.explains)
        if facts == self._shown:
            return  # most rows, at most changes: a form may have hundreds
        self._shown = facts
        self.editor.show_value(value)
        self.editor.show_problem(bool(problem))
        self._note("error", problem)
        self._note("warning", warning)
        self._note("caption", self.field.description if self._shared.explains else "")
        if not is_changed and self.dot.hasFocus():
            self.editor.setFocus()
        self.dot.setVisible(is_changed)
        self.dot.explain(self.field.title, value_text(self.field, base))
        tip = tooltip_text(self.field, base)
        if tip != self.label.toolTip():
            self.label.setToolTip(tip)
        required = "Required. " if self.field.required else ""
        self.editor.describe(f"{problem} {required}{self.field.description}".strip())

    def focus_chain(self) -> list[QWidget]:
        """Give what Tab stops at, in order."""
        return [self.dot, *self.editor.focus_chain()]

    def reset(self) -> None:
        """Give the setting back to the preset."""
        self.editor.discard()
        self._shared.state.reset(self.field.name)

    def note_texts(self) -> dict[str, str]:
        """Give what stands below the editor, by role."""
        return {role: note.text() for role, note in self._notes.items() if not note.isHidden()}

    def facts(self) -> str:
        return facts_text(self.field, self._shared.state.base(self.field.name))

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        # A row that scrolls under a resting pointer was not pointed at.
        if event.globalPosition() != self._shared.pointer:
            self._shared.pointer = event.globalPosition()
            self.pointed.emit(self.field.name)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed.emit("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn:
            self.pointed.emit(self.field.name)
        return super().eventFilter(watched, event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def menu(self) -> QMenu:
        """Make the row's menu: reset, copy the name, copy the assignment."""
        state, name = self._shared.state, self.field.name
        menu = QMenu(self)
        base = value_text(self.field, state.base(name)).replace("&", "&&")
        reset = menu.addAction(f"Reset to {base}", self.reset)
        reset.setEnabled(state.is_changed(name))
        menu.addAction("Copy name for --set", self.copy_name)
        menu.addAction("Copy as --set", self.copy_assignment)
        return menu

    def copy_name(self) -> None:
        QGuiApplication.clipboard().setText(self.field.name)

    def copy_assignment(self) -> None:
        value = assignment_text(self._shared.state.value(self.field.name))
        QGuiApplication.clipboard().setText(f"--set {self.field.name}={value}")

    def _edited(self, name: str, value: object) -> None:
        self._shared.state.set(name, value)

    def _note(self, role: str, text: str) -> None:
        note = self._notes.get(role)
        if note is None:
            if not text:
                return
            note = text_label("", role, wrap=True)
            self._notes[role] = note
            places = {"error": 2, "warning": 3, "caption": 4}
            self._grid.addWidget(note, places[role], _LABEL, 1, 2)
        if note.text() != text:
            note.setText(text)
        note.setVisible(bool(text))
