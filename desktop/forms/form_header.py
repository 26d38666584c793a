"""The head of the form: presets, search, the switch for advanced settings, and the menu of the whole list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.forms.wheel_guard import WheelGuard
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, IconButton
from desktop.widgets.labels import text_label
from desktop.widgets.segmented import Segmented
from desktop.widgets.switch import Switch

_MOST_SEGMENTS = 3
_MOST_LETTERS = 22


class SearchLine(QLineEdit):
    """Finds settings; Esc empties it."""

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("Find a setting")
        self.setAccessibleName("Find a setting")
        self.setToolTip("Find a setting by its label, name or help  (Ctrl+F)")
        self.setClearButtonEnabled(True)
        self._glass = self.addAction(
            theme.icon("ph.magnifying-glass"), QLineEdit.ActionPosition.LeadingPosition
        )
        self._glass.setText("Find a setting")
        theme.changed.connect(self._draw)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            return
        super().keyPressEvent(event)

    def _draw(self) -> None:
        self._glass.setIcon(theme.icon("ph.magnifying-glass"))


class PresetChooser(QWidget):
    """The presets: side by side when they are few and short, else a list.

    Args:
        presets: their names.
    """

    chosen = Signal(str)

    def __init__(self, presets: Sequence[str]) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        self._presets = list(presets)
        self.segments: Segmented | None = None
        self.combo: QComboBox | None = None
        titles = [preset_title(preset) for preset in presets]
        layout.addWidget(text_label("Preset", "muted"))
        layout.addStretch(1)
        if len(titles) <= _MOST_SEGMENTS and sum(map(len, titles)) <= _MOST_LETTERS:
            self.segments = Segmented(list(zip(presets, titles, strict=True)), name="Preset")
            self.segments.changed.connect(self.chosen)
            layout.addWidget(self.segments)
        else:
            self.combo = QComboBox()
            self.combo.setAccessibleName("Preset")
            self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            self.combo.setMinimumContentsLength(_MOST_LETTERS - _MOST_SEGMENTS)
            WheelGuard(self.combo)
            self.combo.addItems(titles)
            self.combo.activated.connect(self._activated)
            layout.addWidget(self.combo)
        self.setVisible(bool(titles))

    def show_preset(self, preset: str | None) -> None:
        """Mark the preset that holds; None marks none."""
        if self.segments is not None:
            self.segments.choose(preset or "")
        elif self.combo is not None:
            self.combo.setCurrentIndex(self._presets.index(preset) if preset in self._presets else -1)

    def _activated(self, index: int) -> None:
        self.chosen.emit(self._presets[index])


class FormHeader(QWidget):
    """Composes the head; what its parts do is the form's matter.

    Args:
        presets: names of the schema's presets.
    """

    undo_wanted = Signal()

    def __init__(self, presets: Sequence[str]) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        self.presets = PresetChooser(presets)
        self.menu_button = IconButton(
            "ph.dots-three", "Settings as a whole", "Copy, paste or reset all settings"
        )
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.menu_button)
        self.menu_button.setMenu(self.menu)
        self.search = SearchLine()
        self.all = Switch("All")
        self.all.setAccessibleName("Show advanced settings too")
        self.all.setToolTip("Show advanced settings too")
        first = QHBoxLayout()
        first.setSpacing(SPACE.xs)
        second = QHBoxLayout()
        second.setSpacing(SPACE.s)
        second.addWidget(self.search, 1)
        second.addWidget(self.all)
        if presets:
            first.addWidget(self.presets, 1)
            first.addWidget(self.menu_button)
            layout.addLayout(first)
        else:
            second.addWidget(self.menu_button)
        layout.addLayout(second)
        self.notice = text_label("", "caption", wrap=True)
        self.undo = Button("Undo", kind="link")
        self.undo.clicked.connect(self.undo_wanted)
        self.notice_line = QWidget()
        line = QHBoxLayout(self.notice_line)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE.s)
        line.addWidget(self.notice, 1)
        line.addWidget(self.undo)
        layout.addWidget(self.notice_line)
        self.problems = text_label("", "error", wrap=True)
        layout.addWidget(self.problems)
        self.say("")
        self.show_problems([])

    def say(self, text: str, *, can_undo: bool = False) -> None:
        """Tell what just happened to the whole list; empty hides the line."""
        self.notice.setText(text)
        self.undo.setVisible(can_undo)
        self.notice_line.setVisible(bool(text))

    def show_problems(self, problems: Sequence[str]) -> None:
        """Show what is wrong with the form as a whole."""
        self.problems.setText("\n".join(problems))
        self.problems.setVisible(bool(problems))


def preset_title(preset: str) -> str:
    """Write a preset's name for people."""
    return preset.replace("_", " ").capitalize()
