"""What a rehearsal found, laid out: figures, warnings, proposals with ticks, and what was tried."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QWidget

from desktop.models.rehearsal_words import circumstances, figures_of, proposal_title, tried_rows
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.figure import FigureCard
from desktop.widgets.labels import divider, plain_tip, text_label
from desktop.widgets.message_banner import Banner
from engine.protocol.rehearsal import Proposal, Rehearsal

_COLUMNS = 3


class ProposalCard(Card):
    """Changes that would suit the machine better; the ticked ones are applied.

    Args:
        proposals: at least one.
    """

    applied = Signal(list)
    """The ticked proposals."""

    def __init__(self, proposals: Sequence[Proposal]) -> None:
        super().__init__(spacing=SPACE.s)
        self._proposals = tuple(proposals)
        self.body.addWidget(text_label("Proposals", "strong"))
        self.boxes: list[QCheckBox] = []
        for proposal in self._proposals:
            box = QCheckBox(proposal_title(proposal).replace("&", "&&"))
            box.setChecked(True)
            box.setToolTip(plain_tip(proposal.why))
            box.setAccessibleDescription(proposal.why)
            box.toggled.connect(self._ticked)
            self.boxes.append(box)
            words = column(SPACE.xxs)
            words.addWidget(box)
            why = text_label(proposal.why, "caption", wrap=True)
            why.setContentsMargins(SPACE.xl, 0, 0, 0)
            words.addWidget(why)
            self.body.addLayout(words)
        line = row()
        self.apply = Button("Apply", "ph.check", "primary")
        self.apply.explain("Write the ticked values into the form; Undo there takes them back")
        on_click(self.apply, self._apply)
        line.addWidget(self.apply)
        line.addStretch(1)
        self.body.addLayout(line)

    def _ticked(self) -> None:
        self.apply.setEnabled(any(box.isChecked() for box in self.boxes))

    def _apply(self) -> None:
        pairs = zip(self._proposals, self.boxes, strict=True)
        self.applied.emit([proposal for proposal, box in pairs if box.isChecked()])


class FoundView(QWidget):
    """Everything of one rehearsal.

    Args:
        found: its figures.
    """

    applied = Signal(list)

    def __init__(self, found: Rehearsal) -> None:
        super().__init__()
        layout = column(SPACE.m)
        self.setLayout(layout)
        for warning in found.warnings:
            layout.addWidget(Banner("warn", warning.message, warning.remedy))
        layout.addLayout(self._figures(found))
        layout.addWidget(text_label(circumstances(found), "muted", wrap=True))
        self.proposals: ProposalCard | None = None
        if found.proposals:
            self.proposals = ProposalCard(found.proposals)
            self.proposals.applied.connect(self.applied)
            layout.addWidget(self.proposals)
        else:
            layout.addWidget(
                text_label("There is nothing to propose: these settings suit this machine.", "muted")
            )
        if len(found.tried) > 1:
            layout.addWidget(_tried(found))
        for told in found.not_measured:
            layout.addWidget(text_label(told, "caption", wrap=True))
        layout.addStretch(1)

    def _figures(self, found: Rehearsal) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(SPACE.s)
        for number, figure in enumerate(figures_of(found)):
            card = FigureCard(figure.name, figure.value, figure.detail, figure.tone)
            grid.addWidget(card, number // _COLUMNS, number % _COLUMNS)
        for place in range(_COLUMNS):
            grid.setColumnStretch(place, 1)
        return grid


def _tried(found: Rehearsal) -> Card:
    """The batch sizes that were measured."""
    card = Card(spacing=SPACE.s)
    card.body.addWidget(text_label("Batch sizes tried", "strong"))
    card.body.addWidget(divider())
    grid = QGridLayout()
    grid.setHorizontalSpacing(SPACE.xl)
    grid.setVerticalSpacing(SPACE.xs)
    for place, heading in enumerate(("Batch size", "Speed", "Memory")):
        grid.addWidget(text_label(heading, "caption"), 0, place)
        grid.setColumnStretch(place, 1)
    for line, cells in enumerate(tried_rows(found.tried), start=1):
        for place, words in enumerate(cells):
            label = text_label(words)
            label.setFont(font(TYPE.body, tabular=True))
            grid.addWidget(label, line, place, Qt.AlignmentFlag.AlignLeft)
    card.body.addLayout(grid)
    return card
