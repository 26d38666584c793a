"""The line of cards with a result's metrics, and the curve of each up to that result."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop.models.result import Result
from desktop.models.result_browser import ResultBrowser
from desktop.tasks.task import TaskView
from desktop.theme.tokens import SPACE
from desktop.widgets.card import row
from desktop.widgets.metric_card import MetricCard

CARD_ROLES = ("s3", "s6", "s1", "s2", "s4")
"""Colours of the cards' curves; a task fills as many cards as there are."""


class ResultCards(QWidget):
    """Says how good the model is, and whether it got better."""

    def __init__(self) -> None:
        super().__init__()
        line = row(SPACE.m)
        self.setLayout(line)
        self.cards = [MetricCard("", role) for role in CARD_ROLES]
        for card in self.cards:
            line.addWidget(card, 1)

    def show_result(self, result: Result, view: TaskView, browser: ResultBrowser) -> None:
        """Show a result's metrics; `browser` knows what was measured before it."""
        before = browser.before(result.key)
        facts = view.cards(
            result,
            before.metrics if before is not None else None,
            f"epoch {before.epoch}" if before is not None else "",
        )
        for card, fact in zip(self.cards, facts, strict=False):
            card.set_name(fact.title)
            history = browser.history(result.key, fact.metric)
            card.show_value(fact.value, change=fact.note, good=fact.is_good, series=history)
