"""One machine to train on, as a card: what is free there, who waits, what must be sent, how long it takes, why not."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from desktop.models.place_option import PlaceOption
from desktop.models.place_words import place_icon
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, IconLabel, IconTile, set_role, text_label
from desktop.widgets.pill import Pill

_FACTS = 4


class PlaceCard(Card):
    """A click chooses the machine; the button goes there at once.

    Args:
        place: `local`, or `ssh:NAME`.
        action: what the button says, `Start here`.
    """

    chosen = Signal(str)
    """The card was clicked: the place."""
    wanted = Signal(str)
    """Its button was pressed: the place."""
    remedy_wanted = Signal(str)
    """What stands in the way shall be mended: the place."""

    def __init__(self, place: str, action: str) -> None:
        super().__init__(spacing=SPACE.m, margins=(SPACE.m, SPACE.m, SPACE.m, SPACE.m))
        self.place = place
        self._name = ElidedLabel("", "strong")
        self._about = ElidedLabel("", "caption")
        self._state = Pill()
        self._mark = QWidget()
        mark = row(SPACE.xs)
        self._mark.setLayout(mark)
        mark.addWidget(IconLabel("ph.check-circle", "accent"))
        mark.addWidget(text_label("Chosen", "caption"))
        self.go = Button(action)
        self.go.clicked.connect(self._go)
        self.remedy = Button()
        self.remedy.clicked.connect(self._mend)
        head = row(SPACE.m)
        head.addWidget(IconTile(place_icon(place)))
        words = column(1)
        words.addWidget(self._name)
        words.addWidget(self._about)
        head.addLayout(words, 1)
        for part in (self._state, self._mark, self.go, self.remedy):
            head.addWidget(part, alignment=Qt.AlignmentFlag.AlignVCenter)
        self.body.addLayout(head)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE.m)
        self._grid.setVerticalSpacing(SPACE.xxs)
        self._cells: list[tuple[QLabel, QLabel, QLabel]] = []
        for at in range(_FACTS):
            cell = (text_label("", "overline"), ElidedLabel("", "strong"), ElidedLabel("", "caption"))
            self._cells.append(cell)
            self._grid.setColumnStretch(at, 1)
            for line, label in enumerate(cell):
                self._grid.addWidget(label, line, at)
        self.body.addLayout(self._grid)
        self._trouble_icon = IconLabel("ph.warning", "warn")
        self._trouble = text_label("", "caption", wrap=True)
        why = row(SPACE.s)
        why.addWidget(self._trouble_icon, alignment=Qt.AlignmentFlag.AlignTop)
        why.addWidget(self._trouble, 1)
        self.body.addLayout(why)
        self.clicked.connect(self._choose)

    def show_option(self, option: PlaceOption, *, is_chosen: bool, can_go: bool) -> None:
        """Show a machine as it is now.

        Args:
            option: the machine.
            is_chosen: mark it.
            can_go: offer the button.
        """
        self._name.setText(option.name)
        self._about.setText(option.about)
        word, tone = option.state
        self._state.setVisible(bool(word))
        self._state.say(word, tone)
        self._mark.setVisible(is_chosen)
        set_role(self, "tone", "accent" if is_chosen else "")
        self.go.setVisible(option.is_usable and can_go)
        self.go.setAccessibleName(f"{self.go.text()}: {option.name}")
        self.remedy.setVisible(bool(option.remedy))
        self.remedy.setText(option.remedy)
        self.remedy.setAccessibleName(f"{option.remedy} {option.name}")
        self._show_facts(option)
        told = option.trouble or option.note
        for part in (self._trouble, self._trouble_icon):
            part.setVisible(bool(told))
        self._trouble.setText(told)
        self._trouble_icon.show_icon(*(("ph.warning", "warn") if option.trouble else ("ph.info", "accent")))
        self._allow(option.is_usable)
        self.setAccessibleName(f"{option.name}{', chosen' if is_chosen else ''}")
        self.setAccessibleDescription(option.in_words)

    def _show_facts(self, option: PlaceOption) -> None:
        facts = [*option.facts, *[None] * (_FACTS - len(option.facts))]
        for fact, cell in zip(facts, self._cells, strict=True):
            texts = (fact.name.upper(), fact.value, fact.note) if fact is not None else ("", "", "")
            for label, text in zip(cell, texts, strict=True):
                label.setText(text)
                label.setVisible(fact is not None)

    def _allow(self, allowed: bool) -> None:
        self._is_clickable = allowed
        set_role(self, "clickable", allowed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if allowed else Qt.FocusPolicy.NoFocus)
        if allowed:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.unsetCursor()

    def _choose(self) -> None:
        self.chosen.emit(self.place)

    def _go(self) -> None:
        self.wanted.emit(self.place)

    def _mend(self) -> None:
        self.remedy_wanted.emit(self.place)
