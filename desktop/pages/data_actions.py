"""What the Data page does with datasets: import, demo, check, divide, relocate, delete, each with its questions."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import cast

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.bridge.actions import as_user_error
from desktop.context import Context
from desktop.grids.file_actions import open_folder
from desktop.models.dataset_overview import DatasetOverview
from desktop.models.demo_dataset import NAME, draw_demo
from desktop.models.run_words import plural
from desktop.pages.data_divide import DivideSheet
from desktop.pages.data_export import ExportSheet, ExportWish
from desktop.pages.data_header import layout_title
from desktop.pages.data_import import NameSheet, WorkPanel, folder_of_labels, why_not_these
from desktop.pages.data_words import listed, trained_on, use_of
from desktop.widgets.dialogs import Sheet, confirm
from engine.datasets.source import source_at
from engine.errors import UserError
from engine.protocol.results import Problem

_FILES = "Datasets (*.zip *.csv *.tsv *.json *.yaml *.yml *.xml)"


class DatasetActions(QObject):
    """Asks, does, and tells in the panel.

    Args:
        context: of the page.
        panel: where work and its outcome are shown.
        window: over which questions open; owns this object.
    """

    imported = Signal(str)
    """The name of a dataset that has just been imported, or was asked for and is there already."""
    checked = Signal(str, object)
    """The name of a dataset, and a list of all its problems."""
    altered = Signal(str)
    """The name of a dataset whose splits or place are others now."""
    deleted = Signal(str)

    def __init__(self, context: Context, panel: WorkPanel, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._panel = panel
        self._window = window
        self._waiting: deque[tuple[Path, str | None]] = deque()
        self._version_before = ""
        self._checking = ""
        self._is_drawing = False
        self._sheet: Sheet | None = None
        panel.finished.connect(self._finish)
        panel.ended.connect(self._start_next)

    def choose_folder(self) -> None:
        """Ask for a folder and import it."""
        folder = QFileDialog.getExistingDirectory(self._window, "Open a folder of images")
        if folder:
            self.add([Path(folder)])

    def choose_file(self) -> None:
        """Ask for a zip or a table and import it."""
        file, _ = QFileDialog.getOpenFileName(
            self._window, "Open a zip, a table or a file of labels", "", _FILES
        )
        if file:
            self.add([Path(file)])

    def add(self, paths: Sequence[Path]) -> None:
        """Import what was dropped or chosen, or say why it is no dataset."""
        if why := why_not_these(paths):
            banner = self._panel.say("bad", "This is not one dataset", why)
            parent = _common_folder(paths)
            if parent is not None:
                banner.add_action(f"Import {parent.name}", partial(self.add, [parent]))
            return
        if (folder := folder_of_labels(paths[0])) is not None:
            paths = [folder]  # a file of labels, or an image, stands for the dataset that it is part of
        self._context.background.run(
            source_at, paths[0], then=self._import, failed=self._complain, owner=self
        )

    def add_demo(self) -> None:
        """Draw the demo pictures and import them, once."""
        if self._context.datasets.get(NAME) is not None:
            self.imported.emit(NAME)
            return
        if self._is_drawing:
            return
        self._is_drawing = True
        self._panel.say(
            "info", "Drawing the demo pictures…", "Eight shapes, 720 pictures; it takes a few seconds."
        )
        self._context.background.run(
            draw_demo,
            self._context.home.cache / NAME,
            then=self._import_demo,
            failed=self._complain,
            owner=self,
        )

    def import_again(self, overview: DatasetOverview) -> None:
        """Import a dataset's source again: what changed there makes its next version."""
        self._import(overview.source, overview.manifest.name)

    def check(self, name: str) -> None:
        """Open every image of a dataset."""
        if not self._panel.is_busy:
            self._checking = name
            self._panel.watch(self._context.datasets.check(name), f"Checking {name}", self._complain)

    def divide(self, overview: DatasetOverview) -> None:
        """Ask for shares and divide."""
        name, version = overview.manifest.name, overview.manifest.version
        sheet = DivideSheet(self._window, overview, trained_on(self._context.runs.rows(), name, version))

        def done(error: UserError | None) -> None:
            if error is not None:
                sheet.complain(error)
                return
            sheet.accept()
            self._context.toast(f"Divided {name} anew", "ok", "It is a new version of the dataset.")
            self.altered.emit(name)

        def divide(shares: tuple[float, float, int], replace: bool) -> None:
            self._context.datasets.resplit(name, shares, replace, done)

        sheet.divided.connect(divide)
        self._sheet = sheet
        sheet.open()

    def export(self, overview: DatasetOverview) -> None:
        """Ask for a layout and a folder, and write the dataset there."""
        sheet = ExportSheet(self._window, overview)
        sheet.wanted.connect(partial(self._export, overview.manifest.name))
        self._sheet = sheet
        sheet.open()

    def _export(self, name: str, wanted: ExportWish) -> None:
        if self._panel.is_busy:
            self._context.toast("Other work is under way", "info", "Export the dataset when it has ended.")
            return
        self._checking = ""
        job = self._context.datasets.export(name, wanted.format, wanted.folder, wanted.copy)
        self._panel.watch(job, f"Exporting {name} to {wanted.folder.name}", self._complain)

    def relocate(self, overview: DatasetOverview) -> None:
        """Ask where a dataset's images are now."""
        name = overview.manifest.name
        folder = QFileDialog.getExistingDirectory(self._window, f"Where are the images of {name} now?")
        if folder:
            self._context.datasets.relocate(name, Path(folder), partial(self._relocated, name))

    def delete(self, overview: DatasetOverview) -> None:
        """Forget a dataset, after a question that says what is lost and who uses it."""
        name = overview.manifest.name
        use = use_of(self._context.runs.rows(), name)
        if overview.keeps_files and use.needing:
            self._panel.say(
                "warn",
                f"{name} is in use",
                f"Lensmith keeps its images, and {listed(use.needing)} still "
                f"{'needs' if len(use.needing) == 1 else 'need'} them. Stop or cancel first.",
            )
            return
        images = plural(len(overview.manifest.items), "image")
        lost = (
            f"Its {images}, which Lensmith keeps, are removed from the disk."
            if overview.keeps_files
            else f"Its {images} in {overview.root} are not touched."
        )
        if confirm(
            self._window, f"Delete the dataset {name}?", f"{lost} {use.sentence()}".strip(), "Delete dataset"
        ):
            self._context.datasets.delete(name, partial(self._deleted, name))

    def _import(self, source: object, name: str | None = None) -> None:
        self._waiting.append((cast("Path", source), name))
        if self._panel.is_busy:
            self._context.toast("It is imported after the work under way", "info")
        self._start_next()

    def _start_next(self) -> None:
        if self._panel.is_busy or not self._waiting:
            return
        path, name = self._waiting.popleft()
        shelf = self._context.datasets
        known = shelf.get(name or path.stem if path.is_file() else name or path.name)
        self._version_before = known.version if known is not None else ""
        self._checking = ""
        self._panel.watch(
            shelf.import_path(path, name),
            f"Importing {name or path.name}",
            partial(self._import_failed, path),
        )

    def _import_demo(self, folder: object) -> None:
        self._is_drawing = False
        self._import(folder, NAME)

    def _import_failed(self, path: Path, error: UserError) -> None:
        banner = self._panel.complain(error)
        if error.code in ("dataset_exists", "name_invalid"):
            banner.add_action("Another name…", partial(self._ask_name, path, error.message))

    def _ask_name(self, path: Path, why: str) -> None:
        sheet = NameSheet(self._window, path, why)
        if sheet.exec():
            self._import(path, sheet.wanted())

    def _finish(self, document: object) -> None:
        if self._checking:
            name, self._checking = self._checking, ""
            found = cast("dict[str, list[object]]", document)["problems"]
            problems = [Problem.model_validate(problem) for problem in found]
            self._say_checked(name, problems)
            self.checked.emit(name, problems)
            return
        told = cast("dict[str, object]", document)
        if "export" in told:
            self._say_exported(told)
            return
        name = str(told["name"])
        if told.get("version") == self._version_before:
            self._panel.say(
                "ok", f"{name} is as it was", "Its source holds the same images, classes and splits."
            )
        else:
            what = f"{name} has a new version" if self._version_before else f"Imported {name}"
            classes = cast("list[object]", told.get("classes", []))
            images = plural(int(str(told.get("images", 0))), "image")
            self._context.toast(what, "ok", f"{images}, {plural(len(classes), 'class', 'classes')}.")
            self._panel.clear()
        self.imported.emit(name)

    def _say_exported(self, told: dict[str, object]) -> None:
        folder = Path(str(told["export"]))
        notes = " ".join(str(note) for note in cast("list[object]", told.get("notes", [])))
        images = plural(int(str(told.get("images", 0))), "image")
        title = f"Wrote {images} as {layout_title(str(told['format']))} to {folder}"
        banner = self._panel.say("warn" if notes else "ok", title, notes or "Nothing was lost on the way.")
        banner.add_action("Open folder", partial(open_folder, folder))

    def _say_checked(self, name: str, problems: Sequence[Problem]) -> None:
        serious = [problem for problem in problems if problem.severity != "info"]
        if serious:
            what = f"Checked {name}: {plural(len(serious), 'problem')} found"
            self._context.toast(what, "warn", "They are listed under Problems, with what to do.")
        else:
            self._context.toast(f"Checked {name}: every image can be read", "ok")

    def _relocated(self, name: str, error: UserError | None) -> None:
        if error is not None:
            self._panel.complain(error)
            return
        self._context.toast(f"{name} is found again", "ok")
        self.altered.emit(name)

    def _deleted(self, name: str, error: UserError | None) -> None:
        if error is not None:
            self._panel.complain(error)
            return
        self._context.toast(f"Deleted the dataset {name}", "info")
        self.deleted.emit(name)

    def _complain(self, error: Exception) -> None:
        self._is_drawing = False
        self._panel.complain(as_user_error(error))


def _common_folder(paths: Sequence[Path]) -> Path | None:
    """Give the folder that holds all of these; None when there is none, or it is a whole disk."""
    parents = {path.parent for path in paths}
    parent = parents.pop() if len(parents) == 1 else None
    return parent if parent is not None and parent != parent.parent else None
