"""`python -m tests.recorder --out DIR`: drive the real window through its pages and states, and picture them."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.recorder.contact_sheet import read_shots, remove_old, write_sheet
from tests.recorder.leftovers import end_runs
from tests.recorder.screen import Screen, screen

REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT_S = 1_500
"""For one scale; the longest part is the training."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Record at each scale, one after the other, and write the contact sheet."""
    options = _parser().parse_args(arguments)
    folder = Path(options.out).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for record in folder.glob("shots-*x.jsonl"):
        record.unlink()
    # A kill from outside shall end everything that was started too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    code = 0
    with screen() as place:
        _say(place.words)
        for scale in options.scale.split(","):
            code = max(code, _record(folder, int(scale), options, place))
    shots = read_shots(folder)
    if not options.only and code == 0:
        remove_old(folder, shots)
    sheet = write_sheet(folder, shots, place.words)
    missed = [shot for shot in shots if shot.trouble]
    _say(f"{len(shots) - len(missed)} pictures, {len(missed)} not taken. Look at them: {sheet}")
    return code or (1 if missed else 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py screenshots", description=__doc__)
    parser.add_argument("--out", required=True, metavar="DIR", help="where the pictures and index.html go")
    parser.add_argument("--scale", default="1,2", help="device pixels a pixel, comma separated (default 1,2)")
    parser.add_argument("--theme", default="both", choices=("both", "dark", "light"))
    parser.add_argument(
        "--only", default="", metavar="PAGE", help="only pictures of these pages, such as train,jobs"
    )
    parser.add_argument(
        "--size", default="1440x900", help="of the window, pixels at scale 1 (default 1440x900)"
    )
    return parser


def _record(folder: Path, scale: int, options: argparse.Namespace, place: Screen) -> int:
    """Run one recording in a process of its own, over a user folder of its own; nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="lensmith-", ignore_cleanup_errors=True) as home:
        environment = {
            **os.environ,
            **place.variables,
            "LENSMITH_HOME": str(Path(home) / "Lensmith"),
            "QT_SCALE_FACTOR": str(scale),
            "QT_FONT_DPI": "96",
            "PYTHONPATH": str(REPOSITORY),
        }
        themes = "dark,light" if options.theme == "both" else options.theme
        command = [sys.executable, "-m", "tests.recorder.director", str(folder), themes]
        command += ["--scale", str(scale), "--only", options.only, "--size", options.size]
        try:
            with subprocess.Popen(command, cwd=REPOSITORY, env=environment) as director:
                try:
                    return director.wait(LIMIT_S)
                except subprocess.TimeoutExpired:
                    _say(f"The recording at scale {scale} took longer than {LIMIT_S} s and was ended.")
                    return 1
                finally:
                    director.kill()
        finally:
            end_runs(Path(home) / "Lensmith")


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
