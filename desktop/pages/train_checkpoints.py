"""The list of a run's checkpoints, and the menu that a checkpoint has wherever it is shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from desktop.context import Context
from desktop.models.live_run import LiveRun
from desktop.models.place_checkpoints import CheckpointsAway
from desktop.models.run_words import kind_word, metric_text, metric_words, plural, size_words
from desktop.tasks.task import find_view
from desktop.theme.fonts import font
from desktop.theme.tokens import SIZE, SPACE, TYPE
from desktop.widgets.buttons import Button
from desktop.widgets.card import Card, row
from desktop.widgets.labels import text_label
from engine.protocol.job import ACTIVE_STATES
from engine.store.measurements import CheckpointRow

_COLUMNS = ("Checkpoint", "Type", "Epoch", "Metrics", "Size", "Saved", "")
_ACTION = 6
_ACTION_WIDTH = 110
_NUMBERS = (2, 4)
_ROW = 38


class CheckpointsView(Card):
    """Epoch, type, metrics and size of each; the total; pruning."""

    def __init__(self, context: Context, run: LiveRun, away: CheckpointsAway) -> None:
        super().__init__(margins=(SPACE.l, SPACE.m, SPACE.l, SPACE.m))
        self._context = context
        self._run = run
        self._away = away
        head = row(SPACE.s)
        head.addWidget(text_label("Checkpoints", "section"))
        self.total = text_label("", "caption")
        head.addWidget(self.total)
        head.addStretch(1)
        self.bring = Button("Bring all home", "ph.cloud-arrow-down")
        self.bring.explain("Copy all checkpoints here that were left on the other machine")
        self.bring.clicked.connect(self._bring_all)
        head.addWidget(self.bring)
        self.prune = Button("Keep only best and last", "ph.trash-simple")
        self.prune.explain("Delete all other checkpoints of this run; it can be undone for ten seconds")
        self.prune.clicked.connect(self._prune)
        head.addWidget(self.prune)
        self.body.addLayout(head)
        self.empty = text_label("The first checkpoint is saved at the end of the first epoch.", "muted")
        self.body.addWidget(self.empty)
        self.table = _table()
        self.table.customContextMenuRequested.connect(self._menu_at)
        self.table.activated.connect(self._activated)
        self.body.addWidget(self.table, 1)
        if isinstance(self.body, QVBoxLayout):
            self.body.addStretch(0)
        run.loaded.connect(self.fill)
        run.checkpoints_changed.connect(self.fill)
        away.changed.connect(self.fill)

    def fill(self) -> None:
        """Show the checkpoints, newest first."""
        found = list(reversed(self._run.checkpoints))
        size = sum(checkpoint.size_bytes for checkpoint in found)
        self.total.setText(f"{plural(len(found), 'checkpoint')}, {size_words(size)}" if found else "")
        away = [checkpoint.name for checkpoint in found if checkpoint.name in self._away.names]
        self.bring.setVisible(len(away) > 1)
        self.bring.setEnabled(any(self._away.share(name) is None for name in away))
        self.prune.setVisible(len(found) > 2 and not away)
        self.empty.setVisible(not found)
        self.table.setVisible(bool(found))
        self.table.setRowCount(len(found))
        for number, checkpoint in enumerate(found):
            for place, text in enumerate(self._cells(checkpoint)):
                cell = QTableWidgetItem(text)
                cell.setData(Qt.ItemDataRole.UserRole, checkpoint.name)
                if place in _NUMBERS:
                    cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                    cell.setFont(font(TYPE.body, tabular=True))
                self.table.setItem(number, place, cell)
            self._offer_home(number, checkpoint.name)
        self.table.setColumnHidden(_ACTION, not away)

    def _offer_home(self, line: int, name: str) -> None:
        """Beside a checkpoint that is not here stands what brings it."""
        self.table.removeCellWidget(line, _ACTION)
        if name not in self._away.names:
            return
        share = self._away.share(name)
        made = Button("Bring home" if share is None else f"{share:.0%} here", kind="link")
        made.setAccessibleName(f"Bring the checkpoint {name} home from {self._away.host}")
        made.setEnabled(share is None)
        made.setProperty("checkpoint", name)
        made.clicked.connect(self._bring)
        self.table.setCellWidget(line, _ACTION, made)

    def _bring(self) -> None:
        sender = self.sender()
        if sender is not None:
            self._away.fetch(str(sender.property("checkpoint")))

    def _bring_all(self) -> None:
        self._away.fetch()

    def _told(self) -> tuple[str, ...]:
        """The metrics of a checkpoint that are told: what the task is measured by, and the loss."""
        row = self._run.row
        view = find_view(row.task) if row is not None else None
        headline = view.headline if view is not None else ()
        return (self._run.main_metric or "", *(f"val/{name}" for name in (*headline, "loss")))

    def _cells(self, checkpoint: CheckpointRow) -> tuple[str, ...]:
        told = self._told()
        metrics = "  ·  ".join(
            f"{metric_words(name)} {metric_text(name, value)}"
            for name, value in checkpoint.metrics.items()
            if name in told
        )
        meta = self._run.folder.checkpoints / checkpoint.name / "meta.json"
        try:
            saved = datetime.fromtimestamp(meta.stat().st_mtime).astimezone().strftime("%d %b, %H:%M")
        except OSError:
            saved = "not on disk"
        if checkpoint.name in self._away.names:
            saved = f"on {self._away.host}"
        size = size_words(checkpoint.size_bytes)
        return (checkpoint.name, kind_word(checkpoint), str(checkpoint.epoch), metrics, size, saved, "")

    def _prune(self) -> None:
        self._context.actions.prune_checkpoints(self._run.run)

    def _menu_at(self, place: QPoint) -> None:
        cell = self.table.itemAt(place)
        if cell is not None:
            name = str(cell.data(Qt.ItemDataRole.UserRole))
            self._open_menu(name, self.table.viewport().mapToGlobal(place))

    def _activated(self) -> None:
        cell = self.table.currentItem()
        if cell is not None:
            name = str(cell.data(Qt.ItemDataRole.UserRole))
            corner = self.table.viewport().mapToGlobal(self.table.visualItemRect(cell).bottomLeft())
            self._open_menu(name, corner)

    def _open_menu(self, name: str, place: QPoint) -> None:
        open_checkpoint_menu(self._context, self._run, self._away, name, place)


def open_checkpoint_menu(
    context: Context, run: LiveRun, away: CheckpointsAway, name: str, place: QPoint
) -> None:
    """Offer what can be done with a checkpoint: validate, predict, export, resume from, delete.

    One that is not here can be brought home first.
    """
    found = run.row
    menu = QMenu()
    menu.addSection(name)
    if name in away.names:
        bring = menu.addAction(f"Bring home from {away.host}")
        bring.setEnabled(away.share(name) is None)
        if menu.exec(place) is bring:
            away.fetch(name)
        return
    actions: dict[str, Callable[[], object]] = {
        "Validate on…": lambda: context.go("validate", run=run.run, checkpoint=name, evaluate=True),
        "Predict with it": lambda: context.go("predict", run=run.run, checkpoint=name),
        "Export it": lambda: context.go("export", run=run.run, checkpoint=name),
    }
    can_resume = (
        found is not None and found.kind == "train" and found.state in ("paused", "stopped", "failed")
    )
    if can_resume:
        actions["Resume from here"] = lambda: context.actions.resume(run.run, name)
    actions["Delete"] = lambda: context.actions.delete_checkpoint(run.run, name)
    made = {menu.addAction(text): act for text, act in actions.items()}
    if found is not None and found.state in ACTIVE_STATES and name == "last":
        next(action for action in made if action.text() == "Delete").setEnabled(False)
    chosen = menu.exec(place)
    if chosen is not None:
        made[chosen]()


def _table() -> QTableWidget:
    table = QTableWidget(0, len(_COLUMNS))
    table.setHorizontalHeaderLabels(list(_COLUMNS))
    table.setAccessibleName("Checkpoints")
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(_ROW)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setHighlightSections(False)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(_ACTION, QHeaderView.ResizeMode.Fixed)
    table.setColumnWidth(_ACTION, _ACTION_WIDTH)
    header.setMinimumSectionSize(2 * SIZE.control)
    table.setShowGrid(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    table.setTabKeyNavigation(False)
    return table
