"""What a page shows when it has nothing yet: an icon, a sentence, a button."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import Button
from desktop.widgets.card import row
from desktop.widgets.labels import IconLabel, text_label


class EmptyState(QWidget):
    """Centred on what is empty.

    Args:
        icon: of the pack.
        title: what there is not.
        sentence: what to do about it.
        action_text: of the button; None for no button.
    """

    acted = Signal()
    second = Signal()

    def __init__(self, icon: str, title: str, sentence: str, action_text: str | None = None) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setSpacing(SPACE.s)
        self._layout.addStretch(2)
        center = Qt.AlignmentFlag.AlignHCenter
        self._layout.addWidget(IconLabel(icon, "text3", SIZE.icon_hero), alignment=center)
        self._layout.addSpacing(SPACE.xs)
        self.title = text_label(title, "page")
        self.title.setAlignment(center)
        self.sentence = text_label(sentence, "muted", wrap=True)
        self.sentence.setAlignment(center)
        self.sentence.setMaximumWidth(SIZE.dialog)
        self._layout.addWidget(self.title, alignment=center)
        # In a row of its own, not aligned by the layout: an aligned label gets no height for its second line.
        words = row(0)
        words.addStretch(1)
        words.addWidget(self.sentence, 100)
        words.addStretch(1)
        self._layout.addLayout(words)
        self._buttons = row()
        self._layout.addSpacing(SPACE.s)
        self._layout.addLayout(self._buttons)
        self._layout.setAlignment(self._buttons, center)
        self.button: Button | None = None
        if action_text is not None:
            self.button = Button(action_text, kind="primary")
            self.button.setMinimumWidth(190)
            self.button.clicked.connect(self.acted)
            self._buttons.addWidget(self.button)
        self._layout.addStretch(3)

    def offer(self, text: str) -> Button:
        """Add a second button; pressing it emits `second`."""
        made = Button(text)
        made.setMinimumHeight(SIZE.primary)
        made.clicked.connect(self.second)
        self._buttons.addWidget(made)
        return made

    def say(self, title: str, sentence: str) -> None:
        self.title.setText(title)
        self.sentence.setText(sentence)
