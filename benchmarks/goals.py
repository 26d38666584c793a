"""What speed is aimed at, and the rows that a measurement gives: a value beside its target and its floor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Goal:
    """What is aimed at.

    Attributes:
        target: what should be reached.
        floor: what may never be missed.
        unit: `×` for ratios, `%`, `µs`, `s`.
        is_more_better: whether the value should be at least, and not at most, the target.
    """

    title: str
    target: float
    floor: float
    unit: str = "×"
    is_more_better: bool = True

    def verdict(self, value: float) -> str:
        """Say in a word what a value is worth."""
        sign = 1 if self.is_more_better else -1
        if sign * value >= sign * self.target:
            return "reached"
        return "target missed" if sign * value >= sign * self.floor else "FLOOR MISSED"

    def bound(self, limit: float) -> str:
        """Write a limit as people do: `≥ 1.8 ×`."""
        return f"{'≥' if self.is_more_better else '≤'} {limit:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Row:
    """A measured value.

    Attributes:
        goal: name in `GOALS`.
        value: in the goal's unit.
        detail: the medians it was made of.
        date: on which day it was measured.
        load: the machine's load average beside it.
    """

    goal: str
    value: float
    detail: str = ""
    date: str = ""
    load: float = 0.0


GOALS: dict[str, Goal] = {
    "loop_defaults": Goal("resnet18 at 64 px, everybody's defaults, against the best peer", 1.8, 1.4),
    "loop_same_precision": Goal("the same in float32, against plain torch", 1.15, 1.0),
    "loop_tuned": Goal("the same, against torch tuned (channels last, bf16)", 1.15, 1.0),
    "loop_data_bound": Goal("test_resnet at 128 px (data-bound), against the best peer", 2.2, 1.6),
    "loop_ultralytics": Goal("yolov8n-cls at 64 px in our loop, against Ultralytics' trainer", 1.6, 1.2),
    "loader_cold": Goal("loader, files read and decoded, against ImageFolder + DataLoader", 5, 3.5),
    "loader_cached": Goal("loader, decoded images kept, against ImageFolder + DataLoader", 15, 10),
    "engine_share": Goal(
        "events, hooks, orders, samples: over the bare loop", 1, 2, "%", is_more_better=False
    ),
    "checkpoint_share": Goal("the same with a checkpoint every 100 steps", 1, 2, "%", is_more_better=False),
    "event": Goal("an event, on the training thread", 10, 50, "µs", is_more_better=False),
    "data_wait": Goal("waiting for data after the first epoch", 2, 5, "%", is_more_better=False),
    "validation": Goal("a validation over its own forward passes", 10, 20, "%", is_more_better=False),
    "first_step_warm": Goal(
        "from the click to the first step, with a spare process", 1, 2, "s", is_more_better=False
    ),
    "first_step_cold": Goal(
        "without one, against a bare torch loop's start", 1.0, 1.2, "×", is_more_better=False
    ),
    "metrics": Goal("mean average precision, against pycocotools", 20, 5),
    "prediction_over": Goal(
        "from a picture dropped to its answer on the screen, over the bare call of ResNet-18 at 224 px",
        15,
        40,
        "ms",
        is_more_better=False,
    ),
    "prediction_classification": Goal(
        "the same in all, with the recommended classifier", 100, 200, "ms", is_more_better=False
    ),
    "prediction_detection": Goal("with the recommended detector", 100, 200, "ms", is_more_better=False),
    "prediction_segmentation": Goal("with the recommended segmenter", 100, 200, "ms", is_more_better=False),
    "results_ingest": Goal(
        "writing results by image, 50,000 images of the slowest task", 20_000, 10_000, "rows/s"
    ),
    "results_open": Goal("opening such a result in the window", 1, 2, "s", is_more_better=False),
    "results_filter": Goal("its slowest filter or order", 100, 200, "ms", is_more_better=False),
    "results_threshold": Goal("a move of its confidence slider", 50, 100, "ms", is_more_better=False),
}


def merged(old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """Put new rows in the place of old ones of the same goal, in the order of the goals."""
    rows = {row.goal: row for row in [*old, *new]}
    return [rows[name] for name in GOALS if name in rows]


def read_rows(path: Path) -> list[Row]:
    """Read what earlier calls have measured; nothing where there is no file."""
    if not path.is_file():
        return []
    return [Row(**row) for row in json.loads(path.read_text(encoding="utf-8")) if row["goal"] in GOALS]


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    text = json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
