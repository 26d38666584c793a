"""The work of the window's slots while four runs stream at full rate into the page that shows one of them."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure, middle, ninety_ninth, to_json

RUNS = 4
WARM_UP_S = 3.0
AIM_MS, AIM_P99_MS = 16.0, 50.0


def main(arguments: Sequence[str]) -> int:
    """Print the figures as JSON; runs in a process of its own."""
    parser = argparse.ArgumentParser(prog="benchmarks.desktop_live", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="lensmith-bench-", ignore_cleanup_errors=True) as folder:
        print(to_json(watch(Path(folder) / "home", options.seconds)))
    return 0


def watch(folder: Path, seconds: float) -> list[Figure]:
    """Open the page, let the runs stream, and time what the window does."""
    from PySide6.QtCore import QTimer

    from benchmarks.desktop_home import open_window, running_home
    from benchmarks.desktop_turns import TimedApplication

    application = TimedApplication(sys.argv[:1])
    home, runs = running_home(folder, RUNS)
    window = open_window(home, "train", run=runs[0])
    heard: list[str] = []
    window.context.live.received.connect(lambda run, *_: heard.append(run))  # both end with this process
    command = [sys.executable, "-m", "benchmarks.desktop_stream", str(folder), *runs]
    with subprocess.Popen([*command, "--seconds", str(seconds + WARM_UP_S + 2)]) as sender:
        QTimer.singleShot(int(WARM_UP_S * 1000), application.start_timing)
        QTimer.singleShot(int((WARM_UP_S + seconds) * 1000), application.quit)
        application.exec()
        sender.terminate()
    window.context.close()
    rate = len(heard) / (seconds + WARM_UP_S)
    frames = application.frames_ms
    note = f"{len(frames)} frames, {len(set(heard))} runs, {rate:.0f} events a second"
    return [
        Figure("slots in a frame, median", middle(frames), "ms", AIM_MS, note),
        Figure("slots in a frame, 99th percentile", ninety_ninth(frames), "ms", AIM_P99_MS, note),
        Figure("longest single slot", max(application.slots_ms, default=0.0), "ms"),
        Figure("share of one core, slots", sum(frames) / (seconds * 10), "%"),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
