"""Makes the lists over all validations in the background, keeps the shown one true, and saves it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QFileDialog

from desktop.context import Context
from desktop.grids.file_actions import copy_paths, open_folder
from desktop.models.result import Result, ResultKey
from desktop.models.result_history_lists import (
    LISTS,
    HistoryRule,
    ImageHistory,
    ImageList,
    list_csv,
    read_history,
    run_manifest,
)
from desktop.pages.validate_history_lists import ListButton, ListLine
from desktop.pages.validate_history_travel import TimeTravel
from desktop.pages.validate_images import ImagesPanel
from desktop.tasks.task import TaskView
from engine.errors import UserError
from engine.protocol.disk import saving_error
from engine.protocol.home import Home
from engine.protocol.run_folder import write_atomic

_SOON_MS = 400
"""The bound moves in many small steps; of validations more may come."""
_NO_IMAGES = "No validation of this run kept results by image."
_Wanted = tuple[tuple[ResultKey, ...], str, float | None]
"""What a history was read from: validations, when an image is right, bound."""


class HistoryDesk(QObject):
    """Connects the choice of a list with the grid."""

    def __init__(self, context: Context, travel: TimeTravel, images: ImagesPanel) -> None:
        super().__init__(images)
        self._context = context
        self._travel = travel
        self._images = images
        self.button: ListButton = images.lists
        self.line: ListLine = images.list_line
        self.key = ""
        """The list that is shown, or being made; empty for none."""
        self.shown: ImageList | None = None
        self._history: ImageHistory | None = None
        self._of: _Wanted | None = None
        self._reading: _Wanted | None = None
        self._view: TaskView | None = None
        self._bound: float | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_SOON_MS)
        self._later.timeout.connect(self._refresh)
        travel.browser.opened.connect(self._leave_another)
        self.button.chosen.connect(self.choose)
        self.line.closed.connect(self.close)
        self.line.copy_wanted.connect(self._copy)
        self.line.save_wanted.connect(self._ask_where_to_save)

    def show_result(self, view: TaskView, bound: float | None) -> None:
        """Another result is shown, or the same at another bound: a list that is shown may hold no more."""
        self._view, self._bound = view, bound
        result = self._images.result
        is_of_run = result is not None and self._is_of_run(result)
        self.button.setVisible(is_of_run and len(self._travel.moments) > 1)
        if self.key:
            self._later.start()

    def _leave_another(self, result: Result) -> None:
        """A test run has its own numbers of images: a list over the validations tells nothing of them."""
        if self.key and not self._is_of_run(result):
            self.close()

    def _is_of_run(self, result: Result) -> bool:
        return any(moment.key.run == result.key.run for moment in self._travel.moments[-1:])

    def choose(self, key: str) -> None:
        """Show a list; an empty key closes it."""
        if not key:
            self.close()
            return
        self.key = key
        self.button.mark(key)
        self._refresh()

    def close(self) -> None:
        """Show all images again."""
        self.key = ""
        self.shown = None
        self._reading = None
        self._later.stop()
        self.button.mark("")
        self.line.hide()
        self._images.show_list(None)

    def save_to(self, path: Path) -> None:
        """Write the list that is shown."""
        if self.shown is None or self._history is None or not self._travel.moments:
            return
        run = self._travel.moments[-1].key.run

        def then(_none: object) -> None:
            folder = path.parent
            self._context.toast(
                "The list is saved", "ok", str(path), ("Open folder", lambda: open_folder(folder))
            )

        self._context.background.run(
            _write_list,
            self._context.home,
            run,
            (self.shown, self._history),
            path,
            then=then,
            failed=self._tell_failure,
            owner=self,
        )

    def _refresh(self) -> None:
        moments, view = tuple(self._travel.moments), self._view
        if not self.key or view is None:
            return
        if not moments:
            self.close()
            return
        wanted: _Wanted = (tuple(moment.key for moment in moments), view.history.right, self._bound)
        if wanted == self._of:
            self._show()
            return
        if wanted == self._reading:
            return
        self._reading = wanted
        if self.shown is None or self.shown.key != self.key:
            self.line.say_reading(self.key, len(moments))
        self._read(wanted, view.history)

    def _read(self, wanted: _Wanted, rule: HistoryRule) -> None:
        def is_wanted() -> bool:
            return self._reading == wanted

        def then(history: ImageHistory | None) -> None:
            if history is not None and is_wanted():
                self._reading = None
                self._history, self._of = history, wanted
                self._show()

        self._context.background.run(
            read_history,
            self._context.home,
            tuple(self._travel.moments),
            rule,
            self._bound,
            is_wanted,
            then=then,
            failed=self._take_failure,
            owner=self,
        )

    def _show(self) -> None:
        history, view = self._history, self._view
        if history is None or view is None or not self.key:
            return
        if not history.used:
            self.shown = None
            self._images.show_list(None)
            self.line.say_trouble(_NO_IMAGES)
            return
        make: Callable[[ImageHistory], ImageList] = LISTS[self.key]
        self.shown = make(history)
        told = f"Over {history.used:,} validations."
        if history.left_out:
            every = history.used + history.left_out
            told = f"Over {history.used:,} of {every:,} validations: the others tell nothing by image."
        self.line.say_list(self.shown, told, view.history.right)
        self._images.show_list(self.shown)

    def _copy(self) -> None:
        result = self._images.result
        if result is None or self.shown is None:
            return
        grid = self._images.grid.images
        copy_paths([grid.images.path(int(image)) for image in grid.shown])

    def _ask_where_to_save(self) -> None:
        if self.shown is None:
            return
        run = self._travel.moments[-1].key.run
        start = str(Path.home() / f"{run}-{self.shown.key.replace('_', '-')}.csv")
        chosen, _kind = QFileDialog.getSaveFileName(
            self._images.window(), "Save the list", start, "Comma separated values (*.csv)"
        )
        if chosen:
            self.save_to(Path(chosen))

    def _take_failure(self, error: Exception) -> None:
        self._reading = None
        self.line.say_trouble(_words(error))

    def _tell_failure(self, error: Exception) -> None:
        if isinstance(error, UserError):
            self._context.complain(error)
        else:
            self._context.toast("The list cannot be saved", "bad", _words(error))


def _write_list(home: Home, run: str, told: tuple[ImageList, ImageHistory], path: Path) -> None:
    """In a thread.

    Raises:
        UserError: `disk_full` or `file_not_saved`.
    """
    shown, history = told
    text = list_csv(shown, history, run_manifest(home, run))
    try:
        write_atomic(path, text.encode("utf-8-sig", errors="replace"))
    except OSError as error:
        raise saving_error(error, path) from error


def _words(error: Exception) -> str:
    return f"{error.message} {error.hint}".strip() if isinstance(error, UserError) else str(error)
