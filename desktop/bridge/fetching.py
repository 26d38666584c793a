"""Checkpoints that were left on another machine, brought home one child of the engine at a time."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal

from desktop.bridge.processes import EngineJob
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.interpreter import KEYHOLDERS

_PATIENCE_MS = 3_000
ALL: Final = ""
"""Instead of a checkpoint's name: all that are not here."""
_Key = tuple[str, str]
"""Run and checkpoint."""


class Fetching(QObject):
    """Asked twice for the same, it is fetched once."""

    progress = Signal(str, str)
    """A run and a checkpoint (`ALL` for all): it was begun, has come further, or has ended."""
    brought = Signal(str, str)
    """A run and a checkpoint that are here now."""
    failed = Signal(object)
    """A UserError."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._home = home
        self._jobs: dict[_Key, EngineJob] = {}
        self._shares: dict[_Key, float] = {}

    def fetch(self, run: str, checkpoint: str = ALL) -> None:
        """Bring a checkpoint home, or all that are not here."""
        key = (run, checkpoint)
        if key in self._jobs:
            return
        chosen = ["--checkpoint", checkpoint] if checkpoint else []
        job = EngineJob(self._home, ["runs", "fetch", run, *chosen], parent=self)
        job.share(KEYHOLDERS)
        job.progress.connect(partial(self._progressed, key))
        job.finished.connect(partial(self._finished, key))
        job.failed.connect(partial(self._failed, key))
        self._jobs[key] = job
        self._shares[key] = 0.0
        job.start()
        self.progress.emit(run, checkpoint)

    def share(self, run: str, checkpoint: str) -> float | None:
        """Give how much of a checkpoint has come, 0 to 1; None when it is not being fetched."""
        return self._shares.get((run, checkpoint), self._shares.get((run, ALL)))

    def close(self) -> None:
        """End the children; what has come of a checkpoint is fetched no second time."""
        for job in self._jobs.values():
            job.ask_to_end(_PATIENCE_MS)
        for job in list(self._jobs.values()):
            job.cancel()

    def _progressed(self, key: _Key, done: int, total: int, _phase: str) -> None:
        if key in self._shares and total:
            self._shares[key] = done / total
            self.progress.emit(*key)

    def _finished(self, key: _Key, _document: object) -> None:
        self._put_away(key)
        self.brought.emit(*key)

    def _failed(self, key: _Key, error: object) -> None:
        self._put_away(key)
        told = error if isinstance(error, UserError) else UserError("bug", str(error))
        self.failed.emit(told)

    def _put_away(self, key: _Key) -> None:
        self._shares.pop(key, None)
        job = self._jobs.pop(key, None)
        if job is not None:
            job.deleteLater()
        self.progress.emit(*key)
