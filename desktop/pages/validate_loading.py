"""What the Validate page shows while a result is read, and when there is none."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from desktop.pages.validate_matrix import WIDEST
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.card import column, row
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.message_banner import Banner
from desktop.widgets.skeleton import Skeleton
from engine.store.runs import RunRow

_CARDS = 5
_CARD_HEIGHT = SIZE.rail + SPACE.xl


class ResultSkeleton(QWidget):
    """Grey shapes where cards, matrix and images will be."""

    def __init__(self) -> None:
        super().__init__()
        below = column(SPACE.m)
        self.setLayout(below)
        cards = row(SPACE.m)
        for _ in range(_CARDS):
            block = Skeleton()
            block.setFixedHeight(_CARD_HEIGHT)
            cards.addWidget(block, 1)
        below.addLayout(cards)
        sides = row(SPACE.m)
        matrix = Skeleton()
        matrix.setFixedWidth(WIDEST)
        sides.addWidget(matrix)
        sides.addWidget(Skeleton(), 1)
        below.addLayout(sides, 1)


class NoResult(EmptyState):
    """Says why there is no result to look at, and how to come to one."""

    def __init__(self) -> None:
        super().__init__("ph.target", "", "", "Train a model")

    def explain(self, *, has_run: bool, has_results: bool) -> None:
        """Say which: no run at all, a run without results, or a result that cannot be read."""
        if has_results:
            self.say("This result cannot be shown", "Choose another result of the run above.")
        elif has_run:
            self.say(
                "No results of this run yet",
                "A result appears after each validated epoch. A checkpoint can be evaluated at any time.",
            )
        else:
            self.say(
                "No results yet",
                "Train a model: after each epoch you see here where it is right, and where it fails.",
            )
        if self.button is not None:
            self.button.setText("Show the run" if has_run else "Train a model")


def say_evaluation_failed(banner: Banner, shown: RunRow, show_log: Callable[[], object]) -> None:
    """Say why an evaluation that was asked for came to nothing."""
    failure = shown.failure
    banner.clear_actions()
    why = f"{failure.message} {failure.hint}".strip() if failure is not None else "It does not answer."
    banner.say("bad", "The evaluation failed", why)
    banner.add_action("Show its log", show_log)
    banner.show()
