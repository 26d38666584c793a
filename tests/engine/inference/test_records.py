"""Each kind of prediction has its record; masks lie in files that its path names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import UserError
from engine.inference.records import Telling, to_record
from engine.tasks.predictions import Detections, SegmentationMap

NAMES = ("cat", "dog")


def objects(masks: bool = False) -> Detections:
    squares = np.zeros((3, 8, 10), dtype=np.bool_)
    squares[0, :4, :4], squares[1, 2:6, 2:6], squares[2, 7, 9] = True, True, True
    return Detections(
        boxes=np.array([[0, 0, 4, 4], [2, 2, 6, 6.128], [9, 7, 10, 8]], dtype=np.float32),
        scores=np.array([0.5, 0.9, 0.1], dtype=np.float32),
        labels=np.array([0, 1, 1], dtype=np.int64),
        masks=squares if masks else None,
    )


def test_that_boxes_are_told_surest_first_and_unsure_ones_left_out() -> None:
    record = to_record(Path("a.png"), objects(), NAMES, Telling(threshold=0.4))

    assert record.boxes is not None
    assert [(box["label"], box["box"]) for box in record.boxes] == [
        ("dog", [2.0, 2.0, 6.0, 6.13]),
        ("cat", [0.0, 0.0, 4.0, 4.0]),
    ]
    assert record.boxes[0]["confidence"] == pytest.approx(0.9)
    assert (record.label, record.mask) == (None, None)


def test_that_an_image_without_objects_has_no_boxes_rather_than_none_known() -> None:
    assert to_record(Path("a.png"), objects(), NAMES, Telling(threshold=1.0)).boxes == ()


def test_that_a_box_without_a_place_is_left_out_with_its_mask(tmp_path: Path) -> None:
    found = objects(masks=True)
    found.boxes[1] = [2, np.nan, 6, np.inf]

    record = to_record(Path("a.png"), found, NAMES, Telling(0.4, tmp_path))

    assert record.boxes is not None
    assert [box["label"] for box in record.boxes] == ["cat"]
    assert record.mask is not None
    assert np.unique(np.asarray(Image.open(record.mask))).tolist() == [0, 1]


@pytest.mark.parametrize("name", ["ü" * 120 + ".jpg", "not text \udce9.jpg"])
def test_that_a_mask_is_written_whatever_the_picture_is_called(name: str, tmp_path: Path) -> None:
    labels = np.zeros((4, 4), np.int64)

    record = to_record(Path(name), SegmentationMap(labels), NAMES, Telling(masks=tmp_path))

    assert record.mask is not None
    assert Path(record.mask).is_file()


def test_that_masks_of_objects_are_numbered_as_their_boxes_are_told(tmp_path: Path) -> None:
    record = to_record(Path("a.png"), objects(masks=True), NAMES, Telling(0.4, tmp_path))

    assert record.mask is not None
    numbers = np.asarray(Image.open(record.mask))
    assert (numbers[0, 0], numbers[3, 3], numbers[5, 5], numbers[7, 9]) == (2, 1, 1, 0)


def test_that_a_map_becomes_a_gray_picture_of_class_numbers(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).integers(0, 255, (12, 7))

    record = to_record(Path("x/photo.jpg"), SegmentationMap(labels), NAMES, Telling(masks=tmp_path / "new"))

    assert record.mask is not None
    assert Path(record.mask).parent == tmp_path / "new"
    with Image.open(record.mask) as picture:
        assert picture.mode == "L"
        np.testing.assert_array_equal(np.asarray(picture), labels)


def test_that_pictures_of_one_name_keep_their_own_masks(tmp_path: Path) -> None:
    labels = np.zeros((2, 2), dtype=np.int64)
    telling = Telling(masks=tmp_path)

    masks = {to_record(Path(f), SegmentationMap(labels), NAMES, telling).mask for f in ("a/1.png", "b/1.png")}

    assert len(masks) == 2


def test_that_without_a_folder_no_mask_is_written() -> None:
    labels = np.zeros((2, 2), dtype=np.int64)

    assert to_record(Path("a.png"), SegmentationMap(labels), NAMES).mask is None


def test_that_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    labels = np.zeros((2, 2), dtype=np.int64)

    with pytest.raises(UserError):
        to_record(Path("a.png"), SegmentationMap(labels), NAMES, Telling(masks=tmp_path / "file"))


def test_that_what_is_no_prediction_is_told() -> None:
    with pytest.raises(UserError) as raised:
        to_record(Path("a.png"), "a cat", NAMES)

    assert raised.value.code == "prediction_unknown"
