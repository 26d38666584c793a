"""The demo dataset: drawn once into the user's folder, then imported like any other."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop.bridge.actions import as_user_error
from desktop.bridge.dataset_shelf import ImportJob
from desktop.context import Context
from engine.errors import UserError

NAME = "demo-shapes"
DEMO_TASK = "classification"
"""Of the pictures that are imported; the others of the demo are for the command line."""


class DemoDataset(QObject):
    """Makes it where it is not there yet."""

    ready = Signal(str)
    """Its name: it can be trained on."""
    failed = Signal(object)
    """A UserError, which was told already."""

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._is_at_work = False

    def make(self) -> None:
        """Draw and import it; at once ready where it is there."""
        if self._context.datasets.get(NAME) is not None:
            self.ready.emit(NAME)
            return
        if self._is_at_work:
            return
        self._is_at_work = True
        place = self._context.home.cache / NAME  # where the command line keeps it
        self._context.background.run(draw_demo, place, then=self._import, failed=self._not_drawn, owner=self)

    def _import(self, place: Path) -> None:
        job: ImportJob = self._context.datasets.import_path(place, NAME)
        job.finished.connect(self._imported)
        job.failed.connect(self._not_imported)

    def _imported(self, _document: object) -> None:
        self._is_at_work = False
        self.ready.emit(NAME)

    def _not_drawn(self, error: Exception) -> None:
        self._not_imported(as_user_error(error))

    def _not_imported(self, error: UserError) -> None:
        self._is_at_work = False
        self._context.complain(error)
        self.failed.emit(error)


def draw_demo(place: Path) -> Path:
    """Draw the pictures where they are not there yet; gives the folder to import. Takes seconds."""
    from engine.datasets.demo import write_demo_dataset

    images = place / DEMO_TASK
    if not images.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        write_demo_dataset(place)
    return images
