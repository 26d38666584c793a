"""Editors of numbers: free typing, nothing cut off to the bounds, arrow keys that stay inside them."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent, QValidator
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QLineEdit

from desktop.forms.field_editor import FieldEditor, UnitLabel
from desktop.forms.number_steps import compact, stepped, typed_number
from desktop.forms.wheel_guard import WheelGuard
from desktop.theme.tokens import SIZE, SPACE
from engine.config.field import ConfigField

THINKING_MS = 700
"""How long half a number (`1e-`) or one out of bounds may stand before it is told."""
NONE_WORD = "none"
_STEPS = {
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_PageUp: 10,
    Qt.Key.Key_PageDown: -10,
}


class TypedNumberEditor(FieldEditor):
    """A line in which a number is typed. What fits is told at once; what does not, when the user pauses or leaves."""

    line: QLineEdit

    def __init__(self, field: ConfigField) -> None:
        super().__init__(field)
        self._told: object = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(THINKING_MS)
        self._pause.timeout.connect(self.commit)

    def watch(self, line: QLineEdit) -> None:
        """Follow what is typed into a line."""
        self.line = line
        line.textEdited.connect(self._typed)
        line.editingFinished.connect(self.commit)
        if self.field.unit:
            UnitLabel(line, self.field.unit)

    def show_value(self, value: object) -> None:
        is_news = not _same(value, self._told)
        self._told = value
        if self._pause.isActive() and not is_news:
            return  # the user is in the middle of a number
        self._pause.stop()
        if not self.line.text() or not _same(self._read(), value):
            self.line.setText(self.text_of(value))

    def discard(self) -> None:
        self._pause.stop()
        self.line.setText(self.text_of(self._told))

    def text_of(self, value: object) -> str:
        """Write a value as the line shows it."""
        return compact(value)

    def commit(self) -> None:
        """Tell what stands in the line, if it was not told yet."""
        if not shiboken6.isValid(self.line):
            return  # a line says goodbye with editingFinished when its form goes
        self._pause.stop()
        value = self._read()
        if not _same(value, self._told):
            self._told = value
            self.tell(value)

    def step(self, steps: int) -> None:
        """Move the number as that many presses of an arrow key do."""
        value = stepped(self.field, self._read(), steps)
        self.line.setText(compact(value))
        self.line.selectAll()
        self.commit()

    def _typed(self, _text: str) -> None:
        if self._fits(self._read()):
            self.commit()
        else:
            self._pause.start()

    def _read(self) -> object:
        return typed_number(self.field, self.line.text())

    def _fits(self, value: object) -> bool:
        if isinstance(value, str):
            return value in self.field.special
        if not isinstance(value, (int, float)):
            return value is None and self.field.accepts_none
        low, high = self.field.min, self.field.max
        above = low is None or value > low or (value == low and not self.field.exclusive_min)
        below = high is None or value < high or (value == high and not self.field.exclusive_max)
        return above and below


class _NumberSpin(QAbstractSpinBox):
    """A spin box that keeps any text, also one that is no number or out of bounds."""

    def __init__(self, owner: IntEditor) -> None:
        super().__init__()
        self._owner = owner
        WheelGuard(self, takes_focused=True)
        self.setFixedHeight(SIZE.control)
        self.lineEdit().setTextMargins(SPACE.m - 1, 0, 0, 0)  # where a line edit's text begins

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        return (QValidator.State.Acceptable, text, position)

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        return (
            QAbstractSpinBox.StepEnabledFlag.StepUpEnabled | QAbstractSpinBox.StepEnabledFlag.StepDownEnabled
        )

    def stepBy(self, steps: int) -> None:
        self._owner.step(steps)


class IntEditor(TypedNumberEditor):
    """A whole number with arrows."""

    def __init__(self, field: ConfigField) -> None:
        super().__init__(field)
        self.spin = _NumberSpin(self)
        self.adopt(self.spin)
        self.watch(self.spin.lineEdit())


class _NumberLine(QLineEdit):
    def __init__(self, owner: FloatEditor) -> None:
        super().__init__()
        self._owner = owner

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = _STEPS.get(Qt.Key(event.key()))
        if steps is None:
            super().keyPressEvent(event)
        else:
            self._owner.step(steps)


class FloatEditor(TypedNumberEditor):
    """A number as text, such as 1e-3; arrow keys multiply and divide where the setting is logarithmic."""

    def __init__(self, field: ConfigField) -> None:
        super().__init__(field)
        line = _NumberLine(self)
        self.adopt(line)
        self.watch(line)


class _WordCombo(QComboBox):
    def __init__(self, owner: NumberOrWordEditor, steps_through_list: bool) -> None:
        super().__init__()
        self._owner = owner
        self._steps_through_list = steps_through_list
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        WheelGuard(self)
        line = self.lineEdit()
        assert line is not None  # an editable combo box has one
        line.setCompleter(None)  # type: ignore[arg-type]  # None takes the completer away; the stub forgot it

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = _STEPS.get(Qt.Key(event.key()))
        with_key = event.modifiers() & Qt.KeyboardModifier.AltModifier
        if steps is None or with_key or self._steps_through_list:
            super().keyPressEvent(event)
        else:
            self._owner.step(steps)


class NumberOrWordEditor(TypedNumberEditor):
    """A number, or one of a few words and values from a list: `auto`, `none`, the sizes a model is made for.

    Args:
        field: the setting.
        choices: numbers offered in the list; others may be typed.
    """

    def __init__(self, field: ConfigField, choices: tuple[int, ...] = ()) -> None:
        super().__init__(field)
        self.combo = _WordCombo(self, bool(choices))
        for choice in choices:
            self.combo.addItem(str(choice))
        self.combo.addItems(field.special)
        if field.accepts_none and NONE_WORD not in field.special:
            self.combo.addItem(NONE_WORD)
        line = self.combo.lineEdit()
        assert line is not None  # an editable combo box has one
        self.adopt(self.combo)
        self.watch(line)
        self.combo.activated.connect(self._chosen)

    def text_of(self, value: object) -> str:
        return NONE_WORD if value is None else compact(value)

    def _read(self) -> object:
        text = self.line.text().strip()
        if text.lower() in (NONE_WORD, "") and text not in self.field.special and self.field.accepts_none:
            return None
        return super()._read()

    def _chosen(self, _index: int) -> None:
        self.commit()


def _same(one: object, other: object) -> bool:
    """Compare without taking True for 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)
