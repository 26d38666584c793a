"""Measures how long a command takes to answer; the best of several tries: other programs only add time."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

COMMANDS: dict[str, list[str]] = {
    "python alone": ["-c", "pass"],
    "lensmith --help": ["-m", "engine", "--help"],
    "lensmith runs list": ["-m", "engine", "runs", "list", "--json"],
    "import engine.plugin": ["-c", "import engine.plugin"],
    "import torch": ["-c", "import torch"],
}


def main(arguments: Sequence[str]) -> int:
    """Print one line a command: best and median seconds."""
    parser = argparse.ArgumentParser(prog="benchmarks.start_up", description=__doc__)
    parser.add_argument("--tries", type=int, default=5, help="how often each command runs (default 5)")
    options = parser.parse_args(arguments)
    failed = False
    print(f"{'command':<22} {'best s':>8} {'median s':>9}")
    for name, command in COMMANDS.items():
        seconds, code = measure(command, options.tries)
        failed = failed or code != 0
        note = "" if code == 0 else f"   failed with exit code {code}"
        print(f"{name:<22} {min(seconds):>8.3f} {statistics.median(seconds):>9.3f}{note}")
    return 1 if failed else 0


def measure(command: list[str], tries: int) -> tuple[list[float], int]:
    """Run a command of this interpreter several times. Gives the seconds of each and the worst exit code."""
    seconds: list[float] = []
    worst = 0
    for _ in range(tries):
        began = time.perf_counter()
        ended = subprocess.run([sys.executable, *command], capture_output=True, check=False)
        seconds.append(time.perf_counter() - began)
        worst = max(worst, abs(ended.returncode))
    return seconds, worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
