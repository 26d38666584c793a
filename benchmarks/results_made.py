"""A made result set of many images: what a classifier, a detector and a segmenter would say of them, by a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.datasets.manifest import Item, Manifest
from engine.evaluation.result_folder import ResultFacts
from engine.metrics.detection import DetectionMeter
from engine.metrics.objects import TrueObjects
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.tasks.classification.judge import ScoreTable, judge_scores
from engine.tasks.detection.judge import Measured, judge_objects
from engine.tasks.kept_masks import KeptMaps
from engine.tasks.predictions import Detections
from engine.tasks.segmentation.judge import PixelTable, judge_pixels
from engine.tasks.task import Judgement

CLASSES = {"classification": 1000, "detection": 80, "segmentation": 20}
BOXES = 20
"""Found in each image, and as many are there."""
_SIDE = 640
_MAP_SIDE = 96
_MAPS = 64
"""So many are drawn; images share them."""


@dataclass(frozen=True, slots=True)
class MadeResults:
    """What was measured, before it is judged and written."""

    task: str
    images: int
    judge: Callable[[], Judgement]
    """Computes what is written, by the task's own judge."""

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(f"class {number}" for number in range(CLASSES[self.task]))

    def facts(self) -> ResultFacts:
        return ResultFacts(self.task, "val", "val", 1, 1, self.classes, "made", "0" * 64)


def make(task: str, images: int) -> MadeResults:
    """Make what a model says of so many images, and what is true."""
    makers = {"classification": _scores, "detection": _objects, "segmentation": _pixels}
    return MadeResults(task, images, makers[task](np.random.default_rng(0), images))


def write_run(home: Home, name: str, made: MadeResults) -> RunFolder:
    """Write the run that a result lies in, with the list of its images."""
    items = tuple(
        Item(
            path=f"val/{number % 97:02d}/{number * 7919 % made.images:06d}.jpg",
            label=None,
            split="val",
            sha256=f"{number:064x}",
            width=_SIDE,
            height=_SIDE,
        )
        for number in range(made.images)
    )
    manifest = Manifest(
        name="made", task=made.task, format="made", version="0" * 64, classes=made.classes, items=items
    )
    run = RunFolder(home.runs / name)
    manifest.save(run.manifest_path)
    return run


def _scores(rng: np.random.Generator, images: int) -> Callable[[], Judgement]:
    classes = CLASSES["classification"]
    targets = rng.integers(0, classes, images)
    logits = rng.standard_normal((images, classes), dtype=np.float32) * np.float32(1.5)
    logits[np.arange(images), targets] += 6
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    losses = -np.log(logits[np.arange(images), targets])
    table = ScoreTable(logits, targets, losses, np.arange(images))
    names = [f"class {number}" for number in range(classes)]
    return lambda: judge_scores(table, names)


def _objects(rng: np.random.Generator, images: int) -> Callable[[], Judgement]:
    classes = CLASSES["detection"]
    corners = rng.uniform(0, _SIDE - 200, (images, BOXES, 2))
    true = np.concatenate([corners, corners + rng.uniform(10, 200, corners.shape)], axis=2).astype(np.float32)
    labels = rng.integers(0, classes, (images, BOXES))
    found = true + rng.normal(0, 4, true.shape).astype(np.float32)
    says = np.where(rng.random(labels.shape) < 0.8, labels, rng.integers(0, classes, labels.shape))
    scores = rng.uniform(0.001, 1, labels.shape).astype(np.float32)
    meter = DetectionMeter(classes)
    for image in range(images):
        meter.add(
            Detections(found[image], scores[image], says[image]), TrueObjects(true[image], labels[image])
        )
    names = [f"class {number}" for number in range(classes)]
    measured = Measured(meter.compute(), np.arange(images), names)
    return lambda: judge_objects(measured)


def _pixels(rng: np.random.Generator, images: int) -> Callable[[], Judgement]:
    import torch

    classes = CLASSES["segmentation"]
    confusions = rng.integers(0, 200, (images, classes, classes)).astype(np.int32)
    confusions *= rng.random((images, classes, 1)) < 0.3
    confusions[:, np.arange(classes), np.arange(classes)] *= 12
    counts = np.stack(
        [np.diagonal(confusions, axis1=1, axis2=2), confusions.sum(axis=2), confusions.sum(axis=1)], axis=1
    )
    drawn = KeptMaps()
    drawn.add(torch.from_numpy(np.stack([_map(rng, classes) for _ in range(_MAPS)])))
    table = PixelTable(
        confusion=confusions.sum(axis=0, dtype=np.int64),
        counts=counts.astype(np.int64),
        items=np.arange(images),
        maps=_shared(drawn, images),
        confusions=confusions,
    )
    names = [f"class {number}" for number in range(classes)]
    return lambda: judge_pixels(table, names)


def _map(rng: np.random.Generator, classes: int) -> NDArray[np.uint8]:
    """A map of some rectangles."""
    drawn = np.zeros((_MAP_SIDE, _MAP_SIDE), dtype=np.uint8)
    for _ in range(6):
        top, left = rng.integers(0, _MAP_SIDE // 2, 2)
        drawn[top : top + _MAP_SIDE // 2, left : left + _MAP_SIDE // 2] = rng.integers(classes)
    return drawn


def _shared(drawn: KeptMaps, images: int) -> dict[str, NDArray[np.generic]]:
    """The same maps again and again, one an image."""
    arrays = drawn.arrays()
    offsets, files = arrays["mask_file_offsets"].astype(np.int64), arrays["mask_files"]
    lengths = np.diff(offsets)[np.arange(images) % _MAPS]
    repeated = np.tile(files, -(-images // _MAPS))
    ends = np.concatenate([[0], np.cumsum(lengths)])
    return {"mask_files": repeated[: ends[-1]], "mask_file_offsets": ends}


def copy_of(run: RunFolder, path: Path) -> None:
    """The same run under another name, so that nothing of it is known yet: files are linked, not copied."""
    for file in run.path.rglob("*"):
        if file.is_file():
            target = path / file.relative_to(run.path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(file)
