"""The results that are compared, a card each: which they are, and what can be done with one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu, QWidget

from desktop.models.result_comparison import Side
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, button, icon_button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.pill import Pill
from engine.comparison.compare import MOST_COMPARED

MAKE_FIRST, VALIDATE, FORK, REGISTER, REMOVE = "first", "validate", "fork", "register", "remove"
_ENTRIES = (
    (MAKE_FIRST, "Compare the others with this one", "ph.arrow-line-left"),
    (VALIDATE, "Show on the Validate page", "ph.target"),
    (FORK, "New run with these settings", "ph.git-fork"),
    (REGISTER, "Register as a model version…", "ph.tag"),
    (REMOVE, "Take out of the comparison", "ph.x"),
)


class SideCard(Card):
    """One result."""

    ordered = Signal(str, int)
    """What to do, and with which place."""

    def __init__(self, side: Side, place: int, *, may_go: bool) -> None:
        super().__init__("row", SPACE.s, (SPACE.m, SPACE.s, SPACE.s, SPACE.s))
        self._place = place
        self._may_go = may_go
        self.body.addWidget(Pill(side.letter, "info" if place == 0 else "muted"))
        words = column(0)
        words.addWidget(ElidedLabel(side.title, "strong"))
        words.addWidget(ElidedLabel(side.caption, "caption"))
        self.body.addLayout(words, 1)
        more = icon_button("ph.dots-three", f"More for {side.letter}: {side.title}")
        on_click(more, self._open_menu)
        self.body.addWidget(more)
        self._more = more
        self.setAccessibleName(f"{side.letter}: {side.title}, {side.caption}")

    def entries(self) -> list[tuple[str, str, str]]:
        """Key, words and icon of what can be done."""
        hidden = {MAKE_FIRST} if self._place == 0 else set[str]()
        hidden |= set() if self._may_go else {REMOVE}
        return [entry for entry in _ENTRIES if entry[0] not in hidden]

    def _open_menu(self) -> None:
        menu = QMenu(self)
        for key, text, icon in self.entries():
            menu.addAction(theme.icon(icon), text).triggered.connect(
                lambda _checked=False, key=key: self.ordered.emit(key, self._place)
            )
        menu.popup(self._more.mapToGlobal(QPoint(0, self._more.height())))


class CompareHead(QWidget):
    """Shows the cards; tells what the user wants."""

    back_wanted = Signal()
    add_wanted = Signal()
    ordered = Signal(str, int)
    """A key of `_ENTRIES`, and the place of the result."""

    def __init__(self) -> None:
        super().__init__()
        outer = column(SPACE.s)
        self.setLayout(outer)
        line = row()
        back = button("Back", "ph.arrow-left", "ghost", "Back to where you came from  (Esc)")
        on_click(back, self.back_wanted.emit)
        line.addWidget(back)
        self._title = text_label("Compare", "section")
        line.addWidget(self._title)
        self.note = ElidedLabel("", "caption")
        line.addSpacing(SPACE.s)
        line.addWidget(self.note, 1)
        self.add: Button = button("Add a result…", "ph.plus", tip="Compare with one more result")
        on_click(self.add, self.add_wanted.emit)
        line.addWidget(self.add)
        outer.addLayout(line)
        self._cards = row(SPACE.s)
        outer.addLayout(self._cards)
        self.cards: list[SideCard] = []

    def show_sides(self, sides: Sequence[Side]) -> None:
        """Show these results; none where they cannot be compared."""
        for card in self.cards:
            self._cards.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [
            SideCard(side, place, may_go=len(sides) > len("AB")) for place, side in enumerate(sides)
        ]
        for card in self.cards:
            card.ordered.connect(partial(self.ordered.emit))
            self._cards.addWidget(card, 1)
        self._title.setText(f"Compare {len(sides)} results" if sides else "Compare")
        self.note.setText("")
        self.add.setVisible(bool(sides))
        self.add.setEnabled(len(sides) < MOST_COMPARED)
        tip = "Compare with one more result" if self.add.isEnabled() else f"At most {MOST_COMPARED} results"
        self.add.setToolTip(tip)
