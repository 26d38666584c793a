"""Parts cut out of images: what is around them, at the edges, in images that were read smaller, and their box."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from desktop.models.drawn_labels import DrawnLabels
from desktop.viewers.part_pictures import PartNames, PartPictures, PartSource
from engine.errors import UserError

WIDTH, HEIGHT = 200, 120
BOXES = np.array([[90, 50, 110, 70], [0, 0, 10, 10], [100, 20, 200, 120], [60, 60, 62, 61]], np.float32)


@pytest.fixture
def source(tmp_path: Path) -> PartSource:
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[50:70, 90:110] = (255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    return PartSource(
        "run.0001",
        tmp_path,
        ("image.png", "absent.png"),
        np.array([0, 0, 0, 0, 1]),
        np.concatenate([BOXES, BOXES[:1]]),
        np.zeros(5, np.int64),
        np.array([(WIDTH, HEIGHT)] * 2),
    )


def test_that_a_part_lies_in_the_middle_of_what_is_cut_out(source: PartSource) -> None:
    cut = source.around(0, QSize(WIDTH, HEIGHT))

    assert (cut.width(), cut.height()) == (40, 40), "never smaller"
    assert cut.center().x() == pytest.approx(100, abs=1)
    assert source.inside(0, QSize(WIDTH, HEIGHT)) == (10, 10, 30, 30)


def test_that_a_part_at_an_edge_keeps_what_is_around(source: PartSource) -> None:
    cut = source.around(1, QSize(WIDTH, HEIGHT))

    assert (cut.left(), cut.top(), cut.width(), cut.height()) == (0, 0, 40, 40)


def test_that_a_large_part_takes_no_more_than_the_image(source: PartSource) -> None:
    cut = source.around(2, QSize(WIDTH, HEIGHT))

    assert (cut.width(), cut.height()) == (170, HEIGHT)
    assert cut.right() < WIDTH


def test_that_boxes_fit_an_image_that_was_read_in_half_the_size(source: PartSource) -> None:
    left, top, right, bottom = source.inside(2, QSize(WIDTH // 2, HEIGHT // 2))

    assert (right - left, bottom - top) == (50, 50)


def test_that_pictures_show_their_part(source: PartSource) -> None:
    pictures = PartPictures()
    pictures.take(source)

    picture = pictures.read(Path(PartNames(source)[0]), 80)

    assert (picture.width(), picture.height()) == (80, 80)
    assert picture.pixelColor(40, 40).red() > 200
    assert picture.pixelColor(5, 5).red() < 50


def test_that_names_end_in_the_file_and_are_made_when_asked_for(source: PartSource) -> None:
    names = PartNames(source)

    assert names[3] == "run.0001/3/image.png"
    assert len(names) == 5
    assert names[3:] == ["run.0001/3/image.png", "run.0001/4/absent.png"]


def test_that_pictures_of_another_result_are_empty(source: PartSource) -> None:
    pictures = PartPictures()
    assert pictures.read(Path("run.0001/0/image.png"), 80).isNull()
    pictures.take(source)

    assert pictures.read(Path("run.0002/0/image.png"), 80).isNull()


def test_that_an_image_that_is_not_there_is_told(source: PartSource) -> None:
    pictures = PartPictures()
    pictures.take(source)

    with pytest.raises(UserError):
        pictures.read(Path(PartNames(source)[4]), 80)


def masked(source: PartSource, labels: DrawnLabels | None) -> QImage:
    pictures = PartPictures()
    pictures.take(replace(source, drawn=lambda _: labels))
    return pictures.read(Path(PartNames(source)[0]), None)


def test_that_a_mask_lies_on_its_part_and_nowhere_else(source: PartSource) -> None:
    mask = np.zeros((1, HEIGHT, WIDTH), np.bool_)
    mask[0, 50:60, 90:110] = True  # the upper half of the box

    plain, picture = (
        masked(source, labels)
        for labels in (None, DrawnLabels(WIDTH, HEIGHT, BOXES[:1], np.zeros(1, np.int64), masks=mask))
    )

    changed = [
        (x, y) for x in range(40) for y in range(40) if plain.pixelColor(x, y) != picture.pixelColor(x, y)
    ]
    assert changed == [(x, y) for x in range(10, 30) for y in range(10, 20)]


def test_that_a_mask_in_fewer_pixels_lies_in_the_same_place(source: PartSource) -> None:
    mask = np.zeros((1, HEIGHT // 10, WIDTH // 10), np.bool_)
    mask[0, 5:6, 9:11] = True
    labels = DrawnLabels(WIDTH, HEIGHT, BOXES[:1], np.zeros(1, np.int64), masks=mask)

    plain, picture = masked(source, None), masked(source, labels)

    assert plain.pixelColor(20, 14) != picture.pixelColor(20, 14)
    assert plain.pixelColor(20, 24) == picture.pixelColor(20, 24)
    assert plain.pixelColor(4, 4) == picture.pixelColor(4, 4)


def test_that_the_polygon_of_an_object_is_filled(source: PartSource) -> None:
    ring = np.array([[92, 52], [108, 52], [108, 68], [92, 68]], np.float64)
    labels = DrawnLabels(WIDTH, HEIGHT, BOXES[:1], np.zeros(1, np.int64), rings=[[ring]])

    plain, picture = masked(source, None), masked(source, labels)

    assert plain.pixelColor(20, 20) != picture.pixelColor(20, 20)
    assert plain.pixelColor(5, 5) == picture.pixelColor(5, 5)


def test_that_a_mask_that_cannot_be_read_leaves_the_picture(source: PartSource) -> None:
    def damaged(_part: int) -> DrawnLabels | None:
        raise UserError("result_damaged", "The mask cannot be read.")

    pictures = PartPictures()
    pictures.take(replace(source, drawn=damaged))

    assert pictures.read(Path(PartNames(source)[0]), 80).width() == 80
