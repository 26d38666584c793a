"""One loader process as its parent holds it: started, spoken to, hung up on."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from typing import Any

from engine.data.loader_messages import receive, send_pickled
from engine.protocol.interpreter import child_environment
from engine.protocol.operating_system import spawn_helper

_PATIENCE_S = 3.0
_COMMAND = ("-P", "-X", "utf8", "-m", "engine.data.loader_child")
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
"""Its threads are the loader's own; and it has no business on a GPU."""


class Child:
    """A running process and the two pipes to it."""

    def __init__(self, descriptors: tuple[int, ...]) -> None:
        """Start it.

        Raises:
            OSError: the system starts no more processes.
        """
        self._process = spawn_helper(
            [sys.executable, *_COMMAND], child_environment(_ENVIRONMENT), descriptors
        )
        assert self._process.stdin is not None  # both are pipes
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._sending = threading.Lock()
        self.told = 0
        """How much of the list of images in the shared cache it has been told."""

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, pickled: bytes) -> None:
        """Send a message.

        Raises:
            OSError: the process has ended.
        """
        with self._sending:
            if self._requests.closed:
                raise BrokenPipeError
            send_pickled(self._requests, pickled)

    def receive(self) -> Any:
        """Wait for a message.

        Raises:
            EOFError: the process has ended.
        """
        return receive(self._answers)

    def hang_up(self) -> None:
        """Tell it to end, from any thread; one that does not listen is ended at once."""
        if not self._sending.acquire(timeout=_PATIENCE_S):
            self._process.kill()
            return
        try:
            with contextlib.suppress(OSError):
                self._requests.close()
        finally:
            self._sending.release()

    def end(self) -> int:
        """Wait until it has ended, and give its exit code; negative is the number of a signal."""
        self.hang_up()
        try:
            code = self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._answers.close()
        return code
