"""The runs that have come to an end: found, sorted, chosen, and what to do with them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QMenu, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from desktop.models.run_table import RunTableModel
from desktop.models.run_table_entry import RunColumn, RunEntry, RunFilter
from desktop.pages.jobs_filter import FilterBar
from desktop.pages.jobs_orders import RunOrders
from desktop.pages.jobs_selection import SelectionBar
from desktop.pages.jobs_table import ROW_HEIGHT, RunTableView
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import Card, row
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.labels import text_label

_LEAST_ROWS = 6
_TICK_MS = 30_000
"""How often times seen from now are painted anew."""


class HistorySection(QWidget):
    """Heading, filters and table; the page places `bar` where it is always seen."""

    compare_wanted = Signal(list)
    """Ids of the trainings that shall be compared."""
    trash_wanted = Signal()
    """The trash shall be shown."""

    def __init__(self, orders: RunOrders) -> None:
        super().__init__()
        self._orders = orders
        self.model = RunTableModel(parent=self)
        self.view = RunTableView(self.model, "History of runs")
        self.filters = FilterBar()
        self.bar = SelectionBar(orders)
        self._none = EmptyState(
            "ph.magnifying-glass",
            "No run fits",
            "Search for something else, or show all runs again.",
            "Show all runs",
        )
        self._trash = Button("Trash", "ph.trash", "ghost")
        self._trash.explain("Show deleted runs, and bring them back")
        self._stack = QStackedWidget()
        self._build()
        self._connect()
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self.model.tick)
        self._tick.start()

    def show_entries(self, entries: Sequence[RunEntry]) -> None:
        """Show these runs."""
        self.model.set_entries(entries)
        self.filters.offer(self.model.choices())
        self.view.show_machines(self.model.has_machines)
        self.setVisible(bool(entries))
        self._show_chosen()

    def chosen(self) -> list[RunEntry]:
        rows = [self.model.row_of(run) for run in self.view.chosen_runs()]
        return [self.model.entry(at) for at in rows if at is not None]

    def choose(self, run: str) -> None:
        """Select a run; filters that hide it are cleared."""
        if self.model.row_of(run) is None and self.model.filter != RunFilter():
            self.filters.clear()
        self.view.choose(run)

    def tab_stops(self) -> list[QWidget]:
        """Give what the Tab key visits, in the order of the eye."""
        return [self._trash, *self.filters.tab_stops(), self.view]

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        head = row()
        head.addWidget(text_label("History", "section"))
        head.addStretch(1)
        on_click(self._trash, self.trash_wanted.emit)
        head.addWidget(self._trash)
        layout.addLayout(head)
        layout.addWidget(self.filters)
        card = Card(spacing=0, margins=(SPACE.xs, SPACE.xs, SPACE.xs, SPACE.xs))
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._none)
        self._stack.setMinimumHeight(_LEAST_ROWS * ROW_HEIGHT)
        self._stack.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        card.body.addWidget(self._stack)
        layout.addWidget(card, 1)
        self.view.setSortingEnabled(True)
        started = self.model.columns.index(RunColumn.STARTED)
        self.view.sortByColumn(started, Qt.SortOrder.DescendingOrder)

    def _connect(self) -> None:
        self.filters.changed.connect(self.model.set_filter)
        self.model.counted.connect(self._counted)
        self.model.dataChanged.connect(self._show_chosen)
        self._none.acted.connect(self.filters.clear)
        self.view.opened.connect(self._open)
        self.view.chosen.connect(self._show_chosen)
        self.view.delete_wanted.connect(self._delete)
        self.view.menu_wanted.connect(self._open_menu)
        self.bar.delete_wanted.connect(self._delete)
        self.bar.compare_wanted.connect(self._compare)
        self.bar.menu_wanted.connect(self._open_menu_here)

    def _counted(self, shown: int, everything: int) -> None:
        self.filters.say_count(shown, everything)
        self._stack.setCurrentWidget(self._none if everything and not shown else self.view)

    def _show_chosen(self) -> None:
        self.bar.show_chosen(self.chosen())

    def _open(self, run: str) -> None:
        at = self.model.row_of(run)
        if at is not None:
            self._orders.open(self.model.entry(at))

    def _delete(self) -> None:
        chosen = self.chosen()
        self.view.clearSelection()
        self._orders.delete(chosen)

    def _compare(self) -> None:
        self.compare_wanted.emit([entry.row.run for entry in self.chosen() if entry.row.kind == "train"])

    def _open_menu_here(self) -> None:
        self._open_menu(QCursor.pos())

    def _open_menu(self, place: QPoint) -> None:
        menu = self.make_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def make_menu(self) -> QMenu:
        """Make the menu for the chosen runs."""
        menu = QMenu(self)
        chosen = self.chosen()
        if len(chosen) == 1:
            for order in self._orders.for_entry(chosen[0]):
                if order.key in ("delete", "copy", "folder"):
                    menu.addSeparator() if order.key != "copy" else None
                menu.addAction(theme.icon(order.icon), order.text, order.act)
        elif chosen:
            if sum(entry.row.kind == "train" for entry in chosen) > 1:
                menu.addAction(theme.icon("ph.chart-line"), "Compare", self._compare)
            menu.addAction(theme.icon("ph.trash"), f"Delete {len(chosen)} runs", self._delete)
        return menu
