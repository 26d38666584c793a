"""Results of many images: how quickly they are written, and opened, filtered and judged anew in the window.

Of each task: `ingest` is from what was measured to the finished folder (the task's judge, and the writer of
`engine.evaluation`; the mean average precision itself is the benchmark `metrics`), `open` from the folder to what the
Validate page shows first, `filter` the slowest choice or order of its images, `threshold` a move of its slider.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.figures import Figure, middle, table
from benchmarks.results_made import CLASSES, MadeResults, copy_of, make, write_run
from engine.evaluation.result_folder import write_result
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder

if TYPE_CHECKING:
    from desktop.grids.image_model import ImageModel
    from desktop.models.result import Result
    from desktop.tasks.task import Selection, TaskView

AIMS: dict[str, tuple[float, str]] = {
    "ingest_rows_per_s": (20_000, "rows/s"),
    "open_ms": (1_000, "ms"),
    "filter_ms": (100, "ms"),
    "threshold_ms": (50, "ms"),
}
_MOVES = 20
Told = dict[str, float]
Clock = Callable[[], float]
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}
"""Seconds; those of the processor say on a busy machine what an idle one takes."""


def main(arguments: Sequence[str]) -> int:
    """Print what each task comes to, or with `--json` the worst of them."""
    parser = argparse.ArgumentParser(prog="benchmarks results", description=__doc__)
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--task", choices=[*CLASSES, "all"], default="all")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall")
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    parser.add_argument("--out", type=Path, help="write the same object there")
    options = parser.parse_args(arguments)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    names = list(CLASSES) if options.task == "all" else [options.task]
    found = {
        name: _measured(make(name, options.images), options.repeats, CLOCKS[options.clock]) for name in names
    }
    told = worst(list(found.values()))
    if options.out is not None:
        options.out.write_text(json.dumps(told), encoding="utf-8")
    print(json.dumps(told) if options.json else _as_table(found))
    return 0


def worst(found: Sequence[Told]) -> Told:
    """Of each figure the worst of several tasks: the fewest rows a second, the longest times."""
    return {
        name: round((min if name == "ingest_rows_per_s" else max)(one[name] for one in found), 1)
        for name in AIMS
    }


def _measured(made: MadeResults, repeats: int, clock: Clock) -> Told:
    with tempfile.TemporaryDirectory(prefix="lensmith-bench-") as folder:
        home = Home(Path(folder)).ensure()
        run = write_run(home, "20260101-000000-0000", made)
        ingest = _ingest(made, run, repeats, clock)
        opening: list[float] = []
        result: Result | None = None
        for number in range(repeats):
            copy = RunFolder(home.runs / f"20260101-00000{number + 1}-0000")
            copy_of(run, copy.path)
            took, result = _open(home, copy, clock)
            opening.append(took)
        assert result is not None
        return {
            "ingest_rows_per_s": made.images / ingest,
            "open_ms": middle(opening),
            "filter_ms": _filter(result, repeats, clock),
            "threshold_ms": _threshold(result, clock),
        }


def _ingest(made: MadeResults, run: RunFolder, repeats: int, clock: Clock) -> float:
    """Seconds, the median."""
    spent: list[float] = []
    for _ in range(repeats):
        shutil.rmtree(run.results, ignore_errors=True)
        began = clock()
        write_result(run.results, made.judge(), made.facts())
        spent.append(clock() - began)
    return middle(spent)


def _open(home: Home, run: RunFolder, clock: Clock) -> tuple[float, Result]:
    """Milliseconds until the page has what it shows first: the worst images at the first bound."""
    from desktop.models.result import ResultKey, open_result
    from desktop.tasks.task import Selection, task_view

    began = clock()
    result = open_result(home, ResultKey(run.run, "0001"))
    view = task_view(result.summary.task)
    bound = view.bound(result)
    shown = result if bound is None else view.at(result, bound.value)
    view.chosen(shown, Selection())
    view.order(shown, view.sorts[0].key)
    return _ms(clock() - began), result


def _filter(result: Result, repeats: int, clock: Clock) -> float:
    """Milliseconds of the slowest filter or order, arranged in the model of the grid."""
    from PySide6.QtCore import QCoreApplication

    from desktop.grids.image_model import ImageModel, Images
    from desktop.grids.tile import Tile
    from desktop.tasks.task import INCORRECT, Selection, task_view

    application = QCoreApplication.instance() or QCoreApplication([])
    view = task_view(result.summary.task)
    bound = view.bound(result)
    shown = result if bound is None else view.at(result, bound.value)
    model = ImageModel()
    model.set_images(Images(None, shown.paths, lambda _: Tile("")))
    choices = [
        Selection(),
        Selection(INCORRECT),
        Selection(true=1),
        Selection(predicted=2),
        Selection(true=1, predicted=2),
    ]
    nothing = np.zeros(shown.images, dtype=np.bool_)
    slowest = 0.0
    for sort in view.sorts:
        for selection in choices:
            took: list[float] = []
            for _ in range(repeats):
                model.arrange(nothing)
                began = clock()
                _arranged(model, view, (shown, selection, sort.key))
                took.append(_ms(clock() - began))
            slowest = max(slowest, middle(took))
    del application
    return slowest


def _arranged(model: ImageModel, view: TaskView, wish: tuple[Result, Selection, str]) -> None:
    shown, selection, sort = wish
    model.arrange(view.chosen(shown, selection), view.order(shown, sort))


def _threshold(result: Result, clock: Clock) -> float:
    """Milliseconds of a move of the slider, the median of many; 0 where there is none."""
    from desktop.tasks.task import task_view

    view = task_view(result.summary.task)
    if view.bound(result) is None:
        return 0.0
    took: list[float] = []
    for value in np.linspace(0.05, 0.95, _MOVES):
        began = clock()
        view.at(result, float(value))
        took.append(_ms(clock() - began))
    return middle(took)


def _ms(seconds: float) -> float:
    return seconds * 1e3


def _as_table(found: dict[str, Told]) -> str:
    figures: list[Figure] = []
    for task, told in found.items():
        for name, (aim, unit) in AIMS.items():
            is_rate = name == "ingest_rows_per_s"
            # A rate is better the larger it is: the table holds the time of a row against its aim.
            if is_rate:
                figures.append(
                    Figure(
                        f"{task}: writing a row",
                        1e6 / told[name],
                        "µs",
                        1e6 / aim,
                        f"{told[name]:,.0f} rows/s",
                    )
                )
            else:
                figures.append(Figure(f"{task}: {name.removesuffix('_ms')}", told[name], unit, aim))
    return table(figures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
