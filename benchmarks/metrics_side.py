"""Times one way to mean average precision; a script, also for a Python that has pycocotools and nothing of us."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def main(side: str, path: str) -> None:
    """Warm up, time once, print `{"seconds", "map"}`."""
    data = json.loads(Path(path).read_text(encoding="utf-8"))
    answers = data.pop("answers")
    measure = {
        "meter": by_meter,
        "hotcoco": by_hotcoco,
        "faster_coco_eval": by_faster_coco_eval,
        "pycocotools": by_pycocotools,
    }[side](data, answers)
    measure()
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        precision = measure()
    print(json.dumps({"seconds": time.perf_counter() - began, "map": precision}))


def by_pycocotools(data: dict[str, Any], answers: list[dict[str, Any]]) -> Callable[[], float]:
    objects = importlib.import_module("pycocotools.coco")  # only where it is timed
    judge = importlib.import_module("pycocotools.cocoeval")

    def measure() -> float:
        truth = objects.COCO()
        truth.dataset = data
        truth.createIndex()
        evaluation = judge.COCOeval(truth, truth.loadRes(answers), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        return float(evaluation.stats[0])

    return measure


def by_hotcoco(data: dict[str, Any], answers: list[dict[str, Any]]) -> Callable[[], float]:
    from hotcoco import COCO, COCOeval

    def measure() -> float:
        truth = COCO(data)
        evaluation = COCOeval(truth, truth.load_res(answers), "bbox")
        evaluation.run()
        return float(evaluation.stats[0])

    return measure


def by_faster_coco_eval(data: dict[str, Any], answers: list[dict[str, Any]]) -> Callable[[], float]:
    from faster_coco_eval import COCO, COCOeval_faster

    def measure() -> float:
        truth = COCO(data)
        evaluation = COCOeval_faster(truth, truth.loadRes(answers), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        return float(evaluation.stats[0])

    return measure


def by_meter(data: dict[str, Any], answers: list[dict[str, Any]]) -> Callable[[], float]:
    """Ours, from arrays to all its numbers: also curves, histograms and the confusion matrix."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from engine.metrics.detection import DetectionMeter
    from engine.metrics.objects import PredictedObjects, TrueObjects

    classes, images = len(data["categories"]), len(data["images"])
    rows: list[tuple[PredictedObjects, TrueObjects]] = []
    for image in range(1, images + 1):
        own = [row for row in answers if row["image_id"] == image]
        there = [row for row in data["annotations"] if row["image_id"] == image]
        scores = np.array([row["score"] for row in own])
        predicted = PredictedObjects(corners(own), scores, labels(own))
        rows.append((predicted, TrueObjects(corners(there), labels(there))))

    def measure() -> float:
        meter = DetectionMeter(classes)
        for predicted, target in rows:
            meter.add(predicted, target)
        return meter.compute().map

    return measure


def corners(rows: list[dict[str, Any]]) -> np.ndarray:
    boxes = np.array([row["bbox"] for row in rows], dtype=np.float64).reshape(-1, 4)
    return np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])


def labels(rows: list[dict[str, Any]]) -> np.ndarray:
    return np.array([row["category_id"] - 1 for row in rows], dtype=np.int64)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
