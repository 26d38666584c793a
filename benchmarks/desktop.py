"""How fast the window is: its start, its slots while runs stream, its grid, its memory; beside what was aimed at."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence

from benchmarks.figures import Figure, from_json, table


def main(arguments: Sequence[str]) -> int:
    """Run the parts asked for, each in a process of its own, and print one table."""
    parser = argparse.ArgumentParser(prog="benchmarks.desktop", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="start, live, scroll, memory; default: all")
    parser.add_argument("--tries", type=int, default=7, help="starts of each window (default 7)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of streaming (default 20)")
    parser.add_argument(
        "--images", type=int, default=100_000, help="thumbnails to scroll over (default 100,000)"
    )
    parser.add_argument("--hours", type=int, default=24, help="of simulated events (default 24)")
    options = parser.parse_args(arguments)
    if not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        print("There is no screen here: Qt draws into memory, and the times are those of that.\n")
    parts: dict[str, Callable[[], list[Figure]]] = {
        "start": lambda: _start(options.tries),
        "live": lambda: _apart("desktop_live", "--seconds", str(options.seconds)),
        "scroll": lambda: _apart("desktop_scroll", "--images", str(options.images)),
        "memory": lambda: _apart("desktop_memory", "--hours", str(options.hours)),
    }
    unknown = [part for part in options.parts if part not in parts]
    if unknown:
        parser.error(f"there is no part {unknown[0]}; there are: {', '.join(parts)}")
    figures: list[Figure] = []
    failed = False
    for name in options.parts or parts:
        try:
            figures += parts[name]()
        except (RuntimeError, subprocess.SubprocessError) as error:
            failed = True
            print(f"{name} could not be measured: {error}", file=sys.stderr)
    print(table(figures))
    return 1 if failed else 0


def _start(tries: int) -> list[Figure]:
    from benchmarks.desktop_start import measure

    return measure(tries)


def _apart(module: str, *arguments: str) -> list[Figure]:
    """Run a part in a process of its own, so that no part meets what another left behind."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    lines = [line for line in ended.stdout.splitlines() if line.startswith("[{")]
    if ended.returncode != 0 or not lines:
        raise RuntimeError(f"{module} ended with exit code {ended.returncode}")
    return from_json(lines[-1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
