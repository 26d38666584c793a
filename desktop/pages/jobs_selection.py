"""The bar under the history: what can be done with the chosen runs, and why one of them failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.models.run_comparison import MOST_RUNS
from desktop.models.run_table_entry import RunEntry
from desktop.models.run_words import without_commands
from desktop.pages.jobs_orders import RunOrders
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import column, row
from desktop.widgets.labels import ElidedLabel, divider
from desktop.widgets.message_banner import Banner

_IN_BAR: Final = ("open", "resume", "validate", "predict", "export", "forget")
"""Orders that are worth a button; the others are in the menu."""


class SelectionBar(QWidget):
    """Hidden while nothing is chosen."""

    compare_wanted = Signal()
    """The chosen trainings shall be compared."""
    delete_wanted = Signal()
    """The chosen runs shall go to the trash."""
    menu_wanted = Signal()
    """All orders for the chosen run are wanted."""

    def __init__(self, orders: RunOrders) -> None:
        super().__init__()
        self._orders = orders
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(divider())
        inner = column(SPACE.s)
        inner.setContentsMargins(SPACE.page, SPACE.s, SPACE.page, SPACE.s)
        layout.addLayout(inner)
        self.banner = Banner("bad")
        self.banner.hide()
        inner.addWidget(self.banner)
        line = row()
        self._name = ElidedLabel("", "strong")
        line.addWidget(self._name, 1)
        self._buttons = row()
        line.addLayout(self._buttons)
        inner.addLayout(line)
        self._shown: list[RunEntry] = []
        self.hide()

    def show_chosen(self, chosen: Sequence[RunEntry]) -> None:
        """Offer what can be done with these runs."""
        if list(chosen) == self._shown and self.isVisible() == bool(chosen):
            return
        self._shown = list(chosen)
        self.setVisible(bool(chosen))
        self._clear()
        if len(chosen) == 1:
            self._offer_one(chosen[0])
        elif chosen:
            self._offer_several(chosen)
        self._explain(chosen[0] if len(chosen) == 1 else None)

    def _offer_one(self, entry: RunEntry) -> None:
        self._name.setText(entry.name)
        for order in self._orders.for_entry(entry):
            if order.key in _IN_BAR:
                on_click(self._add(order.text, order.icon), order.act)
        if not entry.is_folder_gone:
            on_click(self._add("Delete", "ph.trash", "danger"), self.delete_wanted.emit)
        on_click(self._add("More", "ph.dots-three"), self.menu_wanted.emit)

    def _offer_several(self, chosen: Sequence[RunEntry]) -> None:
        trainings = sum(entry.row.kind == "train" for entry in chosen)
        self._name.setText(f"{len(chosen)} runs chosen")
        if 1 < trainings <= MOST_RUNS:
            on_click(self._add("Compare", "ph.chart-line"), self.compare_wanted.emit)
        elif trainings > MOST_RUNS:
            self._name.setText(f"{len(chosen)} runs chosen. Choose up to {MOST_RUNS} to compare them.")
        on_click(self._add(f"Delete {len(chosen)}", "ph.trash", "danger"), self.delete_wanted.emit)

    def _explain(self, entry: RunEntry | None) -> None:
        """Tell why the run failed, with the ways to try again beside it."""
        failure = entry.row.failure if entry is not None and entry.row.state == "failed" else None
        self.banner.setVisible(failure is not None)
        if entry is None or failure is None:
            return
        self.banner.say("bad", failure.message, without_commands(failure.hint))
        self.banner.clear_actions()
        if not entry.is_folder_gone:
            for order in self._orders.again(entry.row):
                self.banner.add_action(order.text, order.act, order.kind)
        details = failure.traceback or "\n".join(failure.log_tail)
        self.banner.offer_details(f"{failure.message}\n{failure.hint}\n{details}".strip())

    def _add(self, text: str, icon: str, kind: str | None = None) -> Button:
        made = Button(text, icon, kind)
        self._buttons.addWidget(made)
        return made

    def _clear(self) -> None:
        while (item := self._buttons.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
