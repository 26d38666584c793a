"""Panoptic COCO becomes masks of classes, which Lensmith keeps; the source is not written to."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.datasets.check import check_dataset
from engine.datasets.library import Library
from engine.datasets.masks import IGNORE, read_mask
from engine.protocol.home import Home
from tests.engine.datasets.labelled import SIZE, write_json, write_pictures
from tests.engine.datasets.pictures import leftovers

WIDTH, HEIGHT = SIZE
SEGMENTS = {0: (0, 10), 70_000: (10, 20), 300: (20, 30), 9: (30, WIDTH)}
"""Columns of each segment."""


def write_segments(path: Path) -> None:
    ids = np.zeros((HEIGHT, WIDTH), np.int64)
    for segment, (start, end) in SEGMENTS.items():
        ids[:, start:end] = segment
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.dstack((ids & 255, ids >> 8 & 255, ids >> 16)).astype(np.uint8)).save(path)


def panoptic(root: Path) -> Path:
    for split in ("train", "val"):
        write_pictures(root, f"{split}/{split}.jpg")
        write_segments(root / f"annotations/panoptic_{split}/{split}.png")
        segments = [
            {"id": 70_000, "category_id": 7, "iscrowd": 0}, {"id": 300, "category_id": 3}, {"id": 9, "category_id": 99},
        ]  # fmt: skip
        told = {
            "images": [{"id": 1, "file_name": f"{split}.jpg"}, {"id": 2, "file_name": "gone.jpg"}],
            "annotations": [
                {"image_id": 1, "file_name": f"{split}.png", "segments_info": segments},
                {"image_id": 2, "file_name": "gone.png", "segments_info": segments},
            ],
            "categories": [{"id": 7, "name": "road"}, {"id": 3, "name": "cat"}],
        }
        write_json(root / f"annotations/panoptic_{split}.json", told)
    return root


@pytest.mark.parametrize("packed", [False, True])
def test_that_segments_become_classes_of_pixels(
    packed: bool, library: Library, home: Home, tmp_path: Path
) -> None:
    source = panoptic(tmp_path / "d")
    before = sorted(source.rglob("*"))
    if packed:
        source = Path(shutil.make_archive(str(tmp_path / "d"), "zip", source))

    manifest = library.import_dataset(source, name="d")

    assert (manifest.task, manifest.format, manifest.classes) == ("segmentation", "masks", ("cat", "road"))
    root = library.root("d")
    assert root.is_relative_to(home.path)
    assert [(item.path, item.split) for item in manifest.items] == [
        ("train/train.jpg", "train"), ("val/val.jpg", "val"),
    ]  # fmt: skip
    for item in manifest.items:
        row = read_mask(root, item, manifest)[5]
        assert row[[5, 15, 25, 35]].tolist() == [IGNORE, 1, 0, IGNORE]
    codes = {(p.code, p.line) for p in manifest.problems}
    assert codes == {("class_unknown", 1), ("label_without_image", 1)}
    assert sorted((tmp_path / "d").rglob("*")) == before
    assert leftovers(home) == ["d"]
    assert check_dataset(root, format="masks") == []


def test_that_a_check_tells_what_the_files_tell(tmp_path: Path) -> None:
    codes = {problem.code for problem in check_dataset(panoptic(tmp_path / "d"))}

    assert codes == {"class_unknown", "label_without_image"}


def test_that_a_missing_file_of_segments_is_told(library: Library, tmp_path: Path) -> None:
    source = panoptic(tmp_path / "d")
    (source / "annotations/panoptic_val/val.png").write_bytes(b"no image")

    manifest = library.import_dataset(source)

    assert [item.path for item in manifest.items] == ["train/train.jpg"]
    assert ("image_unreadable", "val/val.jpg") in [(p.code, p.file) for p in manifest.problems]


def test_that_entries_that_lack_a_part_are_told_with_their_line(library: Library, tmp_path: Path) -> None:
    source = panoptic(tmp_path / "d")
    told = json.loads((source / "annotations/panoptic_train.json").read_text())
    told["annotations"] += [{"image_id": [1], "file_name": "x.png", "segments_info": []}, {"image_id": 1}, 7]
    told["categories"] += [{"id": "x"}]
    told["images"] += [{"id": 5}]
    write_json(source / "annotations/panoptic_train.json", told, indent=1)

    problems = [p for p in library.import_dataset(source).problems if p.code == "annotations_invalid"]

    assert len(problems) == 5
    assert all(problem.line for problem in problems)
