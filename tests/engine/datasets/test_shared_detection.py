"""The same detection dataset in three layouts is the same dataset; the masks of the other are read with their table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.datasets.annotations import Annotations
from engine.datasets.check import check_dataset
from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.datasets.masks import IGNORE, read_mask
from engine.datasets.statistics import object_counts, pixel_shares, split_counts

CLASSES = ("Platelets", "RBC", "WBC")


def imported(library: Library, source: Path) -> tuple[Manifest, Annotations]:
    manifest = library.import_dataset(source)
    annotations = library.annotations(manifest)
    assert annotations is not None
    return manifest, annotations


def sorted_boxes(manifest: Manifest, annotations: Annotations) -> dict[tuple[str, str], np.ndarray]:
    """Class and box of every object by split and image, in an order that small differences do not change."""
    found: dict[tuple[str, str], np.ndarray] = {}
    for place, item in enumerate(manifest.items):
        objects = annotations.of(place)
        rows = np.column_stack((objects.labels, objects.boxes))
        found[item.split, Path(item.path).name] = rows[np.lexsort(np.rint(rows).T)]
    return found


@pytest.mark.parametrize("layout", ["voc", "coco", "yolo"])
def test_that_a_layout_is_recognised_and_counted(layout: str, library: Library, shared_data: Path) -> None:
    manifest, annotations = imported(library, shared_data / "detection_bccd" / layout)

    assert (manifest.task, manifest.format, manifest.classes) == ("detection", layout, CLASSES)
    assert split_counts(manifest) == {"train": 160, "val": 40, "test": 40}
    assert object_counts(manifest, annotations) == {
        "train": {"Platelets": 166, "RBC": 1875, "WBC": 166},
        "val": {"Platelets": 37, "RBC": 406, "WBC": 39},
        "test": {"Platelets": 39, "RBC": 417, "WBC": 39},
    }
    assert {problem.code for problem in manifest.problems} == {"classes_uneven"}


def test_that_the_three_copies_hold_the_same_boxes(library: Library, shared_data: Path) -> None:
    voc, coco, yolo = (
        sorted_boxes(*imported(library, shared_data / "detection_bccd" / name))
        for name in ("voc", "coco", "yolo")
    )

    assert voc.keys() == coco.keys() == yolo.keys()
    for image, rows in voc.items():
        assert (coco[image] == rows).all(), image
        assert np.abs(yolo[image] - rows).max() < 0.01, image


def test_that_boxes_without_area_are_told_with_file_and_line(shared_data: Path) -> None:
    problems = check_dataset(shared_data / "quirks" / "voc_zero_area_box")

    assert [(p.file, p.line) for p in problems if p.code == "box_empty"] == [
        ("Annotations/BloodImage_00338.xml", 158), ("Annotations/BloodImage_00343.xml", 50),
    ]  # fmt: skip


def test_that_masks_of_numbers_are_read_with_their_table(library: Library, shared_data: Path) -> None:
    source = shared_data / "segmentation_camvid"
    manifest = library.import_dataset(source)

    assert (manifest.task, manifest.format, len(manifest.classes)) == ("segmentation", "masks", 11)
    assert split_counts(manifest) == {"train": 120, "val": 40, "test": 60}
    assert manifest.problems == ()
    shares, read = pixel_shares(manifest, source)
    assert read == 120
    assert shares["Road"] == pytest.approx(0.32 / 0.96, abs=0.02)
    mask = read_mask(source, manifest.items[0], manifest)
    assert mask.shape == (360, 480)
    assert set(np.unique(mask).tolist()) <= {*range(11), IGNORE}
