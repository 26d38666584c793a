"""Runs the measurements and writes docs/performance.md: targets, floors, what was measured, where and when."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psutil

from benchmarks.goals import GOALS, Row, merged, read_rows, write_rows
from benchmarks.measurements import MEASUREMENTS
from benchmarks.sides import REPOSITORY

PAGE = REPOSITORY / "docs" / "performance.md"
MEASURED = REPOSITORY / "benchmarks" / "measured.json"
NOTES = REPOSITORY / "benchmarks" / "performance_notes.md"


def main(arguments: Sequence[str]) -> int:
    """Measure what is named (all, where nothing is), keep the rest as it was measured before, and write the page."""
    parser = argparse.ArgumentParser(prog="benchmarks.table", description=__doc__)
    parser.add_argument("measurements", nargs="*", metavar="NAME", help=f"of {', '.join(MEASUREMENTS)}")
    parser.add_argument("--data", type=Path, help="folder with train/CLASS/*.jpg and val/, 256 px JPEGs")
    parser.add_argument("--peers", type=Path, help="the program that trains with other libraries (peers.py)")
    parser.add_argument("--timm-train", help="timm's own train.py")
    parser.add_argument("--reference-python", help="a Python that has pycocotools")
    parser.add_argument("--rounds", type=int, default=3, help="of alternating runs (default 3)")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--only-write", action="store_true", help="measure nothing, write the page")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.measurements if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"no measurement is called {unknown[0]}; there are {', '.join(MEASUREMENTS)}")
    names = [] if options.only_write else options.measurements or list(MEASUREMENTS)
    if options.data is None and set(names) - {"metrics", "prediction"}:
        parser.error("--data is needed")
    for name in names:
        print(name, file=sys.stderr)
        found = MEASUREMENTS[name](options)
        today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
        # Read again: another call may have measured something meanwhile.
        rows = merged(read_rows(MEASURED), [replace(row, date=today, load=_load()) for row in found])
        write_rows(MEASURED, rows)
    PAGE.write_text(page(read_rows(MEASURED), machine(), NOTES.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def page(rows: Sequence[Row], where: str, notes: str) -> str:
    """Write the page.

    Args:
        rows: what was measured.
        where: the machine, without its name.
        notes: what is said below the table.
    """
    lines = [
        "# Performance",
        "",
        "Written by `python -m benchmarks table`; what a call does not measure stays as an earlier one has left it.",
        f"Machine: {where}.",
        "Each side ran in processes of its own, in turn, with one compute thread; compared are the medians, per",
        "CPU-second unless the wall's clock is named: other programs kept the machine busy (its load is told).",
        "",
        "| what | target | floor | measured | | of | day, load |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    measured = {row.goal: row for row in rows}
    for name, goal in GOALS.items():
        row = measured.get(name)
        cells = [goal.title, goal.bound(goal.target), goal.bound(goal.floor)]
        if row is None:
            cells += ["not measured", "", "", ""]
        else:
            cells += [f"{row.value:.3g} {goal.unit}", goal.verdict(row.value), row.detail]
            cells.append(f"{row.date}, {row.load:.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", notes.strip(), ""])


def machine() -> str:
    """The processor, its cores and the versions; no name of the machine."""
    import torch

    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        named = [
            line for line in info.read_text(encoding="utf-8").splitlines() if line.startswith("model name")
        ]
        model = named[0].partition(":")[2].strip() if named else model
    system = f"{platform.system()}, Python {platform.python_version()}, torch {torch.__version__}"
    return (
        f"{model}, {os.cpu_count()} cores, no GPU, {system}"
        if not torch.cuda.is_available()
        else (f"{model}, {os.cpu_count()} cores, {torch.cuda.get_device_name()}, {system}")
    )


def _load() -> float:
    return psutil.getloadavg()[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
