"""One number large, its name above and a word on it below; several of them stand in a grid."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.card import Card, row
from desktop.widgets.labels import ElidedLabel, IconLabel, text_label


class FigureCard(Card):
    """A name, a value, a detail.

    Args:
        name: what it is of.
        value: with its unit.
        detail: a word on it; empty for none.
        tone: warn where it should be looked at.
    """

    def __init__(
        self, name: str, value: str, detail: str = "", tone: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(spacing=SPACE.xxs, margins=(SPACE.m, SPACE.s, SPACE.m, SPACE.s), parent=parent)
        self.name = text_label(name, "caption")
        self.value = text_label(value)
        self.value.setFont(font(TYPE.page, weight=600, tabular=True))
        self.detail = ElidedLabel(detail or " ", "caption")
        line = row(SPACE.xs)
        if tone == "warn":
            line.addWidget(IconLabel("ph.warning", "warn"))
        line.addWidget(self.value, 1)
        self.body.addWidget(self.name)
        self.body.addLayout(line)
        self.body.addWidget(self.detail)
        self.setAccessibleName(", ".join(part for part in (name, value, detail) if part))
