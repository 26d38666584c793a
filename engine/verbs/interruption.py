"""A verb that cleans up after itself also when it is told to end from outside."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ending_politely() -> Generator[None]:
    """Take a request to end (SIGTERM) for Ctrl+C inside the block, so that what was begun is undone.

    Systems without such requests end a process at once; there is nothing to catch then.
    """
    if threading.current_thread() is not threading.main_thread():  # Python hears signals only there
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
