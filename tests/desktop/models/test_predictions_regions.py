"""A part of a picture: cut out pixel for pixel, and its answer put back where it belongs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QRect

from desktop.models.drawn_labels import NOTHING, DrawnLabels
from desktop.models.predictions import Prediction, to_csv, to_json
from desktop.models.predictions_board import PredictionBoard
from desktop.models.predictions_cache import cut_region
from desktop.models.predictions_regions import Region, labels_in_whole, record_in_whole
from desktop.tasks.task import task_view
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.results import PredictionRecord

REGION = Region(Path("photo.png"), 4, 2, 3, 2, (8, 6))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 255, (6, 8, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def boxed(file: str) -> PredictionRecord:
    box = {"label": "dog", "confidence": 0.9, "box": [0.5, 0.0, 2.0, 1.5]}
    return PredictionRecord(file=file, size=(3, 2), boxes=(box,))


def test_that_a_part_is_cut_out_pixel_for_pixel_and_kept_within_the_picture(
    photo: Path, lensmith_home: Path
) -> None:
    home = Home(lensmith_home).ensure()

    path, region = cut_region(home, photo, QRect(QPoint(5, 1), QPoint(20, 3)))

    assert region == Region(photo, 5, 1, 3, 3, (8, 6))
    np.testing.assert_array_equal(np.asarray(Image.open(path)), np.asarray(Image.open(photo))[1:4, 5:8])
    assert cut_region(home, photo, QRect(5, 1, 3, 3))[0] != path


def test_that_a_rectangle_beside_the_picture_is_refused_with_a_sentence(
    photo: Path, lensmith_home: Path
) -> None:
    with pytest.raises(UserError) as raised:
        cut_region(Home(lensmith_home).ensure(), photo, QRect(30, 30, 5, 5))

    assert raised.value.code == "region_empty"


def test_that_boxes_are_put_back_into_the_picture() -> None:
    record = record_in_whole(boxed("part.png"), REGION)

    assert record.boxes is not None
    assert record.boxes[0]["box"] == [4.5, 2.0, 6.0, 3.5]
    assert (record.file, record.size) == ("photo.png", (8, 6))


def test_that_what_is_drawn_lies_where_the_part_lies() -> None:
    part = np.array([[1, 2, 0], [0, 1, 2]], np.uint8)
    labels = DrawnLabels(3, 2, np.array([[0, 0, 3, 2]], np.float32), np.array([1]), masks=part[None] > 0)

    placed = labels_in_whole(labels, REGION)
    pixels = labels_in_whole(DrawnLabels(3, 2, class_map=part), REGION)

    assert (placed.width, placed.height, placed.boxes.tolist()) == (8, 6, [[4, 2, 7, 4]])
    assert placed.masks is not None
    assert pixels.class_map is not None
    expected = np.full((6, 8), NOTHING, np.uint8)
    expected[2:4, 4:7] = part
    np.testing.assert_array_equal(pixels.class_map, expected)
    np.testing.assert_array_equal(placed.masks[0], np.isin(expected, (1, 2)))


def test_that_a_mask_in_fewer_pixels_fills_its_part() -> None:
    region = Region(Path("photo.png"), 2, 2, 4, 4, (8, 8))
    small = DrawnLabels(4, 4, class_map=np.array([[0, 1], [2, 3]], np.uint8))

    framed = labels_in_whole(small, region).class_map

    assert framed is not None
    assert framed[2:6, 2:6].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    assert int((framed == NOTHING).sum()) == 48


def test_that_parts_are_entries_of_their_own_and_saved_as_of_their_picture() -> None:
    board = PredictionBoard()
    board.answers = view = task_view("detection")
    board.add([Path("photo.png")])
    place = board.add_region(Path("part.png"), REGION)
    board.answer([boxed("part.png")])

    entry = board.entry(place)
    table = list(csv.DictReader(to_csv(board.entries(), view, 0.5).splitlines()))
    document = json.loads(to_json(board.entries(), view, 0.5, "run / best"))

    assert entry.name == "photo.png · 3 × 2 at 4, 2"
    assert [(row["file"], row["region"], row["left"]) for row in table] == [("photo.png", "4 2 7 4", "4.50")]
    assert document["predictions"][0]["region"] == [4, 2, 7, 4]
    assert document["predictions"][0]["boxes"][0]["box"] == [4.5, 2.0, 6.0, 3.5]


def test_that_tables_without_parts_have_no_column_for_them() -> None:
    table = to_csv([Prediction(Path("a.png"), boxed("a.png"))], task_view("detection"), 0.5)

    assert table.splitlines()[0].startswith("file,label,")
