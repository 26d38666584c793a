"""From the start of the process to the first painted frame: our window against the least there can be."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, middle

PROBE = "LENSMITH_STARTUP_PROBE"
"""Set to 1, the window prints a line of JSON after its first frame, and ends."""
OURS = ["-m", "desktop"]
BARE = ["-m", "benchmarks.desktop_bare_window"]
AIM = 1.5
_LIMIT_S = 60


def measure(tries: int) -> list[Figure]:
    """Start both in turn, `tries` times after a first that fills the disk's cache.

    Raises:
        RuntimeError: a window did not report its first frame.
    """
    ours: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory(prefix="lensmith-bench-") as folder:
        home = Path(folder) / "home"
        for turn in range(tries + 1):
            pair = seconds_to_first_frame(BARE, home), seconds_to_first_frame(OURS, home)
            if turn:
                bare.append(pair[0])
                ours.append(pair[1])
    note = f"median of {tries}, in turn"
    return [
        Figure("first window, bare PySide6 + pyqtgraph", middle(bare), "s", note=note),
        Figure("first window, Lensmith", middle(ours), "s", note=note),
        Figure("first window, ratio", middle(ours) / middle(bare), "×", AIM),
    ]


def seconds_to_first_frame(command: list[str], home: Path) -> float:
    """Start one window, wait for the line that tells its first frame, and for its end."""
    environment = {**os.environ, PROBE: "1", "LENSMITH_HOME": str(home)}
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as window:
        assert window.stdout is not None
        line = window.stdout.readline()
        seconds = time.perf_counter() - began
        _, errors = window.communicate(timeout=_LIMIT_S)
    if not line.startswith("{"):
        raise RuntimeError(f"{' '.join(command)} reported no first frame: {errors.strip()[-500:]}")
    return seconds
