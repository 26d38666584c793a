"""The demo's pictures laid out as datasets of objects and of masks, for a checkout without real data beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

from engine.datasets.demo import write_demo_dataset

_SPLITS = ("train", "val", "test")


def drawn_shapes(folder: Path) -> Path:
    """Draw the demo where it is not there yet; gives its folder."""
    if not folder.is_dir():
        write_demo_dataset(folder)
    return folder


def drawn_objects(shapes: Path) -> Path:
    """Lay the pictures beside their COCO files."""
    root = shapes / "objects"
    for split in () if root.is_dir() else _SPLITS:
        shutil.copytree(shapes / "classification" / split, root / split)
        (root / "annotations").mkdir(exist_ok=True)
        told = shapes / "detection" / f"annotations_{split}.json"
        shutil.copyfile(told, root / "annotations" / f"instances_{split}.json")
    return root


def drawn_masks(shapes: Path) -> Path:
    """Lay the pictures beside their masks."""
    root = shapes / "masked"
    for split in () if root.is_dir() else _SPLITS:
        shutil.copytree(shapes / "segmentation" / "masks" / split, root / "masks" / split)
        (root / "images" / split).mkdir(parents=True)
        for picture in (shapes / "classification" / split).rglob("*.jpg"):
            shutil.copyfile(picture, root / "images" / split / picture.name)
    shutil.copyfile(shapes / "segmentation" / "classes.json", root / "classes.json")
    return root
