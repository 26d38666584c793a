"""The user's datasets: listed in the background, imported and checked by engine children with progress and cancel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QObject, Signal

from desktop.bridge.actions import as_user_error
from desktop.bridge.background import Background
from desktop.bridge.processes import EngineJob
from engine.errors import UserError
from engine.protocol.home import Home

if TYPE_CHECKING:
    from engine.datasets.library import Library
    from engine.datasets.manifest import Manifest


class ImportJob(QObject):
    """One import or check under way."""

    progress = Signal(int, int, str)
    """Done, total (0 when unknown), phase."""
    finished = Signal(object)
    """The JSON document of the verb."""
    failed = Signal(object)
    """A UserError."""
    cancelled = Signal()

    def __init__(self, job: EngineJob, shelf: DatasetShelf) -> None:
        super().__init__(shelf)
        self._job = job
        self._shelf = shelf
        job.setParent(self)
        job.progress.connect(self.progress)
        job.finished.connect(self._finish)
        job.failed.connect(self._fail)

    @property
    def is_running(self) -> bool:
        return self._job.is_running

    def start(self) -> ImportJob:
        self._job.start()
        return self

    def cancel(self) -> None:
        """End it and remove what it had begun."""
        if self._job.is_running:
            self._job.cancel()
            self._shelf.clear_drafts()
            self.cancelled.emit()
            self._shelf.forget(self)

    def _finish(self, document: object) -> None:
        self._shelf.refresh()
        self.finished.emit(document)
        self._shelf.forget(self)

    def _fail(self, error: UserError) -> None:
        self.failed.emit(error)
        self._shelf.forget(self)


class DatasetShelf(QObject):
    """All datasets of the user."""

    changed = Signal()
    failed = Signal(object)
    """A UserError: they cannot be listed."""

    def __init__(self, home: Home, background: Background) -> None:
        super().__init__()
        self._home = home
        self._background = background
        self._manifests: list[Manifest] = []
        self._jobs: list[ImportJob] = []
        self.is_loaded = False

    def list(self) -> Sequence[Manifest]:
        """All datasets as last read, by name."""
        return self._manifests

    def get(self, name: str) -> Manifest | None:
        return next((manifest for manifest in self._manifests if manifest.name == name), None)

    def root(self, name: str) -> Path:
        """Where a dataset's files lie.

        Raises:
            UserError: `dataset_unknown`, `dataset_unreachable`.
        """
        return _library(self._home).root(name)

    def refresh(self) -> None:
        """Read the datasets in the background."""
        self._background.run(
            lambda: _library(self._home).list(), then=self._take, failed=self._complain, owner=self
        )

    def import_path(
        self, path: Path, name: str | None = None, copy: bool = False, test_of: str = ""
    ) -> ImportJob:
        """Import a folder, a zip or a table; the same source again makes its next version.

        Args:
            path: of it.
            name: of the dataset; None takes the path's.
            copy: take the images into the user's folder.
            test_of: a task: the labels for it are read, and all images are for tests only.
        """
        arguments = ["data", "import", str(path)]
        arguments += ["--name", name] if name else []
        arguments += ["--copy"] if copy else []
        arguments += ["--test-only", "--task", test_of] if test_of else []
        return self._start(EngineJob(self._home, arguments))

    def check(self, name: str) -> ImportJob:
        """Look for problems; the document holds them."""
        return self._start(EngineJob(self._home, ["data", "check", name], accepted_codes=(0, 2)))

    def export(self, name: str, format: str, folder: Path, copy: bool = False) -> ImportJob:
        """Write a dataset in another layout; the document tells what had no place in it."""
        arguments = ["data", "export", name, "--format", format, "--to", str(folder)]
        arguments += ["--copy"] if copy else []
        return self._start(EngineJob(self._home, arguments))

    def resplit(
        self,
        name: str,
        shares: tuple[float, float, int],
        replace: bool,
        done: Callable[[UserError | None], object],
    ) -> None:
        """Divide a dataset anew: shares for val and test, and a seed."""
        val, test, seed = shares

        def work() -> None:
            _library(self._home).resplit(name, val=val, test=test, seed=seed, replace=replace)

        self._do(work, done)

    def relocate(self, name: str, path: Path, done: Callable[[UserError | None], object]) -> None:
        """Say where a dataset's files are now."""
        self._do(lambda: _library(self._home).relocate(name, path), done)

    def delete(self, name: str, done: Callable[[UserError | None], object]) -> None:
        """Forget a dataset."""
        self._do(lambda: _library(self._home).delete(name), done)

    def clear_drafts(self) -> None:
        """Remove what cancelled imports have left."""
        self._background.run(lambda: _library(self._home).discard_drafts())

    def close(self) -> None:
        """End what is under way."""
        for job in list(self._jobs):
            job.cancel()

    def forget(self, job: ImportJob) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
            job.deleteLater()

    def _start(self, engine_job: EngineJob) -> ImportJob:
        job = ImportJob(engine_job, self)
        self._jobs.append(job)
        return job.start()

    def _do(self, work: Callable[[], Any], done: Callable[[UserError | None], object]) -> None:
        def then(_value: object) -> None:
            self.refresh()
            done(None)

        def failed(error: Exception) -> None:
            done(as_user_error(error))

        self._background.run(work, then=then, failed=failed, owner=self)

    def _take(self, manifests: object) -> None:
        found = cast("list[Manifest]", manifests)
        is_new = not self.is_loaded or [(m.name, m.version) for m in found] != [
            (m.name, m.version) for m in self._manifests
        ]
        self._manifests = found
        self.is_loaded = True
        if is_new:
            self.changed.emit()

    def _complain(self, error: Exception) -> None:
        self.failed.emit(as_user_error(error))


def _library(home: Home) -> Library:
    """Give the library; numpy and PIL come with it, which the first frame of the window does not wait for."""
    from engine.datasets.library import Library

    return Library(home)
