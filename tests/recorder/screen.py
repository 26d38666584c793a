"""A screen to open windows on where there is none: Xvfb with a window manager, or Qt's own drawing into memory."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

SIZE = "3200x2000x24"
"""Room for a window of 1440 x 900 at twice the scale, with its frame."""
_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Screen:
    """Where windows are to be opened.

    Attributes:
        variables: what a process needs in its environment to open them there.
        words: the same as a sentence.
    """

    variables: dict[str, str]
    words: str


@contextlib.contextmanager
def screen() -> Iterator[Screen]:
    """Give a virtual screen that lasts as long as the context; nobody's real screen is used, so nobody is disturbed."""
    missing = [program for program in ("Xvfb", "openbox") if shutil.which(program) is None]
    if missing:
        words = (
            f"{' and '.join(missing)} is not installed, so Qt draws into memory: without a window manager."
        )
        yield Screen({"QT_QPA_PLATFORM": "offscreen"}, words)
        return
    with contextlib.ExitStack() as stack:
        display = stack.enter_context(_server())
        stack.enter_context(_window_manager(display))
        variables = {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        yield Screen(variables, f"On a virtual screen of {SIZE} (display {display}).")


@contextlib.contextmanager
def _server() -> Iterator[str]:
    """Start Xvfb on a display of its own choice: a fixed number may be somebody else's."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", SIZE, "-nolisten", "tcp", "-noreset"]
    with subprocess.Popen(
        command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        os.close(writing)
        try:
            yield f":{_first_line(reading)}"
        finally:
            os.close(reading)
            server.terminate()


def _first_line(reading: int) -> str:
    """Wait for the number of the display; it comes when the server is ready."""
    told = b""
    while not told.endswith(b"\n"):
        ready, _, _ = select.select([reading], [], [], _PATIENCE_S)
        part = os.read(reading, 64) if ready else b""
        if not part:
            raise RuntimeError("Xvfb did not start.")
        told += part
    return told.decode().strip()


@contextlib.contextmanager
def _window_manager(display: str) -> Iterator[None]:
    """Start openbox: without one no window is active, and no shortcut works."""
    environment = {**os.environ, "DISPLAY": display}
    with subprocess.Popen(
        ["openbox"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as manager:
        try:
            yield
        finally:
            manager.terminate()
