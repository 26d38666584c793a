"""Made-up scenes for segmentation: light things on dark ground, with masks beside them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("ground", "thing")


def write_scenes(folder: Path, train: int = 8, height: int = 24, width: int = 36) -> Path:
    """Write a folder with images and index masks for train, val and test; 9 is what nobody knows."""
    rng = np.random.default_rng(0)
    for split, count in (("train", train), ("val", 4), ("test", 4)):
        (folder / "images" / split).mkdir(parents=True)
        (folder / "masks" / split).mkdir(parents=True)
        for number in range(count):
            mask = np.zeros((height, width), dtype=np.uint8)
            top, left = int(rng.integers(2, height // 2)), int(rng.integers(2, width // 2))
            mask[top : top + height // 2, left : left + width // 3] = 1
            light = np.where(mask == 1, 200, 60)[..., None] + rng.integers(-30, 31, (height, width, 3))
            mask[0] = 9
            Image.fromarray(light.astype(np.uint8)).save(folder / "images" / split / f"{number}.png")
            Image.fromarray(mask).save(folder / "masks" / split / f"{number}.png")
    table = {"ignore_index": 9, "classes": [{"id": n, "name": name} for n, name in enumerate(CLASSES)]}
    (folder / "classes.json").write_text(json.dumps(table), encoding="utf-8")
    return folder
