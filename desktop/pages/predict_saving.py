"""Saving what a model said: tables, JSON, pictures with boxes and masks drawn on them, labels to be corrected."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from desktop.context import Context
from desktop.models.drawn_labels import DrawnLabels, LabelLook
from desktop.models.predictions_board import PredictionBoard
from desktop.models.predictions_cache import free_name
from desktop.models.predictions_labels import TITLES, LabelSave, LabelsWritten, save_labels
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
        ask = partial(self._ask_for_folder, "Save pictures with overlays in", self.save_pictures_to)
        self.overlays = self.addAction(theme.icon("ph.image"), "Pictures with overlays…", ask)
        self.task = ""
        """Of the model that answered."""
        self.labels: dict[str, QAction] = {}
        """Entries that write labels, by layout."""
        for key, title in TITLES.items():
            ask = partial(self._ask_for_folder, f"Save {title} labels in", partial(self.save_labels_to, key))
            self.labels[key] = self.addAction(theme.icon("ph.tag"), f"{title} labels…", ask)

    def offer_task(self, view: TaskView, task: str) -> None:
        """Offer what a task's answers can be saved as."""
        self.task = task
        self.overlays.setVisible(bool(view.draws))
        for key, entry in self.labels.items():
            entry.setVisible(key in view.label_formats)

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
            entry = entries[place]
            if not entry.is_answered or entry.record is None or not entry.path.is_file():
                return None  # a drive that is gone meanwhile keeps nobody from the other pictures
            return answers.answer_labels(entry.record, classes)

        files = tuple(board.files(range(len(board))))
        wish = OverlayWish(files, labels_of, classes, self.look)
        self._context.background.run(
            save_overlays,
            folder,
            wish,
            then=partial(self._tell, folder),
            failed=self._complain,
            owner=self,
        )

    def save_labels_to(self, format: str, folder: Path) -> None:
        """Write what was found, at the threshold, as labels in a new folder below this one."""
        board = self._board
        wanted = LabelSave(format, board.entries(), tuple(board.classes), self.task, board.threshold)
        self._context.background.run(
            save_labels, folder, wanted, then=self._tell_labels, failed=self._complain, owner=self
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

    def _ask_for_folder(self, title: str, save_in: Callable[[Path], object]) -> None:
        dialog = QFileDialog(self._page, title, str(self._folder()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: save_in(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _folder(self) -> Path:
        return self._board.entry(0).source.parent if len(self._board) else Path.home()

    def _tell(self, path: Path, count: int) -> None:
        files = "1 file" if count == 1 else f"{count:,} files"
        self._context.toast(f"Saved the answers for {files}", "ok", str(path))

    def _tell_labels(self, written: LabelsWritten) -> None:
        images = "1 image" if written.images == 1 else f"{written.images:,} images"
        found = f" with {written.objects:,} objects" if written.objects else ""
        where = f"{written.folder}. Import it as a dataset, or open it in a labelling tool."
        told = " ".join([where, *written.notes])
        self._context.toast(f"Labels written for {images}{found}", "ok", told)

    def _complain(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            raise error
        self._context.complain(error)
