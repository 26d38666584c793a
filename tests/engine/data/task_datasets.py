"""Small data sets with boxes or masks, of images of many sizes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from tests.engine.data.pictures import smooth

SIZES = ((40, 60), (70, 30), (33, 33), (20, 90), (64, 48), (50, 50), (31, 45), (25, 80), (60, 60), (44, 22))
"""Height and width, of the images in turn."""
CLASSES = ("dark", "light", "never")


def write_detection(folder: Path) -> Path:
    """Write images whose objects have boxes and masks."""
    (folder / "images" / "train").mkdir(parents=True)
    (folder / "annotations").mkdir()
    images, objects = [], []
    for number, (height, width) in enumerate(SIZES):
        Image.fromarray(smooth(height, width, number)).save(folder / "images" / "train" / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": width, "height": height})
        for each in range(number % 4):
            left, top, side = 3 * each, 2 * each, 8 + 4 * each
            corners = [left, top, left + side, top, left + side, top + side, left, top + side]
            objects.append(
                {
                    "id": len(objects) + 1,
                    "image_id": number,
                    "category_id": 1 + each % 2,
                    "bbox": [left, top, side, side],
                    "area": side * side,
                    "iscrowd": 0,
                    "segmentation": [corners],
                }
            )
    content = {
        "images": images,
        "annotations": objects,
        "categories": [{"id": at + 1, "name": name} for at, name in enumerate(CLASSES)],
    }
    (folder / "annotations" / "instances_train.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def write_segmentation(folder: Path) -> Path:
    """Write images with a map of classes each, none of which shows the last class."""
    (folder / "images" / "train").mkdir(parents=True)
    (folder / "masks" / "train").mkdir(parents=True)
    for number, (height, width) in enumerate(SIZES):
        mask = np.zeros((height, width), dtype=np.uint8)
        mask[height // 4 : height // 2 + number, width // 3 :] = 1
        Image.fromarray(smooth(height, width, number)).save(folder / "images" / "train" / f"{number}.png")
        Image.fromarray(mask).save(folder / "masks" / "train" / f"{number}.png")
    (folder / "classes.json").write_text(json.dumps(CLASSES), encoding="utf-8")
    return folder
