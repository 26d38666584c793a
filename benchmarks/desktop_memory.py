"""What the window's memory does while a day of one run's events comes in."""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.figures import Figure, to_json

HOURS = 24
FILLED_AFTER = 0.25
"""Share of the time after which what is kept on purpose (points of curves, lines of logs) has its full size."""
AIM_MB = 16.0
_HOUR_S = 3600
_MB = 2**20


def main(arguments: Sequence[str]) -> int:
    """Print the figures as JSON; runs in a process of its own."""
    parser = argparse.ArgumentParser(prog="benchmarks.desktop_memory", description=__doc__)
    parser.add_argument("--hours", type=int, default=HOURS, help="simulated hours (default 24)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="lensmith-bench-", ignore_cleanup_errors=True) as folder:
        print(to_json(watch(Path(folder) / "home", options.hours)))
    return 0


def watch(folder: Path, hours: int) -> list[Figure]:
    """Let the window hear `hours` of a run, one after the other, and look at its memory after each."""
    from PySide6.QtCore import QObject
    from PySide6.QtWidgets import QApplication

    from benchmarks.desktop_home import open_window, running_home
    from engine.protocol.events import LogLine

    application = QApplication(sys.argv[:1])
    home, runs = running_home(folder, 1)
    window = open_window(home, "train", run=runs[0])
    command = [sys.executable, "-m", "benchmarks.desktop_stream", str(folder), runs[0], "--on-demand"]
    sender = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
    used: list[float] = []
    heard = 0

    class Listener(QObject):
        """Asks for the next hour when one is through."""

        def hear(self, _run: str, _attempt: int, _source: str, event: object) -> None:
            nonlocal heard
            heard += 1
            if isinstance(event, LogLine) and event.message == "through":
                used.append(memory_mb())
                ask() if len(used) < hours else application.quit()

    def ask() -> None:
        assert sender.stdin is not None
        sender.stdin.write(f"{_HOUR_S}\n")
        sender.stdin.flush()

    listener = Listener()
    window.context.live.received.connect(listener.hear)
    began = time.perf_counter()
    ask()
    application.exec()
    seconds = time.perf_counter() - began
    assert sender.stdin is not None
    sender.stdin.close()
    sender.wait()
    window.context.close()
    filled_hour = max(1, round(hours * FILLED_AFTER))
    note = f"{heard:,} events in {seconds:.0f} s"
    return [
        Figure("memory after the first hour", used[0], "MB", note=note),
        Figure(f"memory after {hours} hours", used[-1], "MB"),
        Figure(f"growth from hour {filled_hour} on", used[-1] - used[filled_hour - 1], "MB", AIM_MB),
        Figure("one event, all that it causes", seconds / heard * 1e6, "µs"),
    ]


def memory_mb() -> float:
    """Give the resident memory, after what nobody needs is freed."""
    gc.collect()
    return psutil.Process().memory_info().rss / _MB


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
