"""The sign of life: a thread touches the attempt's heartbeat file, whatever the training thread is doing."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from types import TracebackType

from engine.protocol.times import HEARTBEAT_S


class Heartbeat:
    """Touches `path` at once and then every `interval_s` until closed. A full disk does not stop it."""

    def __init__(self, path: Path, interval_s: float = HEARTBEAT_S) -> None:
        self._path = path
        self._interval_s = interval_s
        self._closing = threading.Event()
        self._touch()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def __enter__(self) -> Heartbeat:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _beat(self) -> None:
        while not self._closing.wait(self._interval_s):
            self._touch()

    def _touch(self) -> None:
        with contextlib.suppress(OSError):
            self._path.touch()
