"""Runs of detectors and segmenters as the engine leaves them: small datasets, results by the engine's own writer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from engine.data.batch import Batch
from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.protocol.home import Home
from engine.tasks.detection.collector import ObjectCollector
from engine.tasks.predictions import Detections, SegmentationMap
from engine.tasks.segmentation.collector import PixelCollector
from tests.desktop.measured_runs import MeasuredRun

WIDTH, HEIGHT = 40, 30
CATS, DOGS = 0, 1
ANIMALS = ("cat", "dog")
GROUNDS = ("sky", "grass", "road")
_OBJECTS: tuple[tuple[tuple[int, int, int, int, int], ...], ...] = (
    ((0, 2, 2, 12, 12),),
    ((0, 2, 2, 12, 12), (1, 20, 10, 36, 26)),
    ((1, 4, 4, 20, 20),),
    (),
)
"""Of each image the class and the box, left, top, right, bottom."""


def import_animals(home: Home, folder: Path) -> Manifest:
    """Import COCO files with boxes and polygons: one training image, and four to validate on."""
    root = folder / "animals"
    for split, count in (("train", 1), ("val", len(_OBJECTS))):
        place = root / split
        place.mkdir(parents=True)
        images, annotations = [], []
        for number in range(count):
            name = f"{split}-{number}.png"
            pixels = np.random.default_rng(number).integers(0, 255, (HEIGHT, WIDTH, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(place / name)
            images.append({"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT})
            for label, left, top, right, bottom in _OBJECTS[number]:
                corners = [left, top, right, top, right, bottom, left, bottom]
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": number,
                        "category_id": label + 1,
                        "bbox": [left, top, right - left, bottom - top],
                        "area": (right - left) * (bottom - top),
                        "segmentation": [corners],
                        "iscrowd": 0,
                    }
                )
        categories = [{"id": number + 1, "name": name} for number, name in enumerate(ANIMALS)]
        document = {"images": images, "annotations": annotations, "categories": categories}
        (root / "annotations").mkdir(exist_ok=True)
        (root / "annotations" / f"instances_{split}.json").write_text(json.dumps(document))
    return Library(home.ensure()).import_dataset(root)


def detector_run(home: Home, folder: Path, *, masks: bool = False) -> MeasuredRun:
    """A finished training of a detector: one image right, one with a wrong class and a miss, one with a box too many.

    Boxes have confidences 0.9, 0.8, 0.6 and 0.4; the fourth image has no object, and nothing is found in it.
    """
    manifest = import_animals(home, folder)
    run = MeasuredRun(home, "20260101-000000-dddd", manifest).create()
    table = Library(home).annotations_file(manifest)
    assert table is not None
    shutil.copyfile(table, run.folder.annotations_path)
    collector = ObjectCollector(ANIMALS)
    items = [n for n, item in enumerate(manifest.items) if item.split == "val"]
    found = (
        [(CATS, 0.9, 2, 2, 12, 12)],
        [(DOGS, 0.8, 2, 2, 12, 12)],
        [(DOGS, 0.6, 4, 4, 20, 18), (CATS, 0.4, 26, 2, 38, 14)],
        [],
    )
    for image, boxes in enumerate(found):
        collector.judge_one(_detections(boxes, masks=masks), _target(image, masks=masks))
    judgement = collector.judgement()
    judgement.columns["item"] = np.array(items, dtype=np.int64)
    for epoch in (1, 2):
        run.keep(judgement, epoch)
    run.checkpoint("best", "best", 2)
    return run.tell()


def segmenter_run(home: Home, folder: Path) -> MeasuredRun:
    """A finished training of a segmenter: one image right, one where the grass is taken for road."""
    root = folder / "grounds"
    for split, count in (("train", 1), ("val", 2)):
        for kind in ("images", "masks"):
            (root / kind / split).mkdir(parents=True)
        for number in range(count):
            pixels = np.random.default_rng(number).integers(0, 255, (HEIGHT, WIDTH, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(root / "images" / split / f"{split}-{number}.png")
            Image.fromarray(ground(number)).save(root / "masks" / split / f"{split}-{number}.png")
    classes = [{"id": number, "name": name} for number, name in enumerate(GROUNDS)]
    (root / "classes.json").write_text(json.dumps({"classes": classes}))
    manifest = Library(home.ensure()).import_dataset(root)
    run = MeasuredRun(home, "20260101-000000-eeee", manifest).create()
    items = [n for n, item in enumerate(manifest.items) if item.split == "val"]
    masks = torch.from_numpy(np.stack([ground(0), ground(1)]))
    batch = Batch(torch.zeros((2, HEIGHT, WIDTH, 3), dtype=torch.uint8), masks, torch.tensor(items))
    collector = PixelCollector(GROUNDS)
    wrong = np.where(ground(1) == 1, 2, ground(1))
    collector.add_predictions([SegmentationMap(ground(0).astype(np.int64)), SegmentationMap(wrong)], batch)
    for epoch in (1, 2):
        run.keep(collector.judgement(), epoch)
    run.checkpoint("best", "best", 2)
    return run.tell()


def ground(number: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """The classes of an image's pixels: sky above, below it grass, and road in the first image."""
    classes = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    classes[HEIGHT // 3 :] = 1
    if number == 0:
        classes[2 * HEIGHT // 3 :] = 2
    return classes


def _detections(boxes: list[tuple[int, float, int, int, int, int]], *, masks: bool) -> Detections:
    corners = np.array([box[2:] for box in boxes], dtype=np.float32).reshape(-1, 4)
    return Detections(
        corners,
        np.array([box[1] for box in boxes], dtype=np.float32),
        np.array([box[0] for box in boxes], dtype=np.int64),
        _filled(corners) if masks else None,
    )


def _target(image: int, *, masks: bool) -> dict[str, torch.Tensor]:
    corners = np.array([told[1:] for told in _OBJECTS[image]], dtype=np.float32).reshape(-1, 4)
    target = {
        "boxes": torch.from_numpy(corners),
        "labels": torch.tensor([told[0] for told in _OBJECTS[image]], dtype=torch.int64),
    }
    return target | ({"masks": torch.from_numpy(_filled(corners))} if masks else {})


def _filled(corners: np.ndarray) -> np.ndarray:
    masks = np.zeros((len(corners), HEIGHT, WIDTH), dtype=np.bool_)
    for mask, (left, top, right, bottom) in zip(masks, corners.astype(int), strict=True):
        mask[top:bottom, left:right] = True
    return masks
