"""The demo pictures are the same each time, and their labels fit them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.datasets.demo import CLASSES, PER_CLASS, SIDE, write_demo_dataset


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "shapes"
    write_demo_dataset(folder)
    return folder


def test_that_every_class_has_its_pictures_in_every_split(demo: Path) -> None:
    for split, count in PER_CLASS.items():
        folders = sorted((demo / "classification" / split).iterdir())
        assert [folder.name for folder in folders] == list(CLASSES)
        assert {len(list(folder.glob("*.jpg"))) for folder in folders} == {count}


def test_that_boxes_and_masks_agree(demo: Path) -> None:
    coco = json.loads((demo / "detection" / "annotations_val.json").read_text(encoding="utf-8"))
    files = {image["id"]: image["file_name"] for image in coco["images"]}
    names = {category["id"]: category["name"] for category in coco["categories"]}
    for annotation in coco["annotations"]:
        file = files[annotation["image_id"]]
        mask = np.asarray(Image.open(demo / "segmentation" / "masks" / "val" / f"{Path(file).stem}.png"))
        left, top, width, height = annotation["bbox"]
        assert names[annotation["category_id"]] == Path(file).parent.name
        assert set(np.unique(mask)) == {0, annotation["category_id"]}
        assert (mask > 0).sum() == annotation["area"]
        assert (mask[top : top + height, left : left + width] > 0).sum() == annotation["area"]
        assert mask.shape == (SIDE, SIDE)


def test_that_the_same_seed_draws_the_same_pictures(demo: Path, tmp_path: Path) -> None:
    write_demo_dataset(tmp_path / "again")

    for name in ("classification/train/star/star-003.jpg", "detection/annotations_test.json"):
        assert (tmp_path / "again" / name).read_bytes() == (demo / name).read_bytes()
