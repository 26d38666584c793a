"""Measures how long mean average precision takes: ours against pycocotools, in turn, on objects made at run time."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import middle

SIDE = Path(__file__).with_name("metrics_side.py")
SIDES = ("meter", "hotcoco", "faster_coco_eval", "pycocotools")
"""What is timed; the last is what the others are compared with."""


def main(arguments: Sequence[str]) -> int:
    """Print medians and ratios, and whether all sides give the same number."""
    parser = argparse.ArgumentParser(prog="benchmarks.metrics", description=__doc__)
    parser.add_argument("--images", type=int, default=200, help="images (default 200)")
    parser.add_argument("--classes", type=int, default=80, help="classes (default 80)")
    parser.add_argument("--turns", type=int, default=5, help="how often each side is timed (default 5)")
    parser.add_argument(
        "--reference-python",
        default=sys.executable,
        help="a Python that has pycocotools (default: this one)",
    )
    parser.add_argument("--out", type=Path, help="JSON file to write: median seconds by side")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "objects.json"
        data.write_text(json.dumps(made(options.images, options.classes)), encoding="utf-8")
        seconds: dict[str, list[float]] = {side: [] for side in SIDES}
        precision: dict[str, float] = {}
        for _ in range(options.turns):
            for side in SIDES:
                python = options.reference_python if side == "pycocotools" else sys.executable
                told = timed(python, side, data)
                if told is None:
                    return 1
                seconds[side].append(told["seconds"])
                precision[side] = told["map"]
    print("\n".join(table(seconds, precision)))
    if options.out is not None:
        options.out.write_text(json.dumps({side: middle(taken) for side, taken in seconds.items()}), "utf-8")
    return 0 if max(precision.values()) - min(precision.values()) < 1e-6 else 1


def made(images: int, classes: int) -> dict[str, Any]:
    """Make COCO's file of objects, and answers to it: five or so objects an image, thirty or so answers."""
    rng = np.random.default_rng(0)
    truth: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for image in range(1, images + 1):
        for _ in range(int(rng.integers(1, 12))):
            sides = np.exp(rng.uniform(np.log(10), np.log(300), 2))
            box = [*rng.uniform(0, 640 - sides), *sides]
            label = int(rng.integers(1, classes + 1))
            row = {"image_id": image, "category_id": label, "bbox": box}
            truth.append({**row, "id": len(truth) + 1, "area": box[2] * box[3], "iscrowd": 0})
            for _ in range(5):
                near = np.maximum(np.array(box) + rng.normal(0, 0.1, 4) * np.tile(sides, 2), 1)
                guess = label if rng.random() < 0.8 else int(rng.integers(1, classes + 1))
                answers.append(
                    {**row, "category_id": guess, "bbox": near.tolist(), "score": float(rng.random())}
                )
    return {
        "images": [{"id": image, "width": 640, "height": 640} for image in range(1, images + 1)],
        "categories": [{"id": label, "name": str(label)} for label in range(1, classes + 1)],
        "annotations": truth,
        "answers": answers,
    }


def timed(python: str, side: str, data: Path) -> dict[str, float] | None:
    """Run one side in a process of its own, which warms up and then times itself; None when it failed."""
    ended = subprocess.run(
        [python, str(SIDE), side, str(data)],
        capture_output=True,
        text=True,
        check=False,
        cwd=SIDE.parent.parent,
    )
    if ended.returncode != 0:
        print(f"{side} failed:\n{ended.stderr[-2000:]}", file=sys.stderr)
        return None
    return json.loads(ended.stdout.splitlines()[-1])


def table(seconds: Mapping[str, Sequence[float]], precision: Mapping[str, float]) -> list[str]:
    """Give one line a side: its median, how many times as fast as pycocotools it is, and its number."""
    slowest = middle(seconds["pycocotools"])
    lines = [f"{'':<18} {'median s':>10} {'times as fast':>14} {'mAP':>10}"]
    for side, taken in seconds.items():
        lines.append(
            f"{side:<18} {middle(taken):>10.4f} {slowest / middle(taken):>14.1f} {precision[side]:>10.6f}"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
