"""What a detector learns from: objects of the annotation table, resized and cut with their image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from PIL import Image

from engine.data.geometry import Cut, whole_frame
from engine.data.targets import SplitFiles
from engine.datasets.annotations import Annotations
from engine.datasets.manifest import Item, Manifest
from engine.errors import UserError
from engine.tasks.detection.targets import BoxTargets

RING = [(10, 10), (50, 10), (50, 30), (10, 30)]


def table(with_ring: bool = False) -> Annotations:
    """Image 0 has two objects, image 1 none; of the first object there may be a polygon."""
    points = np.array(RING, dtype=np.int32) * 1000 if with_ring else np.zeros((0, 2), dtype=np.int32)
    return Annotations(
        object_starts=np.array([0, 2, 2]),
        boxes=np.array([[10, 10, 50, 30], [60, 20, 80, 40]], dtype=np.float32),
        labels=np.array([1, 0]),
        crowd=np.array([False, False]),
        difficult=np.array([False, True]),
        areas=np.array([800, 400], dtype=np.float32),
        ring_starts=np.array([0, 1, 1]) if with_ring else np.array([0, 0, 0]),
        point_starts=np.array([0, 4]) if with_ring else np.array([0]),
        points=points,
        run_starts=np.array([0, 0, 0]),
        runs=np.zeros(0, dtype=np.uint32),
        run_sizes=np.zeros((2, 2), dtype=np.int32),
    )


def cells(items: tuple[Item, ...]) -> Manifest:
    classes = ("cat", "dog")
    return Manifest(name="cells", task="detection", format="coco", classes=classes, items=items, version="1")


def opened(folder: Path, annotations: Annotations, sized: bool = True) -> BoxTargets:
    """A dataset of two images of 100 × 50."""
    annotations.save(folder / "annotations.npz")
    for name in ("a.png", "b.png"):
        Image.new("RGB", (100, 50)).save(folder / name)
    width, height = (100, 50) if sized else (0, 0)
    items = tuple(
        Item(path=name, label=None, split="train", sha256=name, width=width, height=height)
        for name in ("a.png", "b.png")
    )
    manifest = cells(items)
    return BoxTargets(SplitFiles(manifest, folder, (0, 1), folder / "annotations.npz"))


@pytest.mark.parametrize("sized", [True, False])
def test_that_boxes_follow_their_image_to_stored_size(tmp_path: Path, sized: bool) -> None:
    targets = opened(tmp_path, table(), sized)
    assert_allclose(targets.original(0).boxes[0], [10, 10, 50, 30])
    stored = targets.stored(0, 50, 50)
    assert_allclose(stored.boxes, [[5, 10, 25, 30], [30, 20, 40, 40]])
    assert stored.labels.tolist() == [1, 0]
    assert_allclose(stored.areas, [800, 400])


def test_that_the_whole_frame_keeps_every_object(tmp_path: Path) -> None:
    targets = opened(tmp_path, table())
    sample = targets.cut(targets.original(0), whole_frame(100, 50), 10)
    assert_allclose(sample.boxes, [[1, 2, 5, 6], [6, 4, 8, 8]], atol=1e-5)


def test_that_a_crop_drops_what_it_leaves_out(tmp_path: Path) -> None:
    targets = opened(tmp_path, table())
    sample = targets.cut(targets.original(0), Cut(30, 0, 35, 50), 100)
    # Half of the first box is left, a quarter of the second.
    assert_allclose(sample.boxes, [[0, 20, 20 / 35 * 100, 60]], rtol=1e-5)
    assert sample.labels.tolist() == [1]
    assert (sample.width, sample.height) == (100, 100)


def test_that_masks_are_resized_and_cut_with_their_boxes(tmp_path: Path) -> None:
    targets = opened(tmp_path, table(with_ring=True))
    stored = targets.stored(0, 50, 25)
    assert stored.masks is not None
    assert stored.masks.shape == (2, 25, 50)
    rows, columns = np.nonzero(stored.masks[0])
    assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == (5, 25, 5, 15)
    sample = targets.cut(stored, Cut(15, 0, 20, 25), 40)
    assert sample.masks is not None
    # The boxes are tight around what is left of the masks.
    assert_allclose(sample.boxes[0], [0, 8, 20, 24], atol=1.5)
    rows, columns = np.nonzero(sample.masks[0])
    assert_allclose(sample.boxes[0], [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def test_that_a_batch_holds_images_with_and_without_objects(tmp_path: Path) -> None:
    targets = opened(tmp_path, table())
    full, empty = targets.collate([targets.original(0), targets.original(1)])
    assert full["boxes"].shape == (2, 4)
    assert full["labels"].dtype == torch.int64
    assert full["difficult"].tolist() == [False, True]
    assert empty["boxes"].shape == (0, 4)
    assert empty["labels"].shape == (0,)
    assert "masks" not in full


def test_that_a_batch_shares_no_memory_with_the_table(tmp_path: Path) -> None:
    targets = opened(tmp_path, table())
    targets.collate([targets.original(0)])[0]["boxes"].zero_()
    assert_allclose(targets.original(0).boxes[0], [10, 10, 50, 30])


def test_that_a_dataset_without_boxes_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        BoxTargets(SplitFiles(cells(()), tmp_path, (), tmp_path / "annotations.npz"))
    assert caught.value.code == "annotations_missing"
