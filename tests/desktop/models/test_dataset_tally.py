from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from desktop.models.dataset_overview import (
    UNLABELLED,
    DatasetOverview,
    ImageFilter,
    chosen_images,
    read_overview,
    with_pixels,
)
from desktop.models.dataset_pixels import lacks_counts, read_mask_counts
from desktop.models.dataset_tally import count_bins, missing_classes, side_bins
from engine.datasets.mask_counts import MaskCounts
from engine.protocol.home import Home
from tests.desktop.labelled_sets import imported, write_masks, write_objects


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home)


@pytest.fixture
def objects(home: Home, tmp_path: Path) -> DatasetOverview:
    return read_overview(home, imported(home, write_objects(tmp_path / "animals")))


@pytest.fixture
def masks(home: Home, tmp_path: Path) -> DatasetOverview:
    return read_overview(home, imported(home, write_masks(tmp_path / "streets")))


def paths(overview: DatasetOverview, label: int) -> list[str]:
    return [overview.paths[image] for image in np.flatnonzero(chosen_images(overview, ImageFilter(label)))]


def counted(home: Home, overview: DatasetOverview) -> MaskCounts:
    counts = read_mask_counts(home, overview, 100, lambda: True)
    assert counts is not None
    return counts


def test_that_objects_are_counted_by_class_and_split(objects: DatasetOverview) -> None:
    assert objects.tally.unit == "object"
    assert objects.tally.counts.tolist() == [[4, 2], [2, 1]]
    assert objects.tally.images_with.tolist() == [[3, 2], [2, 1]]
    assert objects.class_totals().tolist() == [6, 3]


def test_that_images_are_found_by_the_objects_on_them(objects: DatasetOverview) -> None:
    assert paths(objects, 1) == ["train/1.png", "train/2.png", "val/1.png"]
    assert paths(objects, UNLABELLED) == ["train/3.png"]
    assert objects.unlabelled() == 1
    assert objects.nothing_word() == "no objects"
    assert objects.label_of(2) == "2 cat, 1 dog"
    assert objects.label_of(3) == ""


def test_that_numbers_of_objects_are_told(objects: DatasetOverview) -> None:
    facts = objects.objects
    assert facts is not None
    assert facts.per_image.tolist() == [1, 2, 3, 0, 1, 2]
    assert facts.empty_images == 1
    assert facts.median_per_image == 2
    assert facts.by_size == (9, 0, 0)
    assert facts.per_image_bins.labels == ("0", "1", "2", "3")
    assert facts.per_image_bins.counts == (1, 2, 2, 1)
    assert facts.side_bins.labels == ("8-16",)
    assert not facts.has_masks


def test_that_pixels_are_counted_once_the_masks_were_opened(home: Home, masks: DatasetOverview) -> None:
    assert lacks_counts(masks, 100)
    assert paths(masks, 1) == []
    seen = with_pixels(masks, counted(home, masks))
    assert seen.tally.unit == "pixel"
    assert seen.tally.counts.tolist() == [[2700, 2700], [2700, 900]]
    assert paths(seen, 1) == [
        "images/train/0.png",
        "images/train/1.png",
        "images/train/2.png",
        "images/val/0.png",
    ]
    assert seen.label_of(4) == "sky"
    again = read_overview(home, masks.manifest)
    assert again.pixels is not None, "what was counted is kept"
    assert not lacks_counts(again, 100)


def test_that_a_class_that_a_split_lacks_is_named(objects: DatasetOverview) -> None:
    assert missing_classes(objects.tally, ("cat", "dog"), ("train", "val")) == []
    tally = type(objects.tally)("image", np.array([[1, 0]]), np.array([[1, 0]]))
    assert missing_classes(tally, ("cat", "dog"), ("test",)) == ["No test image shows dog."]


def test_that_bins_of_many_objects_are_wide(objects: DatasetOverview) -> None:
    bins = count_bins(np.array([0, 1, 7, 95, 100]))
    assert bins.labels[:3] == ("0", "1-10", "11-20")
    assert bins.counts[:2] == (1, 2)
    assert bins.total == 5
    assert count_bins(np.zeros(0, np.int64)).labels == ()


def test_that_every_side_has_its_bin() -> None:
    bins = side_bins(np.array([0.5, 8, 31.9, 32, 5000]))
    assert bins.labels[:4] == ("0-8", "8-16", "16-32", "32-64")
    assert bins.labels[-1] == "1024+"
    assert bins.total == 5
