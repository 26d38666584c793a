"""The ways by which images come to the Predict page: dialogs, the clipboard, drops."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.context import Context
from desktop.models.predictions import MOST_FILES, Gathered, gather
from desktop.models.predictions_cache import keep_pasted
from desktop.models.video_player import VIDEO_SUFFIXES
from desktop.widgets.drop_area import DropArea, local_paths
from engine.datasets.decode import IMAGE_SUFFIXES
from engine.errors import UserError

_FOLDER_SETTING = "predict.folder"


class Intake(QObject):
    """Turns whatever is given into files; walks folders in a thread."""

    came = Signal(list)
    """Files (pathlib.Path), in the order of giving."""
    video_came = Signal(object)
    """A video file (pathlib.Path); it is played, not counted among the pictures."""

    def __init__(self, page: QWidget, context: Context) -> None:
        super().__init__(page)
        self._page = page
        self._context = context
        self._drops = DropArea(page, "Drop to see what the model says")
        self._drops.dropped.connect(self.take)
        self._drops.refused.connect(self._refuse)

    def take(self, paths: list[Path]) -> None:
        """Take files, and the images below folders; of videos the first one."""
        videos = [path for path in paths if path.suffix.lower() in VIDEO_SUFFIXES]
        if videos:
            self.video_came.emit(videos[0])
        rest = tuple(path for path in paths if path not in videos)
        if rest:
            self._context.background.run(gather, rest, then=self._took, failed=self._failed, owner=self)

    def ask_for_files(self) -> None:
        """Let the user choose images."""
        patterns = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        videos = " ".join(f"*{suffix}" for suffix in sorted(VIDEO_SUFFIXES))
        dialog = self._dialog("Open images or a video", QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters(
            [f"Images and videos ({patterns} {videos})", f"Images ({patterns})", "All files (*)"]
        )
        dialog.open()

    def ask_for_folder(self) -> None:
        """Let the user choose a folder of images."""
        self._dialog("Open a folder of images", QFileDialog.FileMode.Directory).open()

    def paste(self) -> None:
        """Take files or a picture from the clipboard."""
        data = QGuiApplication.clipboard().mimeData()
        paths = local_paths(data) if data is not None else []
        if paths:
            self.take(paths)
            return
        image = QGuiApplication.clipboard().image()
        if image.isNull():
            self._context.toast(
                "There is nothing to paste", "info", "Copy an image, or image files, then press Ctrl+V again."
            )
            return
        self._keep(image)

    def _keep(self, image: QImage) -> None:
        def then(path: Path) -> None:
            self.came.emit([path])

        self._context.background.run(
            keep_pasted, self._context.home, image, then=then, failed=self._failed, owner=self
        )

    def _dialog(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        folder = self._context.settings.get(_FOLDER_SETTING, "")
        dialog = QFileDialog(self._page, title, folder)
        dialog.setFileMode(mode)
        dialog.filesSelected.connect(self._chosen)
        dialog.finished.connect(dialog.deleteLater)
        return dialog

    def _chosen(self, names: list[str]) -> None:
        paths = [Path(name) for name in names]
        if paths:
            self._context.settings.set(_FOLDER_SETTING, str(paths[0].parent))
            self.take(paths)

    def _took(self, gathered: Gathered) -> None:
        if gathered.empty_folders:
            names = ", ".join(folder.name or str(folder) for folder in gathered.empty_folders[:3])
            self._context.toast(f"There is no image in {names}", "warn")
        if gathered.is_cut:
            self._context.toast(
                f"Only the first {MOST_FILES:,} images were taken", "warn", "Open the other folders later."
            )
        if gathered.files:
            self.came.emit(list(gathered.files))

    def _refuse(self, sentence: str) -> None:
        self._context.toast("That cannot be opened", "warn", sentence)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            raise error
        self._context.complain(error)
