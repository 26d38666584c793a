"""Small datasets with objects and with masks, for tests of the window."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.protocol.home import Home

SIZE = (60, 40)
CLASSES = ("cat", "dog")


def picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
    Image.fromarray(pixels).save(path)


def write_objects(folder: Path, *, polygons: bool = False, spoiled: bool = False) -> Path:
    """Write COCO: four images to train on, two to validate; the last of train has no object."""
    number = 0
    for split, count in (("train", 4), ("val", 2)):
        images: list[dict[str, object]] = []
        objects: list[dict[str, object]] = []
        for image in range(count):
            picture(folder / split / f"{image}.png", number + image)
            images.append({"id": image, "file_name": f"{image}.png", "width": SIZE[0], "height": SIZE[1]})
            for place in range(0 if split == "train" and image == 3 else image + 1):
                number += 1
                left, top = 4 + 10 * place, 5
                entry = {
                    "id": number, "image_id": image, "category_id": place % 2, "bbox": [left, top, 8, 20], "iscrowd": 0,
                }  # fmt: skip
                if polygons:
                    entry["segmentation"] = [[left, top, left + 8, top, left + 8, top + 20, left, top + 20]]
                objects.append(entry)
        if spoiled and split == "train":
            objects.append({"id": 99, "image_id": 1, "category_id": 0, "bbox": [5, 5, 0, 9], "iscrowd": 0})
        told = {
            "images": images,
            "annotations": objects,
            "categories": [{"id": place, "name": name} for place, name in enumerate(CLASSES)],
        }
        place = folder / "annotations" / f"instances_{split}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(told, indent=1))
    return folder


def write_masks(folder: Path) -> Path:
    """Write masks of sky (0) and road (1), a quarter of each ignored (255); the last of val shows sky only."""
    for split, count in (("train", 3), ("val", 2)):
        for image in range(count):
            picture(folder / "images" / split / f"{image}.png", 10 * count + image)
            mask = np.zeros((SIZE[1], SIZE[0]), np.uint8)
            if not (split == "val" and image == 1):
                mask[SIZE[1] // 2 :] = 1
            mask[:, : SIZE[0] // 4] = 255
            place = folder / "masks" / split / f"{image}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask).save(place)
    table = [{"id": 0, "name": "sky"}, {"id": 1, "name": "road"}, {"id": 255, "name": "rest", "ignore": True}]
    (folder / "classes.json").write_text(json.dumps({"classes": table}))
    return folder


def imported(home: Home, folder: Path) -> Manifest:
    return Library(home).import_dataset(folder)
