"""What buttons do to runs: the engine's own functions, away from the window's thread, with their errors told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.bridge.background import Background
from desktop.bridge.run_directory import RunDirectory
from desktop.theme.tokens import UNDO_MS
from engine.errors import UserError
from engine.protocol.commands import CommandKind
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.protocol.times import QUEUE_TICK_S, SPARE_WISH_S
from engine.store.database import Store

Then = Callable[[Any], object]
Failed = Callable[[UserError], object]
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """A message for the window's corner."""

    title: str
    tone: str = "info"
    text: str = ""
    action: tuple[str, Callable[[], object]] | None = None


class EngineActions(QObject):
    """Every call comes back at once; what went wrong is told as a message unless `failed` takes it."""

    told = Signal(object)
    """A `Told`."""

    def __init__(self, home: Home, background: Background, runs: RunDirectory) -> None:
        super().__init__()
        self._home = home
        self._background = background
        self._runs = runs
        self._ticking = QTimer(self)
        self._ticking.setInterval(int(QUEUE_TICK_S * 1000))
        self._ticking.timeout.connect(self.tick)
        self._sparing = QTimer(self)
        self._sparing.setInterval(int(SPARE_WISH_S * 1000))
        self._sparing.timeout.connect(self._keep_spare)
        self._is_ticking = False

    def keep_ticking(self) -> None:
        """Tick the queue from now on, in case a runner was killed."""
        self._ticking.start()
        self._sparing.start()
        self.tick()

    def close(self) -> None:
        """Leave the queue to the runners."""
        self._ticking.stop()
        self._sparing.stop()
        from engine.runner.queue import forget_spare

        forget_spare(self._home)

    def tick(self) -> None:
        """Start what waits and can be started."""
        if self._is_ticking or not self._home.store_path.exists():
            return
        from engine.runner.queue import tick

        self._is_ticking = True
        self._background.run(tick, self._home, then=self._ticked, failed=self._not_ticked, owner=self)

    def _keep_spare(self) -> None:
        """Let an engine process wait with its imports done, so that a click on Train soon becomes a first step."""
        from engine.runner.queue import keep_spare

        self._background.run(keep_spare, self._home, failed=_LOG.warning, owner=self)

    def submit(self, request: object, then: Then | None = None, failed: Failed | None = None) -> None:
        """Enqueue a run (`engine.runner.submit.SubmitRequest`); `then` gets its id."""
        from engine.runner.submit import submit

        self._do(submit, request, self._home, then=then, failed=failed)

    def derive(self, wanted: object, then: Then | None = None, failed: Failed | None = None) -> None:
        """Work on a run's model (`engine.runner.derived.Derived`), as a run of its own; `then` gets its id."""
        from engine.runner.derived import submit_derived

        self._do(submit_derived, wanted, self._home, then=then, failed=failed)

    def export(
        self,
        run: str,
        checkpoint: str | None,
        options: Mapping[str, object],
        then: Then | None = None,
        failed: Failed | None = None,
    ) -> None:
        """Export a checkpoint; `options` as the engine's export job takes them (`format` …)."""
        from engine.runner.derived import Derived

        self.derive(Derived("export", run, checkpoint, dict(options)), then, failed)

    def command(self, run: str, kind: CommandKind, then: Then | None = None) -> None:
        """Give a run an order: pause, hold, resume, stop, cancel, checkpoint, validate_now."""
        from engine.runner.commands import send_command

        self._do(send_command, self._folder(run), kind, self._home, then=then)

    def resume(self, run: str, checkpoint: str | None = None, then: Then | None = None) -> None:
        """Go on with an ended run."""
        from engine.runner.attempts import resume_run

        self._do(resume_run, run, self._home, checkpoint, then=then)

    def retry(self, run: str, remedy: bool = False, then: Then | None = None) -> None:
        """Start a failed run again, with the remedy of its cause if asked."""
        from engine.runner.attempts import retry_run

        def work() -> None:
            retry_run(run, self._home, remedy=remedy)

        self._do(work, then=then)

    def extend(
        self,
        run: str,
        epochs: int,
        schedule: Literal["continue", "flat", "restart"],
        then: Then | None = None,
        failed: Failed | None = None,
    ) -> None:
        """Train an ended run for more epochs; `epochs` is the new total."""
        from engine.runner.attempts import extend_run

        def work() -> None:
            extend_run(run, self._home, epochs=epochs, schedule=schedule)

        self._do(work, then=then, failed=failed)

    def move(self, run: str, place: str, then: Then | None = None, failed: Failed | None = None) -> None:
        """Go on with a run on another machine, `local` or `ssh:NAME`, after it was released where it is."""
        from engine.runner.move import move_run

        self._do(move_run, run, self._home, place, then=then, failed=failed)

    def delete(self, run: str, name: str = "") -> None:
        """Move a run to the trash, and offer to undo that."""
        from engine.runner.deletion import delete_run

        def gone(_none: object) -> None:
            title = f"Moved {name or run} to the trash"
            self.told.emit(Told(title, "info", action=("Undo", lambda: self.restore(run))))

        self._do(delete_run, run, self._home, then=gone)

    def restore(self, run: str) -> None:
        """Take a run back out of the trash."""
        from engine.runner.deletion import restore_run

        self._do(restore_run, run, self._home)

    def delete_checkpoint(self, run: str, name: str) -> None:
        """Remove a checkpoint; it can be undone for a while, then its space is freed."""
        from engine.runner.checkpoint_removal import remove_checkpoint, restore_checkpoint

        def undo() -> None:
            self._do(restore_checkpoint, run, name, self._home)

        def gone(_none: object) -> None:
            self.told.emit(Told(f"Deleted the checkpoint {name}", "info", action=("Undo", undo)))
            self._purge_later(run)

        self._do(remove_checkpoint, run, name, self._home, then=gone)

    def prune_checkpoints(self, run: str) -> None:
        """Remove all checkpoints but the best and the last; it can be undone for a while."""
        from engine.runner.checkpoint_removal import prune_checkpoints, restore_checkpoint

        def gone(names: list[str]) -> None:
            def undo() -> None:
                for name in names:
                    self._do(restore_checkpoint, run, name, self._home)

            if not names:
                self.told.emit(
                    Told("There is nothing to prune", "info", "Only the best and the last are there.")
                )
                return
            count = "1 checkpoint" if len(names) == 1 else f"{len(names)} checkpoints"
            self.told.emit(Told(f"Deleted {count}", "info", action=("Undo", undo)))
            self._purge_later(run)

        self._do(prune_checkpoints, run, self._home, then=gone)

    def move_in_queue(self, run: str, position: int) -> None:
        """Put a waiting run at a place; 1 is next."""
        self._do(_in_store, self._home, lambda store: store.move(run, position))

    def take_out_of_queue(self, run: str) -> None:
        """Take a waiting run out, and offer to put it back."""
        from engine.runner.deletion import delete_run

        def gone(_none: object) -> None:
            told = Told("Taken out of the queue", "info", action=("Undo", lambda: self.restore(run)))
            self.told.emit(told)

        self._do(delete_run, run, self._home, then=gone)

    def hold_queue(self, held: bool) -> None:
        """Start nothing new, or go on."""

        def then(_none: object) -> None:
            self.tick()

        work = Store.pause_queue if held else Store.resume_queue
        self._do(_in_store, self._home, work, then=then)

    def _folder(self, run: str) -> RunFolder:
        return RunFolder(self._home.runs / run)

    def _purge_later(self, run: str) -> None:
        from engine.runner.checkpoint_removal import purge_checkpoints

        def purge() -> None:
            self._background.run(purge_checkpoints, run, self._home)

        QTimer.singleShot(UNDO_MS + 2_000, self, purge)

    def _do(
        self,
        function: Callable[..., Any],
        *arguments: object,
        then: Then | None = None,
        failed: Failed | None = None,
    ) -> None:
        def done(value: object) -> None:
            self._runs.refresh_soon()
            if then is not None:
                then(value)

        def refuse(error: Exception) -> None:
            self._runs.refresh_soon()
            told = as_user_error(error)
            if failed is not None:
                failed(told)
            else:
                self.told.emit(Told(told.message, "bad", told.hint))

        self._background.run(function, *arguments, then=done, failed=refuse, owner=self)

    def _ticked(self, started: list[str]) -> None:
        self._is_ticking = False
        if started:
            self._runs.refresh()  # at once: the predictor leaves a GPU that was given to a run
            self._runs.refresh_soon()

    def _not_ticked(self, error: Exception) -> None:
        self._is_ticking = False
        _LOG.warning("The queue could not be looked after: %s", error)


def as_user_error(error: Exception) -> UserError:
    """Give any error as a sentence; one that is not ours is a bug, and logged."""
    if isinstance(error, UserError):
        return error
    _LOG.error("A bug.", exc_info=error)
    return UserError(
        "bug",
        f"Something went wrong in Lensmith: {type(error).__name__}: {error}.",
        "Save a diagnostics file under Settings and report it.",
    )


def _in_store(home: Home, work: Callable[[Store], object]) -> object:
    with Store.open(home.store_path) as store:
        return work(store)
