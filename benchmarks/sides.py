"""Measures several sides in turn, each in a process of its own, so that what else the machine does meets all alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.clock import STARTED_VARIABLE

REPOSITORY = Path(__file__).resolve().parents[1]
LONGEST_S = 1800
Told = dict[str, Any]


def in_turn(sides: Mapping[str, Callable[[], Told | None]], rounds: int) -> dict[str, list[Told]]:
    """Measure each side once a round, in an order that turns round each time; what failed is left out."""
    told: dict[str, list[Told]] = {name: [] for name in sides}
    for number in range(rounds):
        names = list(sides) if number % 2 == 0 else list(sides)[::-1]
        for name in names:
            answer = sides[name]()
            if answer is not None:
                told[name].append(answer)
                print(f"  round {number + 1} {name}: {_shown(answer)}", file=sys.stderr, flush=True)
    return told


def run_side(command: Sequence[str], threads: int | None = None) -> Told | None:
    """Run a program that writes JSON to the file that takes the place of `{out}`; None when it failed."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "told.json"
        environment = {**os.environ, STARTED_VARIABLE: str(time.time()), "YOLO_OFFLINE": "True"}
        environment["NO_ALBUMENTATIONS_UPDATE"] = "1"
        if threads is not None:
            environment["OMP_NUM_THREADS"] = str(threads)
        ended = subprocess.run(
            [part.replace("{out}", str(out)) for part in command],
            capture_output=True,
            text=True,
            check=False,
            cwd=REPOSITORY,
            env=environment,
            timeout=LONGEST_S,
        )
        if not out.is_file():
            print(f"  failed: {' '.join(command[:6])}\n{ended.stderr[-1500:]}", file=sys.stderr, flush=True)
            return None
        return json.loads(out.read_text(encoding="utf-8"))


def benchmark_command(name: str, *arguments: str) -> list[str]:
    """Give the argv of one of our benchmarks."""
    return [sys.executable, "-m", f"benchmarks.{name}", *arguments]


def _shown(answer: Told) -> str:
    parts = [f"{name} {value:.4g}" for name, value in answer.items() if isinstance(value, float)]
    return ", ".join(parts) or "done"
