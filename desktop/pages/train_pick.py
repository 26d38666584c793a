"""A card that shows what is chosen, and lets it be changed."""

from __future__ import annotations

from PySide6.QtCore import Signal

from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button
from desktop.widgets.card import Card, column
from desktop.widgets.labels import ElidedLabel, IconTile, text_label


class PickCard(Card):
    """Icon, kind, name, facts, Change."""

    wanted = Signal()

    def __init__(self, icon: str, over: str, empty: str) -> None:
        super().__init__("row", SPACE.m, (SPACE.m, SPACE.s, SPACE.s, SPACE.s))
        self._over = over
        self._empty = empty
        self.body.addWidget(IconTile(icon))
        words = column(1)
        words.addWidget(text_label(over, "overline"))
        self.name = ElidedLabel(empty, "strong")
        self.facts = ElidedLabel("", "caption")
        words.addWidget(self.name)
        words.addWidget(self.facts)
        self.body.addLayout(words, 1)
        self.change = Button("Choose", kind="ghost")
        self.change.setAccessibleName(f"Choose: {over.lower()}")
        self.change.clicked.connect(self.wanted)
        self.body.addWidget(self.change)

    def show_pick(self, name: str, facts: str) -> None:
        """Show what is chosen."""
        self.name.setText(name)
        self.facts.setText(facts)
        self.change.setText("Change")
        self.setAccessibleName(f"{self._over.lower()}: {name}, {facts}")

    def show_nothing(self, sentence: str) -> None:
        """Show that nothing is chosen, and what to do."""
        self.name.setText(self._empty)
        self.facts.setText(sentence)
        self.change.setText("Choose")
