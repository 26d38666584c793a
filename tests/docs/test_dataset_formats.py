"""The trees and tables that the page of dataset formats shows are recognised as what it says they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.datasets.formats.registry import LAYOUTS, read_layout


def page(repository: Path) -> str:
    return (repository / "docs" / "dataset-formats.md").read_text(encoding="utf-8")


def block_after(repository: Path, title: str) -> str:
    return re.split(r"```\w*\n", page(repository).split(f"## {title}\n", 1)[1])[1]


def write_images(root: Path, *names: str) -> None:
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((80, 120, 3), 20 + 30 * number, np.uint8)).save(path)


def test_that_every_format_that_can_be_read_is_in_the_table(repository: Path) -> None:
    listed = re.findall(r"^\| `(\w+)` \|", page(repository).split("## ", 1)[0], flags=re.MULTILINE)
    assert set(listed) == {layout.name for layout in LAYOUTS}


def test_that_the_table_of_labels_is_read(repository: Path, tmp_path: Path) -> None:
    write_images(tmp_path, "a.jpg", "more/b.jpg", "c.jpg")
    (tmp_path / "labels.csv").write_text(block_after(repository, "Tables of labels"), encoding="utf-8")

    found = read_layout(tmp_path)

    assert (found.format, list(found.classes)) == ("csv", ["daisy", "rose"])
    assert len(found.images) == 3


def test_that_the_table_of_boxes_is_read(repository: Path, tmp_path: Path) -> None:
    write_images(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / "boxes.csv").write_text(block_after(repository, "Tables of boxes"), encoding="utf-8")

    found = read_layout(tmp_path)

    assert (found.format, list(found.classes), len(found.images)) == ("csv_boxes", ["cat"], 2)


def test_that_the_folders_of_classes_are_read(repository: Path, tmp_path: Path) -> None:
    shown = block_after(repository, "Folders of classes").split("or", 1)[0]
    write_images(tmp_path, *shown.split())

    assert list(read_layout(tmp_path).classes) == ["daisy", "rose"]


def test_that_the_labels_of_yolo_are_read(repository: Path, tmp_path: Path) -> None:
    shown = block_after(repository, "YOLO")
    write_images(tmp_path, "images/train/a.jpg", "images/val/b.jpg")
    names, train, val = (
        re.search(pattern, shown) for pattern in (r"names: .+?\]", r"train: \S+", r"val: \S+")
    )
    assert names is not None
    assert train is not None
    assert val is not None
    (tmp_path / "data.yaml").write_text(
        "\n".join(found[0] for found in (names, train, val)), encoding="utf-8"
    )
    rows = re.findall(r"\b\d(?: \d\.\d)+", shown)
    (tmp_path / "labels" / "train").mkdir(parents=True)
    (tmp_path / "labels" / "train" / "a.txt").write_text("\n".join(rows), encoding="utf-8")

    found = read_layout(tmp_path)

    assert (found.format, list(found.classes)) == ("yolo", ["cat", "dog"])
    assert found.objects is not None
    assert not [problem for problem in found.problems if problem.code == "annotations_invalid"]


@pytest.mark.parametrize("coloured", [False, True])
def test_that_the_table_of_masks_is_read(repository: Path, tmp_path: Path, coloured: bool) -> None:
    table = json.loads(re.split(r"```json\n", page(repository))[1].split("```")[0])
    write_images(tmp_path, "images/train/a.jpg")
    (tmp_path / "masks" / "train").mkdir(parents=True)
    values = np.zeros((80, 120, 3) if coloured else (80, 120), np.uint8)
    for number, entry in enumerate(table["classes"]):
        values[40 * number : 40 * number + 40] = entry["color"] if coloured else entry["id"]
    Image.fromarray(values).save(tmp_path / "masks" / "train" / "a.png")
    (tmp_path / "classes.json").write_text(json.dumps(table), encoding="utf-8")

    found = read_layout(tmp_path)

    assert (found.format, list(found.classes), found.problems) == ("masks", ["road", "car"], [])
