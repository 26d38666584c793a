"""Saving what a model said: as a table, as JSON, as pictures with boxes and masks drawn on them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from desktop.context import Context
from desktop.models.drawn_labels import DrawnLabels, LabelLook
from desktop.models.predictions_board import PredictionBoard
from desktop.models.predictions_cache import free_name
from desktop.models.predictions_saving import Kind, Save, save
from desktop.tasks.task import TaskView
from desktop.theme.theme import theme
from desktop.viewers.overlay_files import OverlayWish, save_overlays
from engine.errors import UserError

_KINDS: tuple[tuple[Kind, str], ...] = (("csv", "Table (CSV)…"), ("json", "JSON…"))


class PredictionSaver(QMenu):
    """The menu of the button Save, and what its entries do."""

    def __init__(self, page: QWidget, context: Context, board: PredictionBoard) -> None:
        super().__init__(page)
        self._page = page
        self._context = context
        self._board = board
        self.look = LabelLook()
        """How overlays are drawn: as on the page."""
        self.checkpoint = ""
        """`run / best`, said in what is saved."""
        for kind, title in _KINDS:
            self.addAction(theme.icon("ph.floppy-disk"), title, partial(self._ask_for_file, kind))
        self.overlays = self.addAction(
            theme.icon("ph.image"), "Pictures with overlays…", self._ask_for_folder
        )

    def offer_task(self, view: TaskView) -> None:
        """Offer what a task's answers can be saved as."""
        self.overlays.setVisible(bool(view.draws))

    def save_to(self, path: Path, kind: Kind) -> None:
        """Save what is answered; the dialog has asked whether a file may be replaced."""
        answers = self._board.answers
        if answers is None:
            return
        wanted = Save(kind, self._board.entries(), answers, self._board.threshold, self.checkpoint)
        self._context.background.run(
            save, path, wanted, then=partial(self._tell, path), failed=self._complain, owner=self
        )

    def save_pictures_to(self, folder: Path) -> None:
        """Save each answered picture with what was found in it, at the threshold."""
        board, answers = self._board, self._board.answers
        if answers is None:
            return
        entries, classes = board.entries(), tuple(board.classes)

        def labels_of(place: int) -> DrawnLabels | None:
            record = entries[place].record
            return None if record is None or record.error else answers.answer_labels(record, classes)

        files = tuple(entry.path for entry in entries)
        wish = OverlayWish(files, labels_of, classes, self.look)
        self._context.background.run(
            save_overlays,
            folder,
            wish,
            then=partial(self._tell, folder),
            failed=self._complain,
            owner=self,
        )

    def _ask_for_file(self, kind: Kind) -> None:
        folder = self._folder()
        dialog = QFileDialog(self._page, "Save predictions", str(folder))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(kind)
        dialog.setNameFilter(f"{kind.upper()} (*.{kind})")
        dialog.selectFile(free_name(folder, "predictions", kind).name)
        dialog.fileSelected.connect(lambda name: self.save_to(Path(name), kind))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _ask_for_folder(self) -> None:
        dialog = QFileDialog(self._page, "Save pictures with overlays in", str(self._folder()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.save_pictures_to(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _folder(self) -> Path:
        return self._board.entry(0).path.parent if len(self._board) else Path.home()

    def _tell(self, path: Path, count: int) -> None:
        files = "1 file" if count == 1 else f"{count:,} files"
        self._context.toast(f"Saved the answers for {files}", "ok", str(path))

    def _complain(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            raise error
        self._context.complain(error)
