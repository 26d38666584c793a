"""The worker inside the runner's own process: for tests, and for following a plugin with a debugger."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from engine.executors.executor import WorkerStatus
from engine.executors.local import LocalExecutor
from engine.protocol.commands import write_command
from engine.protocol.run_folder import RunFolder


class InlineExecutor(LocalExecutor):
    """Runs the worker's main in a thread, so that it is followed and given orders like any other worker.

    A thread cannot be ended from outside: `terminate` and `kill` order the worker to cancel.

    Args:
        worker: takes the run folder; its exit code is not looked at, since exit.json tells more.
    """

    name = "inline"

    def __init__(self, worker: Callable[[Path], int]) -> None:
        super().__init__()
        self._worker = worker
        self._threads: dict[tuple[str, int], threading.Thread] = {}

    def launch(self, run: RunFolder, attempt: int) -> None:
        key = (run.run, attempt)
        if key in self._threads or run.attempt(attempt).exit_record() is not None:
            return
        thread = threading.Thread(target=self._work, args=(run, attempt), name="inline worker", daemon=True)
        self._threads[key] = thread
        thread.start()

    def status(self, run: RunFolder, attempt: int) -> WorkerStatus:
        thread = self._threads.get((run.run, attempt))
        return "alive" if thread is not None and thread.is_alive() else "gone"

    def terminate(self, run: RunFolder, attempt: int) -> None:
        if self.status(run, attempt) == "alive":
            write_command(run.commands, "cancel", attempt)

    def kill(self, run: RunFolder, attempt: int) -> None:
        self.terminate(run, attempt)

    def _work(self, run: RunFolder, attempt: int) -> None:
        with run.attempt(attempt).log_path.open("a", encoding="utf-8") as log:
            copies = [_Copy(log, "stdout"), _Copy(log, "stderr")]
            try:
                self._worker(run.path)
            finally:
                for copy in copies:
                    copy.end()


class _Copy:
    """Takes the place of a stream: its text goes to the terminal, where a debugger needs it, and into the log."""

    def __init__(self, log: TextIO, name: str) -> None:
        self._log = log
        self._name = name
        self._is_over = False
        self._shown: TextIO = getattr(sys, name)
        setattr(sys, name, self)

    def end(self) -> None:
        """Give the place back, unless another worker of this process has taken it meanwhile."""
        self._is_over = True
        present: object = getattr(sys, self._name)
        while isinstance(present, _Copy) and present._is_over:
            present = present._shown
        setattr(sys, self._name, present)

    def write(self, text: str) -> int:
        if not self._is_over:
            self._log.write(text)
        return self._shown.write(text)

    def flush(self) -> None:
        if not self._is_over:
            self._log.flush()
        self._shown.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._shown, name)
