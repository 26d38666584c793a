"""All plugins as an engine process describes them; described again when one of their files changes."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from desktop.bridge.processes import EngineJob
from engine.errors import UserError
from engine.protocol.catalog import Catalogue, PluginEntry
from engine.protocol.home import Home

_SETTLE_MS = 400
"""An editor writes a file in several steps; after the last one the plugin is read."""
_MOST_WATCHED = 400


class CatalogueWatcher(QObject):
    """Knows every plugin, usable or not."""

    changed = Signal()
    failed = Signal(object)
    """A UserError: the engine process could not describe them."""
    loading = Signal(bool)

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._home = home
        self._job: EngineJob | None = None
        self._is_asked_again = False
        self.entries: list[PluginEntry] = []
        self.is_loaded = False
        self.error: UserError | None = None
        self._watcher = QFileSystemWatcher(self)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self.refresh)
        self._watcher.fileChanged.connect(self._touched)
        self._watcher.directoryChanged.connect(self._touched)

    @property
    def is_loading(self) -> bool:
        return self._job is not None

    def refresh(self) -> None:
        """Describe all plugins anew; unchanged ones come from the engine's cache."""
        if self._job is not None:
            self._is_asked_again = True
            return
        self._job = EngineJob(self._home, ["describe"], parent=self)
        self._job.finished.connect(self._take)
        self._job.failed.connect(self._complain)
        self._job.start()
        self.loading.emit(True)

    def entry(self, plugin: str, model: str = "") -> PluginEntry | None:
        """Find an entry by folder name, and model name where a folder holds several."""
        found = [entry for entry in self.entries if plugin in (entry.id, entry.model)]
        return next((entry for entry in found if entry.model == model), found[0] if found else None)

    def recommended(self, task: str) -> PluginEntry | None:
        """The plugin that a beginner shall get for a task; else the first that can be used."""
        usable = [e for e in self.entries if e.is_usable and e.metadata and e.metadata.task_type == task]
        best = [entry for entry in usable if entry.metadata and entry.metadata.recommended]
        return (best or usable or [None])[0]

    def close(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _take(self, document: object) -> None:
        try:
            found = Catalogue.model_validate(document)
        except ValidationError as error:
            told = UserError(
                "engine_differs",
                f"The engine's answer about its plugins cannot be read ({error.error_count()} faults).",
                "Its version is another than the window's: choose another Python under Settings, Engine.",
            )
            self._complain(told)
            return
        self._end()
        self.error = None
        self.is_loaded = True
        is_new = self.entries != found.entries
        self.entries = list(found.entries)
        self._watch()
        if is_new:
            self.changed.emit()
        self._again()

    def _complain(self, error: UserError) -> None:
        self._end()
        self.error = error
        self.failed.emit(error)
        self._again()

    def _end(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._job = None
        self.loading.emit(False)

    def _again(self) -> None:
        if self._is_asked_again:
            self._is_asked_again = False
            self.refresh()

    def _touched(self, _path: str) -> None:
        self._settle.start()

    def _watch(self) -> None:
        """Watch the plugin folders and the files in them; a file that was replaced must be watched anew."""
        wanted = {str(self._home.plugins)}
        for entry in self.entries:
            place = Path(entry.folder)
            wanted.add(str(place.parent))
            files = [place] if place.is_file() else [place, *place.glob("*.py"), *place.glob("*.txt")]
            wanted |= {str(path) for path in files}
        known = set(self._watcher.files()) | set(self._watcher.directories())
        gone, new = known - wanted, sorted(wanted - known)[:_MOST_WATCHED]
        if gone:
            self._watcher.removePaths(sorted(gone))
        existing = [path for path in new if Path(path).exists()]
        if existing:
            self._watcher.addPaths(existing)
