"""How large models are, asked of the engine one at a time and remembered while the window is open."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError
from PySide6.QtCore import QObject, Signal

from desktop.bridge.processes import EngineJob
from engine.errors import UserError
from engine.protocol.catalog import ModelCard, PluginEntry
from engine.protocol.home import Home


class ModelCards(QObject):
    """Answers by the key that `ask` gives; an answer that is known comes at once from `known`."""

    counted = Signal(str)
    """The key of a card that is known from now on."""
    failed = Signal(str, object)
    """The key, and a UserError."""

    def __init__(self, home: Home, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._home = home
        self._known: dict[str, ModelCard] = {}
        self._failures: dict[str, UserError] = {}
        self._job: EngineJob | None = None
        self._under_way = ""
        self._next: tuple[str, list[str]] | None = None

    def ask(self, entry: PluginEntry, settings: Mapping[str, object] | None = None) -> str:
        """Let a model be counted, unless it is known; only the newest question waits. Gives the key."""
        changed = [f"{name}={value}" for name, value in sorted((settings or {}).items())]
        key = "\n".join([entry.folder, entry.model, entry.source_hash, *changed])
        if key in self._known or key in self._failures or key == self._under_way:
            return key
        arguments = ["plugins", "card", entry.model or entry.id]
        for assignment in changed:
            arguments += ["--set", assignment]
        self._next = key, arguments
        self._start()
        return key

    def known(self, key: str) -> ModelCard | None:
        return self._known.get(key)

    def failure(self, key: str) -> UserError | None:
        """Why a model could not be counted."""
        return self._failures.get(key)

    def close(self) -> None:
        """End the child, if there is one."""
        self._next = None
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _start(self) -> None:
        if self._job is not None or self._next is None:
            return
        self._under_way, arguments = self._next
        self._next = None
        self._job = EngineJob(self._home, arguments, parent=self)
        self._job.finished.connect(self._take)
        self._job.failed.connect(self._complain)
        self._job.start()

    def _take(self, document: object) -> None:
        try:
            card = ModelCard.model_validate(document)
        except ValidationError:
            self._complain(
                UserError("engine_differs", "The engine's answer about the model cannot be read.", "")
            )
            return
        key = self._end()
        self._known[key] = card
        self.counted.emit(key)
        self._start()

    def _complain(self, error: UserError) -> None:
        key = self._end()
        self._failures[key] = error
        self.failed.emit(key, error)
        self._start()

    def _end(self) -> str:
        if self._job is not None:
            self._job.deleteLater()
        self._job = None
        key, self._under_way = self._under_way, ""
        return key
