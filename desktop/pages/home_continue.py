"""What runs now, and what came to an end while the window was closed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from desktop.models.place_words import is_elsewhere, last_seen_words, place_icon, place_label
from desktop.models.run_table_entry import RunEntry
from desktop.models.run_table_text import best_explained, eta_text, last_seen, model_name, progress, when_text
from desktop.models.run_words import run_title, state_words
from desktop.theme.fonts import font
from desktop.theme.tokens import SIZE, SPACE, TYPE
from desktop.widgets.buttons import Button, IconButton, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.chip import Chip
from desktop.widgets.flow_layout import FlowLayout
from desktop.widgets.labels import ElidedLabel, IconLabel, divider, set_role, text_label
from desktop.widgets.pill import Pill
from engine.store.runs import RunRow

_CARD_WIDTH = 420
_FINE = 1000
_MOST_TOLD = 5
_BAD: Final = ("failed", "lost")
_STATE_ICONS: Final = {
    "completed": ("ph.check-circle", "ok"),
    "failed": ("ph.warning-circle", "bad"),
    "lost": ("ph.question", "warn"),
    "paused": ("ph.pause-circle", "warn"),
}


class ContinueCard(Card):
    """One run at work; a click opens it."""

    opened = Signal(str)
    """It was clicked: the run."""

    def __init__(self, run: str) -> None:
        super().__init__(spacing=SPACE.s, margins=(SPACE.l, SPACE.m, SPACE.l, SPACE.m))
        self._run = run
        self._name = ElidedLabel("", "section")
        self._pill = Pill()
        self._machine = Chip()
        self._about = ElidedLabel("", "caption")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, _FINE)
        self._bar.setAccessibleName("Progress")
        self._epoch = ElidedLabel("", "caption")
        self._epoch.setFont(font(TYPE.caption, tabular=True))
        self._left = text_label("", "caption")
        self._left.setFont(font(TYPE.caption, 500, tabular=True))
        head = row()
        head.addWidget(self._name, 1)
        head.addWidget(self._machine)
        head.addWidget(self._pill)
        head.addWidget(IconLabel("ph.caret-right", "text3"))
        foot = row()
        foot.addWidget(self._epoch, 1)
        foot.addWidget(self._left)
        self.body.addLayout(head)
        self.body.addWidget(self._about)
        self.body.addWidget(self._bar)
        self.body.addLayout(foot)
        self.clicked.connect(self._open)

    def show_entry(self, entry: RunEntry) -> None:
        """Show how far the run is, and where it is, when that is not here."""
        shown = entry.row
        name, (word, tone) = run_title(shown), state_words(shown)
        self._machine.setVisible(is_elsewhere(entry.place))
        ground = "warn" if entry.lost is not None else "muted"
        self._machine.say(place_icon(entry.place), place_label(entry.place), ground)
        self._name.setText(name)
        self._pill.say(word, tone)
        self._about.setText(" · ".join(part for part in (model_name(shown), shown.dataset or "") if part))
        self._bar.setValue(round(_FINE * progress(shown)))
        set_role(self._bar, "tone", "warn" if shown.state in ("held", "lost") else "")
        epoch = f"Epoch {shown.epoch} of {shown.epochs}" if shown.kind == "train" and shown.epochs else ""
        told = last_seen(shown, time.time()) if shown.state == "lost" else epoch
        if entry.lost is not None:
            told = f"Out of reach, {last_seen_words(entry.lost, time.time())}"
        self._epoch.setText("  ·  ".join(part for part in (told, best_explained(shown)) if part))
        self._left.setText(eta_text(shown))
        self.make_clickable(f"Continue with {name}")
        where = f" It is on {place_label(entry.place)}." if is_elsewhere(entry.place) else ""
        self.setAccessibleDescription(f"{word}. {told} {eta_text(shown)}".strip() + where)

    def _open(self) -> None:
        self.opened.emit(self._run)


class ContinueSection(QWidget):
    """A card for each run at work; hidden when there are none."""

    opened = Signal(str)
    """A card was clicked: the run."""

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        layout.addWidget(text_label("Continue", "section"))
        self._flow = FlowLayout(SPACE.m, _CARD_WIDTH)
        layout.addLayout(self._flow)
        self.cards: dict[str, ContinueCard] = {}
        self.hide()

    def show_entries(self, entries: Sequence[RunEntry]) -> None:
        """Show these runs; cards of runs that stay are changed in place."""
        if [entry.row.run for entry in entries] != list(self.cards):
            self._flow.clear()
            self.cards = {}
            for entry in entries:
                card = ContinueCard(entry.row.run)
                card.opened.connect(self.opened)
                self.cards[entry.row.run] = card
                self._flow.addWidget(card)
        for entry in entries:
            self.cards[entry.row.run].show_entry(entry)
        self.setVisible(bool(entries))

    def show_entry(self, entry: RunEntry) -> bool:
        """Show how one of them has gone on; False when it has no card."""
        card = self.cards.get(entry.row.run)
        if card is not None:
            card.show_entry(entry)
        return card is not None


class AwaySection(Card):
    """What came to an end while the window was closed; hidden when nothing did."""

    opened = Signal(str)
    """A run was clicked."""
    dismissed = Signal()
    """It was read."""
    all_wanted = Signal()
    """There is more than fits."""

    def __init__(self) -> None:
        super().__init__(spacing=SPACE.s, margins=(SPACE.l, SPACE.m, SPACE.m, SPACE.m))
        head = row()
        head.addWidget(text_label("While you were away", "section"), 1)
        self._close = IconButton("ph.x", "Dismiss what happened while you were away")
        on_click(self._close, self.dismissed.emit)
        head.addWidget(self._close)
        self.body.addLayout(head)
        self._list = column(SPACE.xs)
        self.body.addLayout(self._list)
        self.links: dict[str, Button] = {}
        self._shown: list[str] = []
        self.hide()

    def show_runs(self, rows: Sequence[RunRow], parents: Mapping[str, RunRow]) -> None:
        """Tell of these runs, the last first."""
        wanted = [f"{shown.run} {shown.state}" for shown in rows]
        self.setVisible(bool(rows))
        if wanted == self._shown:
            return
        self._shown = wanted
        self._clear()
        for number, shown in enumerate(rows[:_MOST_TOLD]):
            if number:
                self._list.addWidget(divider())
            self._list.addWidget(self._line(RunEntry(shown, parents.get(shown.parent or ""))))
        if len(rows) > _MOST_TOLD:
            more = Button(f"{len(rows) - _MOST_TOLD} more under Jobs", kind="link")
            on_click(more, self.all_wanted.emit)
            self._list.addWidget(more, alignment=Qt.AlignmentFlag.AlignLeft)

    def tab_stops(self) -> list[QWidget]:
        """Give what the Tab key visits, in the order of the eye."""
        return [self._close, *self.links.values()]

    def _line(self, entry: RunEntry) -> QWidget:
        shown = entry.row
        line = QWidget()
        layout = QHBoxLayout(line)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        layout.addWidget(
            IconLabel(*_STATE_ICONS.get(shown.state, ("ph.stop-circle", "text3")), SIZE.icon_large)
        )
        link = Button(entry.name, kind="link")
        link.setProperty("run", shown.run)
        link.clicked.connect(self._clicked)
        self.links[shown.run] = link
        layout.addWidget(link)
        layout.addWidget(ElidedLabel(away_words(shown), "muted"), 1)
        layout.addWidget(text_label(when_text(shown.ended, time.time()), "caption"))
        return line

    def _clear(self) -> None:
        self.links = {}
        while (item := self._list.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()

    def _clicked(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.opened.emit(str(sender.property("run")))


def away_words(shown: RunRow) -> str:
    """Say in one sentence what became of a run."""
    if shown.state == "failed":
        return f"failed. {shown.failure.message}" if shown.failure is not None else "failed."
    if shown.state == "lost":
        return "stopped answering. It may still be at work."
    word = state_words(shown)[0].lower()
    best = best_explained(shown)
    return f"{word}. {best}." if best else f"{word}."


def ended_between(rows: Sequence[RunRow], since: float, until: float) -> list[RunRow]:
    """Give the runs that came to an end after `since` and before `until` (Unix seconds).

    What went wrong comes first, then the last; what the user threw away is not told.
    """
    found = [(row.ended, row) for row in rows if row.ended is not None and since < row.ended <= until]
    told = [(row.state in _BAD, ended, row) for ended, row in found if row.state != "cancelled"]
    return [row for *_, row in sorted(told, key=lambda entry: entry[:2], reverse=True)]
