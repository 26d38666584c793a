"""Which checkpoints of the run on show lie on the other machine still, and how far those are that come home."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.context import Context
from desktop.models.live_run import LiveRun
from desktop.models.place_words import place_label
from desktop.models.result_checkpoints import is_here
from engine.protocol.run_folder import RunFolder

_SOON_MS = 300


class CheckpointsAway(QObject):
    """Looks at the disk in the background when something has come, or a checkpoint was saved."""

    changed = Signal()
    """Others are away, or one has come further."""

    def __init__(self, context: Context, run: LiveRun) -> None:
        super().__init__()
        self._context = context
        self._run = run
        self._names: frozenset[str] = frozenset()
        self._looked_at = ""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._look)
        for told in (run.loaded, run.checkpoints_changed, run.where.transfer_changed):
            told.connect(self._soon.start)
        context.fetching.progress.connect(self._progressed)
        context.fetching.brought.connect(self._brought)

    @property
    def names(self) -> frozenset[str]:
        """Names of the checkpoints that are not here, or not all of them."""
        return self._names if self._looked_at == self._run.run else frozenset()

    @property
    def host(self) -> str:
        """Where they are, as it is read."""
        return place_label(self._run.where.last_elsewhere)

    def share(self, name: str) -> float | None:
        """Give how much of a checkpoint has come, 0 to 1; None when it is not being brought home."""
        return self._context.fetching.share(self._run.run, name) if name in self.names else None

    def fetch(self, name: str = "") -> None:
        """Bring one home, or all."""
        self._context.fetching.fetch(self._run.run, name)

    def _look(self) -> None:
        if not self._run.where.last_elsewhere:
            self._take(self._run.run, frozenset())
            return
        run, names = self._run.run, [row.name for row in self._run.checkpoints]

        def then(found: frozenset[str]) -> None:
            self._take(run, found)

        self._context.background.run(find_away, self._run.folder, names, then=then, owner=self)

    def _take(self, run: str, found: frozenset[str]) -> None:
        if run == self._run.run and (found != self._names or run != self._looked_at):
            self._names, self._looked_at = found, run
            self.changed.emit()

    def _progressed(self, run: str, _name: str) -> None:
        if run == self._run.run:
            self.changed.emit()

    def _brought(self, run: str, name: str) -> None:
        if run == self._run.run:
            what = f"The checkpoint {name} is" if name else "All checkpoints are"
            self._context.toast(f"{what} here now", "ok")
            self._look()


def find_away(folder: RunFolder, names: Sequence[str]) -> frozenset[str]:
    """Give those of a run's checkpoints of which something is missing on this disk. Reads it: in the background."""
    return frozenset(name for name in names if not is_here(folder.checkpoints / name))
