"""The trash: deleted runs, each of which can be brought back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.context import Context
from desktop.models.run_table_text import KIND_NOUNS
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import Button
from desktop.widgets.card import column, row
from desktop.widgets.dialogs import Sheet
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.labels import ElidedLabel, divider
from engine.errors import UserError
from engine.protocol.run_folder import RunFolder

_MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Discarded:
    """A run in the trash."""

    run: str
    name: str
    about: str


class TrashSheet(Sheet):
    """Lists what was deleted, newest first."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent, "Trash", SIZE.sheet)
        self._context = context
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setMinimumHeight(SIZE.setup_pane)
        self.body.addWidget(self._area)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        context.background.run(list_trash, context.home.trash, then=self._show, failed=self._fail, owner=self)

    def _show(self, discarded: list[Discarded]) -> None:
        if not discarded:
            self._area.setWidget(
                EmptyState(
                    "ph.trash",
                    "The trash is empty",
                    "Runs that you delete wait here until you bring them back.",
                )
            )
            return
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(0, 0, SPACE.s, 0)
        layout.setSpacing(SPACE.s)
        for item in discarded[:_MOST_SHOWN]:
            layout.addLayout(self._line(item))
            layout.addWidget(divider())
        layout.addStretch(1)
        self._area.setWidget(inside)

    def _line(self, item: Discarded) -> QHBoxLayout:
        line = row(SPACE.m)
        words = column(0)
        words.addWidget(ElidedLabel(item.name, "strong"))
        words.addWidget(ElidedLabel(item.about, "caption"))
        line.addLayout(words, 1)
        restore = Button("Restore", "ph.arrow-counter-clockwise")
        restore.setAccessibleName(f"Restore {item.name}")
        restore.setProperty("run", item.run)
        restore.clicked.connect(self._restore)
        line.addWidget(restore)
        return line

    def _restore(self) -> None:
        sender = self.sender()
        if isinstance(sender, Button):
            self._context.actions.restore(str(sender.property("run")))
            sender.setEnabled(False)
            sender.setText("Restored")

    def _fail(self, error: Exception) -> None:
        self._context.toast("The trash cannot be read", "bad", str(error))
        self.reject()


def list_trash(folder: Path) -> list[Discarded]:
    """Read what lies in the trash, newest first; a folder that cannot be read is listed by its id."""
    names = (
        sorted((entry.name for entry in folder.iterdir() if entry.is_dir()), reverse=True)
        if folder.is_dir()
        else []
    )
    return [_read(RunFolder(folder / name)) for name in names if not name.startswith(".")]


def _read(folder: RunFolder) -> Discarded:
    try:
        job = folder.job()
    except UserError:
        return Discarded(folder.run, folder.run, "Its job cannot be read.")
    name = job.name or f"{job.plugin.model or job.plugin.id} · {folder.run.rpartition('-')[2]}"
    dataset = job.dataset.name if job.dataset is not None else ""
    about = " · ".join(part for part in (KIND_NOUNS.get(job.kind, job.kind), dataset, folder.run) if part)
    return Discarded(folder.run, name, about)
