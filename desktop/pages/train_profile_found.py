"""What a profile found, laid out: where the time of a step goes, what to do about it, and torch's operators."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QProgressBar, QWidget

from desktop.models.profile import facts, part_words, step_time
from desktop.models.rehearsal_words import rough_time
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.card import Card, column
from desktop.widgets.labels import ElidedLabel, divider, text_label
from engine.protocol.profile import Profile

_FINE = 1000
_LEAST_SHOWN = 0.0005
_MOST_OPERATORS = 20


class ProfileView(QWidget):
    """Everything of one profile.

    Args:
        profile: as the engine wrote it.
    """

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        layout = column(SPACE.m)
        self.setLayout(layout)
        layout.addWidget(text_label(facts(profile), "muted", wrap=True))
        layout.addWidget(_parts(profile))
        for note in profile.notes:
            layout.addWidget(text_label(note, "caption", wrap=True))
        if profile.operators:
            layout.addWidget(_operators(profile))
        layout.addStretch(1)


def _parts(profile: Profile) -> Card:
    """A bar for each part of a step, the largest first, with its remedy below."""
    card = Card(spacing=SPACE.s)
    card.body.addWidget(text_label("Where the time of a step goes", "strong"))
    grid = QGridLayout()
    grid.setHorizontalSpacing(SPACE.m)
    grid.setVerticalSpacing(SPACE.s)
    grid.setColumnStretch(1, 1)
    line = 0
    for part in sorted(profile.rows, key=lambda one: -one.seconds):
        if part.share < _LEAST_SHOWN:
            continue
        words, taken = f"{part.share:.1%}", step_time(profile, part.seconds)
        grid.addWidget(text_label(part_words(part)), line, 0)
        grid.addWidget(_bar(part.share, f"{part_words(part)}: {words}, {taken} a step"), line, 1)
        grid.addWidget(_number(words), line, 2)
        grid.addWidget(_number(taken, "muted"), line, 3)
        line += 1
        if part.remedy:
            grid.addWidget(text_label(part.remedy, "caption", wrap=True), line, 0, 1, 4)
            line += 1
    card.body.addLayout(grid)
    return card


def _operators(profile: Profile) -> Card:
    card = Card(spacing=SPACE.s)
    card.body.addWidget(text_label("Operators", "strong"))
    card.body.addWidget(
        text_label("Of torch, each without those that it calls; the most expensive first.", "caption")
    )
    card.body.addWidget(divider())
    grid = QGridLayout()
    grid.setHorizontalSpacing(SPACE.xl)
    grid.setVerticalSpacing(SPACE.xs)
    grid.setColumnStretch(0, 1)
    for place, heading in enumerate(("Operator", "Calls", "Time", "Share")):
        made = text_label(heading, "caption")
        grid.addWidget(made, 0, place, Qt.AlignmentFlag.AlignRight if place else Qt.AlignmentFlag.AlignLeft)
    for line, operator in enumerate(profile.operators[:_MOST_OPERATORS], start=1):
        grid.addWidget(ElidedLabel(operator.name, "mono"), line, 0)
        cells = (f"{operator.calls:,}", rough_time(operator.seconds), f"{operator.share:.1%}")
        for place, words in enumerate(cells, start=1):
            grid.addWidget(_number(words), line, place)
    card.body.addLayout(grid)
    return card


def _bar(share: float, words: str) -> QProgressBar:
    bar = QProgressBar()
    bar.setTextVisible(False)
    bar.setRange(0, _FINE)
    bar.setValue(round(_FINE * min(1.0, share)))
    bar.setAccessibleName(words)
    return bar


def _number(words: str, role: str | None = None) -> QLabel:
    label = text_label(words, role)
    label.setFont(font(TYPE.body, tabular=True))
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label
