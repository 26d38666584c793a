"""The worker inside the runner's own process: for tests and for debugging a plugin with a debugger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.executors.executor import WorkerStatus
from engine.executors.local import LocalExecutor
from engine.protocol.run_folder import RunFolder


class InlineExecutor(LocalExecutor):
    """Runs the worker's main to its end in `launch`.

    Args:
        worker: takes the run folder; its exit code is not looked at, since exit.json tells more.
    """

    name = "inline"

    def __init__(self, worker: Callable[[Path], int]) -> None:
        super().__init__()
        self._worker = worker
        self._running: set[tuple[str, int]] = set()

    def launch(self, run: RunFolder, attempt: int) -> None:
        key = (run.run, attempt)
        if key in self._running or run.attempt(attempt).exit_record() is not None:
            return
        self._running.add(key)
        try:
            self._worker(run.path)
        finally:
            self._running.discard(key)

    def status(self, run: RunFolder, attempt: int) -> WorkerStatus:
        return "alive" if (run.run, attempt) in self._running else "gone"

    def terminate(self, run: RunFolder, attempt: int) -> None:
        """The worker is in this process: its commands end it."""

    def kill(self, run: RunFolder, attempt: int) -> None:
        """The same: this process is not ended for it."""
