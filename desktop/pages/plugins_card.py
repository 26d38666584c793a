"""One plugin as a card of the plugins page: who it is, whether it is ready, and if not, the last line of why."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from desktop.models.plugin_cards import (
    breakable,
    byline,
    is_strict,
    key_of,
    last_words,
    origin,
    place_of,
    status_of,
    title_of,
)
from desktop.tasks.task import task_icon as task_icon_of
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.card import Card, column, row
from desktop.widgets.clamped_label import ClampedLabel
from desktop.widgets.flow_layout import FlowLayout
from desktop.widgets.labels import ElidedLabel, IconLabel, IconTile, set_role, text_label
from desktop.widgets.pill import Pill
from engine.protocol.catalog import PluginEntry

MOST_TAGS = 3
_MOST_LINES = 3
_TONES = {"ok": "good", "warn": "warning", "bad": "error"}


def task_icon(entry: PluginEntry) -> str:
    """The sign of what a plugin's model does."""
    about = entry.metadata
    return task_icon_of(about.task_type) if about is not None else "ph.puzzle-piece"


class StatusLine(QWidget):
    """Ready, or what is wrong: a sign and words in one colour."""

    def __init__(self, entry: PluginEntry) -> None:
        super().__init__()
        status = status_of(entry)
        line = row(SPACE.xs)
        self.setLayout(line)
        line.addWidget(IconLabel(status.icon, status.tone, SIZE.icon))
        self.words = text_label(status.text, _TONES[status.tone])
        line.addWidget(self.words)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(status.text)


class PluginCard(Card):
    """A card that is opened by a click, Enter or Space.

    Args:
        entry: of the catalogue.
    """

    opened = Signal(tuple)
    """The entry's key."""

    def __init__(self, entry: PluginEntry) -> None:
        super().__init__(spacing=SPACE.s, margins=(SPACE.l, SPACE.l, SPACE.l, SPACE.m))
        self.entry = entry
        self.status = status_of(entry)
        self.make_clickable(f"{title_of(entry)}, {self.status.text}")
        if self.status.tone == "bad":
            self.setProperty("tone", "bad")
        self.body.addLayout(self._head())
        self.body.addWidget(self._words())
        if (tags := self._tags()) is not None:
            self.body.addWidget(tags)
        self.body.addStretch(1)
        self.body.addLayout(self._foot())
        self.clicked.connect(self._tell)

    def mark_open(self, is_open: bool) -> None:
        """Show that this card's details are beside it."""
        calm = "bad" if self.status.tone == "bad" else None
        set_role(self, "tone", "accent" if is_open else calm)

    def _head(self) -> QHBoxLayout:
        line = row(SPACE.m)
        line.addWidget(IconTile(task_icon(self.entry), "bad" if self.status.tone == "bad" else "accent"))
        names = column(SPACE.xxs)
        title = row(SPACE.s)
        title.addWidget(ElidedLabel(title_of(self.entry), "strong"), 1)
        about = self.entry.metadata
        if about is not None and about.recommended:
            title.addWidget(Pill("Recommended", "info"))
        names.addLayout(title)
        names.addWidget(ElidedLabel(byline(self.entry), "caption"))
        line.addLayout(names, 1)
        return line

    def _words(self) -> ClampedLabel:
        errors = [problem for problem in self.entry.problems if problem.severity == "error"]
        if errors:
            place = place_of(errors[0])
            words = last_words(errors[0])
            return ClampedLabel(breakable(f"{place}  {words}" if place else words), "mono", _MOST_LINES)
        if self.entry.missing_requirements:
            words = f"Not installed: {', '.join(self.entry.missing_requirements)}."
            return ClampedLabel(words, "muted", _MOST_LINES)
        about = self.entry.metadata
        words = (about.description if about else "") or "No description."
        return ClampedLabel(words, "muted", _MOST_LINES)

    def _tags(self) -> QWidget | None:
        tags = self.entry.metadata.tags if self.entry.metadata is not None else []
        if not tags:
            return None
        holder = QWidget()
        flow = FlowLayout(SPACE.xs)
        holder.setLayout(flow)
        for tag in tags[:MOST_TAGS]:
            flow.addWidget(Pill(tag, "muted"))
        if len(tags) > MOST_TAGS:
            flow.addWidget(Pill(f"+{len(tags) - MOST_TAGS}", "muted"))
        policy = holder.sizePolicy()
        policy.setHeightForWidth(True)
        holder.setSizePolicy(policy)
        return holder

    def _foot(self) -> QHBoxLayout:
        line = row(SPACE.s)
        line.addWidget(StatusLine(self.entry))
        line.addStretch(1)
        licence = self.entry.metadata.licence if self.entry.metadata is not None else ""
        if is_strict(licence):
            line.addWidget(Pill(licence, "warn"))
        elif licence:
            line.addWidget(text_label(licence, "caption"))
        line.addWidget(text_label(origin(self.entry), "caption"))
        return line

    def _tell(self) -> None:
        self.opened.emit(key_of(self.entry))
