"""Results as the engine's own judges write them, from seeded guesses at made-up images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.comparison.measured import Measured
from engine.metrics.segmentation import SegmentationMeter
from engine.protocol.results import ResultSummary
from engine.tasks.classification.judge import judge_scores, score_table
from engine.tasks.detection.collector import ObjectCollector
from engine.tasks.predictions import ClassScores, Detections
from engine.tasks.segmentation.judge import PixelTable, judge_pixels
from engine.tasks.task import Judgement

ANIMALS = ("cat", "dog", "owl")
_SIDE = 40


def measured(
    judgement: Judgement, name: str, task: str, classes: Sequence[str], numbers: Sequence[int] | None = None
) -> Measured:
    """What is stored of a judgement, on images that are told apart by numbers."""
    summary = ResultSummary(
        task=task,
        split="val",
        epoch=1,
        step=1,
        class_names=tuple(classes),
        images=judgement.images,
        metrics={f"val/{metric}": value for metric, value in judgement.metrics.items()},
        per_class=judgement.per_class,
        columns=tuple(judgement.columns),
        arrays=tuple(judgement.arrays),
    )
    told = range(judgement.images) if numbers is None else numbers
    return Measured(
        name,
        name,
        "0001",
        summary,
        judgement.columns,
        judgement.arrays,
        tuple(f"{number:04}.png" for number in told),
        tuple(f"hash {number}" for number in told),
    )


def classifier(
    name: str,
    targets: NDArray[np.int64],
    predicted: NDArray[np.int64],
    classes: Sequence[str] = ANIMALS,
    numbers: Sequence[int] | None = None,
) -> Measured:
    """A classifier that says `predicted` with 80 %."""
    rest = 0.2 / (len(classes) - 1)
    scores = []
    for called in predicted:
        probs = np.full(len(classes), rest, dtype=np.float32)
        probs[called] = 0.8
        scores.append(ClassScores(probs))
    judgement = judge_scores(score_table(scores, targets, len(classes)), classes)
    return measured(judgement, name, "classification", classes, numbers)


def guesses(
    rng: np.random.Generator, targets: NDArray[np.int64], accuracy: float, classes: int = 3
) -> NDArray[np.int64]:
    """Predictions that are right with a probability, else another class."""
    wrong = (targets + rng.integers(1, classes, len(targets))) % classes
    return np.where(rng.random(len(targets)) < accuracy, targets, wrong)


def detector(name: str, seed: int, images: int = 30, recall: float = 0.7, ignored: float = 0.0) -> Measured:
    """A detector that finds some of the same objects, moves boxes a little, and makes some up.

    `ignored` is the share of objects that are difficult: they count neither way.
    """
    true, rng = np.random.default_rng(5), np.random.default_rng(seed)
    collector = ObjectCollector(ANIMALS)
    for _ in range(images):
        count = int(true.integers(0, 5))
        corners = true.uniform(0, 200, (count, 2))
        objects = np.hstack([corners, corners + _SIDE])
        labels = true.integers(0, len(ANIMALS), count)
        is_ignored = true.random(count) < ignored
        found = rng.random(count) < recall
        moved = objects[found] + rng.normal(0, 6, (int(found.sum()), 4))
        extra = rng.uniform(0, 200, (int(rng.integers(0, 4)), 2))
        boxes = np.vstack([moved, np.hstack([extra, extra + _SIDE])]).astype(np.float32)
        called = np.concatenate([labels[found], rng.integers(0, len(ANIMALS), len(extra))])
        scores = rng.uniform(0.05, 1, len(boxes)).round(2).astype(np.float32)
        target = {
            "boxes": objects.astype(np.float32),
            "labels": labels.astype(np.int64),
            "difficult": is_ignored,
        }
        collector.judge_one(Detections(boxes, scores, called.astype(np.int64), None), target)
    return measured(collector.judgement(), name, "detection", ANIMALS)


def segmenter(name: str, seed: int, images: int = 20, accuracy: float = 0.8) -> Measured:
    """A segmenter that calls each pixel right with a probability; the third class is in no image."""
    true, rng = np.random.default_rng(6), np.random.default_rng(seed)
    meter = SegmentationMeter(3, boundaries=False)
    counts = []
    for _ in range(images):
        target = true.integers(0, 2, (8, 8))
        other = rng.integers(0, 2, (8, 8))
        confusion = meter.add(np.where(rng.random((8, 8)) < accuracy, target, other), target)
        counts.append([np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)])
    table = PixelTable(meter.compute().confusion, np.array(counts), np.arange(images))
    return measured(judge_pixels(table, ANIMALS), name, "segmentation", ANIMALS)
