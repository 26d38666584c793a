"""Editors of choices: a switch, one option of a list, several options."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QPushButton, QSizePolicy, QWidget

from desktop.forms.field_editor import FieldEditor
from desktop.forms.field_help import plain_tooltip
from desktop.forms.number_editors import NONE_WORD
from desktop.forms.option_popup import OptionPopup
from desktop.forms.wheel_guard import WheelGuard
from desktop.theme.tokens import SPACE
from desktop.widgets.flow_layout import FlowLayout
from desktop.widgets.switch import Switch
from engine.config.field import ConfigField

MOST_IN_A_LIST = 12
"""Longer lists get a search."""
_MOST_CHIPS = 8
_MOST_LISTED = 16
_LONG_OPTION = 18
"""Letters of an option that do not fit beside a label."""
_MOST_CHIP_LETTERS = 64


class BoolEditor(FieldEditor):
    """A switch."""

    def __init__(self, field: ConfigField) -> None:
        super().__init__(field)
        self.switch = Switch()
        self._layout.addStretch(1)
        self.adopt(self.switch)
        self._layout.setStretchFactor(self.switch, 0)
        self.switch.clicked.connect(self._clicked)

    def show_value(self, value: object) -> None:
        self.switch.setChecked(value is True)

    def _clicked(self, is_on: bool) -> None:
        self.tell(is_on)


class _OptionCombo(QComboBox):
    """A combo box that opens a searchable list where the options are many."""

    def __init__(self, field: ConfigField, options: list[str]) -> None:
        super().__init__()
        WheelGuard(self)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)
        self.setMaxVisibleItems(MOST_IN_A_LIST)
        self.addItems(options)
        self.popup: OptionPopup | None = None
        self._name = field.title
        self._options = options

    def showPopup(self) -> None:
        if len(self._options) <= MOST_IN_A_LIST:
            super().showPopup()
            return
        if self.popup is None:
            self.popup = OptionPopup(self._options, name=self._name)
            self.popup.setParent(self, self.popup.windowFlags())
            self.popup.chosen.connect(self._choose)
        self.popup.open_below(self, self.currentText())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        text = event.text()
        is_long = len(self._options) > MOST_IN_A_LIST
        if is_long and text.isalnum() and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.showPopup()
            assert self.popup is not None  # a long list has just opened it
            self.popup.search.setText(text)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F4) and is_long:
            self.showPopup()
        else:
            super().keyPressEvent(event)

    def _choose(self, option: str) -> None:
        at = self.findText(option, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchCaseSensitive)
        self.setCurrentIndex(at)
        self.activated.emit(at)
        self.setFocus()


class SelectEditor(FieldEditor):
    """One of several options; words and `none` stand beside them where the setting allows."""

    def __init__(self, field: ConfigField) -> None:
        super().__init__(field)
        words = [word for word in field.special if word not in (field.options or [])]
        self._options = [*(field.options or []), *words]
        self._has_none = field.accepts_none and NONE_WORD not in self._options
        shown = [*self._options, NONE_WORD] if self._has_none else self._options
        if field.type == "bool":
            shown = ["on", "off", *shown]
        self.is_wide = max(map(len, shown), default=0) > _LONG_OPTION
        self.combo = _OptionCombo(field, shown)
        self.adopt(self.combo)
        self.combo.activated.connect(self._activated)

    def show_value(self, value: object) -> None:
        text = self._text_of(value)
        at = self.combo.findText(text, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchCaseSensitive)
        self.combo.setPlaceholderText(text if at < 0 else "")
        self.combo.setCurrentIndex(at)
        self.combo.setToolTip(plain_tooltip(text) if len(text) > MOST_IN_A_LIST else "")

    def _text_of(self, value: object) -> str:
        if value is None:
            return NONE_WORD if self._has_none else ""
        if isinstance(value, bool):
            return "on" if value else "off"
        return str(value)

    def _activated(self, index: int) -> None:
        text = self.combo.itemText(index)
        if self._has_none and text == NONE_WORD:
            self.tell(None)
        elif self.field.type == "bool" and text in ("on", "off"):
            self.tell(text == "on")
        else:
            self.tell(text)


class ChipsEditor(FieldEditor):
    """Several of a few short options, as chips below the label."""

    is_wide = True

    def __init__(self, field: ConfigField) -> None:
        super().__init__(field)
        place = QWidget()
        flow = FlowLayout(SPACE.xs)
        place.setLayout(flow)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        place.setSizePolicy(policy)
        self._layout.addWidget(place)
        self._given: object = None
        self.chips: dict[str, QPushButton] = {}
        for option in field.options or []:
            chip = QPushButton(option.replace("&", "&&"))
            chip.setCheckable(True)
            chip.setProperty("chip", True)
            chip.setAccessibleName(f"{field.title}: {option}")
            chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            chip.clicked.connect(self._clicked)
            flow.addWidget(chip)
            self.chips[option] = chip
        if self.chips:
            self.setFocusProxy(next(iter(self.chips.values())))

    def show_value(self, value: object) -> None:
        self._given = value
        chosen = _words(value)
        for option, chip in self.chips.items():
            chip.setChecked(option in chosen)

    def focus_chain(self) -> list[QWidget]:
        return list(self.chips.values())

    def _clicked(self) -> None:
        chosen = [option for option, chip in self.chips.items() if chip.isChecked()]
        self.tell(chosen if chosen or not self.field.accepts_none else None)


class _CheckCombo(QComboBox):
    """Looks like a list of one choice; opens one of several."""

    def __init__(self, options: list[str], name: str) -> None:
        super().__init__()
        WheelGuard(self)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)
        self.popup = OptionPopup(options, several=True, name=name)
        self.popup.setParent(self, self.popup.windowFlags())

    def showPopup(self) -> None:
        self.popup.open_below(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (
            Qt.Key.Key_Return,
            Qt.Key.Key_Enter,
            Qt.Key.Key_Down,
            Qt.Key.Key_Space,
            Qt.Key.Key_F4,
        ):
            self.showPopup()
        else:
            super().keyPressEvent(event)


class CheckListEditor(FieldEditor):
    """Several of many options: says what is chosen, and opens a list with a search."""

    def __init__(self, field: ConfigField) -> None:
        super().__init__(field)
        self.combo = _CheckCombo(field.options or [], field.title)
        self.popup = self.combo.popup
        self.adopt(self.combo)
        self.popup.checked.connect(self._checked)

    def show_value(self, value: object) -> None:
        chosen = _words(value)
        self.popup.model.check(chosen)
        total = len(self.field.options or [])
        text = ", ".join(chosen) or NONE_WORD
        self.combo.setPlaceholderText(text if len(text) <= _MOST_LISTED else f"{len(chosen)} of {total}")
        self.combo.setToolTip(plain_tooltip(", ".join(chosen)))
        self.combo.setAccessibleName(f"{self.field.title}: {text}")

    def _checked(self, chosen: list[str]) -> None:
        self.tell(chosen if chosen or not self.field.accepts_none else None)


def fits_chips(field: ConfigField) -> bool:
    """Say whether the options of a multiselect are few and short enough to be all seen."""
    options = field.options or []
    return len(options) <= _MOST_CHIPS and sum(map(len, options)) <= _MOST_CHIP_LETTERS


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [str(word) for word in cast("list[object]", value)] if isinstance(value, (list, tuple)) else []
