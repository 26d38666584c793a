"""What can be done with runs, offered as one list of orders that buttons and menus share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QWidget

from desktop.context import Context
from desktop.models.place_live import MOVABLE
from desktop.models.remedy import remedy_words
from desktop.models.run_table_entry import RunEntry
from desktop.models.run_words import plural
from desktop.pages.model_versions import ModelVersions
from desktop.widgets.dialogs import ask
from engine.errors import UserError
from engine.protocol.home import Home
from engine.store.database import Store
from engine.store.runs import RunRow


@dataclass(frozen=True, slots=True)
class Order:
    """One thing to do with a run."""

    key: str
    text: str
    icon: str
    act: Callable[[], object]
    kind: str | None = None
    """How a button for it looks: primary, danger or None."""


class RunOrders:
    """Makes the orders for a run.

    Args:
        context: carries them out.
        parent: over which questions open.
    """

    def __init__(self, context: Context, parent: QWidget) -> None:
        self._context = context
        self._parent = parent
        self.versions = ModelVersions(parent, context)

    def open(self, entry: RunEntry) -> None:
        """Show a run where it is at home: an evaluation's result, an export's file, a training's curves."""
        row = entry.row
        if row.kind == "evaluate":
            self._context.go("validate", run=row.run)
        elif row.kind == "export" and row.parent is not None:
            self._context.go("export", run=row.parent)
        else:
            self._context.go("train", run=row.run)

    def open_log(self, run: str) -> None:
        self._context.go("train", run=run, view="log")

    def for_entry(self, entry: RunEntry) -> list[Order]:
        """Give all that makes sense for a run that has ended, in the order of a menu."""
        if entry.is_folder_gone:
            return [
                Order("copy", "Copy id", "ph.copy", lambda: copy_text(entry.row.run)),
                Order("forget", "Remove from the list", "ph.trash", lambda: self.forget(entry), "danger"),
            ]
        row, go = entry.row, self._context.go
        orders = [Order("open", "Open", "ph.arrow-square-out", lambda: self.open(entry))]
        orders += self.again(row)
        if has_model(row):
            orders += [
                Order("validate", "Validate", "ph.target", lambda: go("validate", run=row.run)),
                Order("predict", "Predict", "ph.magic-wand", lambda: go("predict", run=row.run)),
                Order("export", "Export", "ph.package", lambda: go("export", run=row.run)),
                Order(
                    "register",
                    "Register as a model version…",
                    "ph.tag",
                    lambda: self.versions.ask(row.run),
                ),
            ]
        if row.kind == "train" and row.state in MOVABLE and self._context.hosts.hosts():
            orders.append(
                Order("move", "Move…", "ph.arrows-left-right", lambda: go("train", run=row.run, move=True))
            )
        if row.kind == "train":
            orders += [
                Order("fork", "Fork settings", "ph.git-fork", lambda: go("train", fork=row.run)),
                Order("profile", "Profile", "ph.timer", lambda: go("train", profile_of=row.run)),
            ]
        return [
            *orders,
            Order("folder", "Open folder", "ph.folder-open", lambda: self._open_folder(row)),
            Order("copy", "Copy id", "ph.copy", lambda: copy_text(row.run)),
            Order("delete", "Delete", "ph.trash", lambda: self.delete([entry]), "danger"),
        ]

    def again(self, row: RunRow) -> list[Order]:
        """Give the ways to start an ended run again."""
        actions = self._context.actions
        resume = Order("resume", "Resume", "ph.play", lambda: actions.resume(row.run))
        if row.state in ("paused", "stopped", "lost"):
            return [resume]
        if row.state != "failed":
            return []
        orders = [Order("retry", "Retry", "ph.arrow-clockwise", lambda: actions.retry(row.run))]
        words = remedy_words(row.failure, row.config)
        if words:
            remedy = Order(
                "remedy", words, "ph.first-aid-kit", lambda: actions.retry(row.run, True), "primary"
            )
            orders.insert(0, remedy)
        return orders

    def stop(self, row: RunRow, name: str) -> None:
        """Ask how to stop a run, then do it."""
        answer = ask(
            self._parent,
            f"Stop {name}?",
            "It can go on from its last checkpoint later, unless you discard it: then its checkpoints, results "
            "and exports are deleted.",
            [("discard", "Discard", "danger"), ("stop", "Stop and keep", "primary")],
            default="stop",
        )
        if answer == "stop":
            self._context.actions.command(row.run, "stop")
        elif answer == "discard":
            self._context.actions.command(row.run, "cancel")

    def take_out(self, row: RunRow) -> None:
        """Take a waiting run out of the queue; one that was trained before stays in the history."""
        if row.attempt == 1:
            self._context.actions.take_out_of_queue(row.run)
            return

        def undo() -> None:
            self._context.actions.resume(row.run)

        def taken(_number: object) -> None:
            self._context.toast("Taken out of the queue", action=("Undo", undo))

        self._context.actions.command(row.run, "stop", then=taken)

    def delete(self, entries: list[RunEntry]) -> None:
        """Move runs to the trash, which can be undone for a while, for all of them at once."""
        for entry in entries:
            if entry.is_folder_gone:
                self.forget(entry)
        whole = [entry for entry in entries if not entry.is_folder_gone]
        if len(whole) == 1:
            self._context.actions.delete(whole[0].row.run, whole[0].name)
        elif whole:
            runs, home = [entry.row.run for entry in whole], self._context.home
            background = self._context.background
            background.run(_delete_all, runs, home, then=self._tell_deleted, failed=self._complain)

    def _tell_deleted(self, done: tuple[list[str], str]) -> None:
        deleted, trouble = done
        self._context.runs.refresh()

        def undo() -> None:
            for run in deleted:
                self._context.actions.restore(run)

        if deleted:
            self._context.toast(f"Moved {plural(len(deleted), 'run')} to the trash", action=("Undo", undo))
        if trouble:
            self._context.toast("Some runs were not deleted", "bad", trouble)

    def forget(self, entry: RunEntry) -> None:
        """Take the line of a run whose folder is gone off the list."""
        run, home, background = entry.row.run, self._context.home, self._context.background

        def refresh(_none: object) -> None:
            self._context.runs.refresh()

        def undo() -> None:
            background.run(_hide, home, run, False, then=refresh, failed=self._complain)

        def hidden(_none: object) -> None:
            self._context.runs.refresh()
            self._context.toast(f"Removed {entry.name} from the list", action=("Undo", undo))

        background.run(_hide, home, run, True, then=hidden, failed=self._complain, owner=self._parent)

    def _open_folder(self, row: RunRow) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._context.home.runs / row.run)))

    def _complain(self, error: Exception) -> None:
        self._context.toast(str(error), "bad")


def has_model(row: RunRow) -> bool:
    """Whether the run has trained far enough to have something to validate or export."""
    return row.kind == "train" and row.epoch > 0 and row.state != "cancelled"


def copy_text(text: str) -> None:
    """Put a text on the clipboard."""
    QGuiApplication.clipboard().setText(text)


def _hide(home: Home, run: str, hidden: bool) -> None:
    with Store.open(home.store_path) as store:
        store.set_trashed(run, hidden)


def _delete_all(runs: Sequence[str], home: Home) -> tuple[list[str], str]:
    """Move runs to the trash; give those that went there, and why the first of the others did not."""
    from engine.runner.deletion import delete_run

    deleted: list[str] = []
    trouble = ""
    for run in runs:
        try:
            delete_run(run, home)
            deleted.append(run)
        except UserError as error:
            trouble = trouble or str(error)
    return deleted, trouble
