"""Masks are read to class positions by their table, upright like their image; what no table tells does not count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.datasets.decode import decode_image
from engine.datasets.manifest import Item, Manifest, MaskValue
from engine.datasets.masks import IGNORE, read_mask
from engine.errors import UserError

VALUES = np.array([[0, 1, 1], [3, 7, 0]], np.uint8)
COLOURS = {0: (0, 0, 0), 1: (200, 10, 10), 3: (10, 200, 10), 7: (255, 255, 255)}


def manifest_of(values: tuple[MaskValue, ...], classes: int = 2) -> Manifest:
    return Manifest(
        name="d", task="segmentation", format="masks", version="v",
        classes=tuple("abcd"[:classes]), items=(), mask_values=values,
    )  # fmt: skip


def item_of(mask: str = "m.png", width: int = 3, height: int = 2) -> Item:
    return Item(path="i.jpg", label=None, split="train", sha256="0", width=width, height=height, mask=mask)


def test_that_without_a_table_a_number_is_its_class_and_others_do_not_count(tmp_path: Path) -> None:
    Image.fromarray(VALUES).save(tmp_path / "m.png")

    assert read_mask(tmp_path, item_of(), manifest_of(())).tolist() == [[0, 1, 1], [IGNORE, IGNORE, 0]]


@pytest.mark.parametrize("kind", ["gray", "palette", "deep", "three", "alpha"])
def test_that_numbers_are_read_by_the_table_however_they_are_stored(kind: str, tmp_path: Path) -> None:
    image = Image.fromarray(VALUES)
    if kind == "palette":
        image = image.convert("P")
        image.putpalette([0, 0, 0, 9, 9, 9] * 128)
    elif kind == "deep":
        image = Image.fromarray(VALUES.astype(np.uint16))
    elif kind == "three":
        image = image.convert("RGB")
    elif kind == "alpha":
        image = image.convert("LA")
    image.save(tmp_path / "m.png")
    table = (MaskValue(value=0, label=1), MaskValue(value=1, label=0), MaskValue(value=3))

    read = read_mask(tmp_path, item_of(), manifest_of(table))

    assert (read.dtype, read.tolist()) == (np.uint8, [[1, 0, 0], [IGNORE, IGNORE, 1]])


@pytest.mark.parametrize("kind", ["RGB", "P", "RGBA"])
def test_that_colours_are_read_by_the_table(kind: str, tmp_path: Path) -> None:
    pixels = np.array([[COLOURS[value] for value in row] for row in VALUES.tolist()], np.uint8)
    image = Image.fromarray(pixels)
    (image.quantize(8) if kind == "P" else image.convert(kind)).save(tmp_path / "m.png")
    table = (MaskValue(colour=COLOURS[1], label=1), MaskValue(colour=(0, 0, 0), label=0))

    read = read_mask(tmp_path, item_of(), manifest_of(table))

    assert read.tolist() == [[0, 1, 1], [IGNORE, IGNORE, 0]]


def test_that_black_and_white_of_one_bit_is_0_and_255(tmp_path: Path) -> None:
    Image.fromarray(VALUES > 0).save(tmp_path / "m.png")
    table = (MaskValue(value=0, label=0), MaskValue(value=255, label=1))

    assert read_mask(tmp_path, item_of(), manifest_of(table)).tolist() == [[0, 1, 1], [1, 1, 0]]


def test_that_a_jpeg_is_read_by_the_nearest_value_where_the_values_are_far_apart(tmp_path: Path) -> None:
    rows = np.arange(40)[:, None] + np.zeros((1, 40), int)
    Image.fromarray(np.where(rows < 20, 255, 0).astype(np.uint8)).save(tmp_path / "m.jpg", quality=40)
    table = (MaskValue(value=0, label=0), MaskValue(value=255, label=1))

    read = read_mask(tmp_path, item_of("m.jpg", 40, 40), manifest_of(table))

    assert (read == (rows < 20)).mean() > 0.97
    assert set(np.unique(read)) == {0, 1}


def test_that_a_jpeg_of_close_numbers_is_refused(tmp_path: Path) -> None:
    Image.fromarray(VALUES).save(tmp_path / "m.jpg")
    table = (MaskValue(value=0, label=0), MaskValue(value=1, label=1))

    with pytest.raises(UserError) as refusal:
        read_mask(tmp_path, item_of("m.jpg"), manifest_of(table))
    assert refusal.value.code == "mask_lossy"


@pytest.mark.parametrize("orientation", range(2, 9))
def test_that_a_mask_of_stored_pixels_is_turned_like_its_image(orientation: int, tmp_path: Path) -> None:
    stored = np.zeros((16, 32), np.uint8)
    stored[:8, :8] = 1
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored * 255).save(tmp_path / "i.jpg", exif=exif, quality=95)
    Image.fromarray(stored).save(tmp_path / "m.png")
    upright = decode_image(tmp_path / "i.jpg")[..., 0] > 127
    height, width = upright.shape

    if height == 16:  # one cannot tell whether the mask was turned already
        return
    read = read_mask(tmp_path, item_of(width=width, height=height), manifest_of(()))

    assert (read == upright).all()


def test_that_another_size_is_told(tmp_path: Path) -> None:
    Image.fromarray(VALUES).save(tmp_path / "m.png")

    with pytest.raises(UserError) as refusal:
        read_mask(tmp_path, item_of(width=4, height=2), manifest_of(()))
    assert refusal.value.code == "mask_size"


def test_that_fractions_and_colours_without_a_table_are_refused(tmp_path: Path) -> None:
    Image.fromarray(VALUES.astype(np.float32)).save(tmp_path / "m.tif")
    Image.fromarray(np.dstack([VALUES, VALUES, VALUES * 2])).save(tmp_path / "c.png")

    for name, code in (("m.tif", "mask_float"), ("c.png", "mask_colours")):
        with pytest.raises(UserError) as refusal:
            read_mask(tmp_path, item_of(name), manifest_of(()))
        assert refusal.value.code == code
