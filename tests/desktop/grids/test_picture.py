from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage

from desktop.grids.picture import read_picture
from engine.datasets.decode import decode_image
from engine.errors import UserError


def pixels_of(picture: QImage) -> np.ndarray:
    whole = picture.convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(whole.constBits(), np.uint8).reshape(whole.height(), whole.bytesPerLine())
    return lines[:, : 3 * whole.width()].reshape(whole.height(), whole.width(), 3).copy()


def gradient(height: int = 40, width: int = 60) -> np.ndarray:
    down, right = np.mgrid[0:height, 0:width]
    return np.stack([down * 4, right * 4, (down + right) * 2], axis=-1).astype(np.uint8)


def save(folder: Path, kind: str) -> Path:
    rgb = Image.fromarray(gradient())
    path = folder / f"{kind}.{kind.split('-')[0]}"
    if kind == "jpg-cmyk":
        rgb.convert("CMYK").save(path, quality=95)
    elif kind == "png-deep":
        Image.fromarray(gradient()[..., 1].astype(np.uint16) << 8).save(path)
    elif kind == "png-alpha":
        rgb.putalpha(Image.fromarray(gradient()[..., 0]))
        rgb.save(path)
    elif kind == "png-palette":
        rgb.convert("P").save(path)
    elif kind == "png-gray":
        rgb.convert("L").save(path)
    else:
        rgb.save(path)
    return path


@pytest.mark.parametrize(
    "kind",
    [
        "jpg",
        "png",
        "png-gray",
        "png-alpha",
        "png-deep",
        "png-palette",
        "jpg-cmyk",
        "tif",
        "webp",
        "bmp",
        "gif",
    ],
)
def test_that_a_picture_shows_the_pixels_that_the_engine_sees(tmp_path: Path, kind: str) -> None:
    path = save(tmp_path, kind)
    shown, seen = pixels_of(read_picture(path)).astype(int), decode_image(path).astype(int)
    assert shown.shape == seen.shape
    assert np.abs(shown - seen).max() <= 3  # JPEG decoders may round differently


def test_that_a_large_picture_that_qt_does_not_read_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (900, 1201, 3), np.uint8)).save(path)
    assert np.array_equal(pixels_of(read_picture(path)), decode_image(path))


def test_that_a_small_picture_is_as_long_as_asked_and_keeps_its_shape(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.fromarray(gradient(100, 400)).save(path)
    picture = read_picture(path, 80)
    assert (picture.width(), picture.height()) == (80, 20)


def test_that_a_picture_is_never_enlarged(tmp_path: Path) -> None:
    path = save(tmp_path, "png")
    assert read_picture(path, 500).width() == 60


@pytest.mark.parametrize("orientation", range(1, 9))
def test_that_a_picture_stands_upright_in_the_size_asked_for(tmp_path: Path, orientation: int) -> None:
    path = tmp_path / "turned.jpg"
    image = Image.fromarray(gradient(120, 80))
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(path, exif=exif, quality=95)
    upright = decode_image(path)
    picture = read_picture(path, 60)
    assert (picture.height(), picture.width()) == tuple(length // 2 for length in upright.shape[:2])
    assert np.abs(pixels_of(picture).astype(int) - upright[::2, ::2]).mean() < 8


def test_that_a_photo_on_its_side_stands_upright(shared_data: Path) -> None:
    path = next(
        file for file in (shared_data / "quirks" / "exif_orientation_6").iterdir() if file.suffix == ".jpg"
    )
    height, width = decode_image(path).shape[:2]
    picture = read_picture(path, 64)
    assert (picture.height() > picture.width()) == (height > width)


@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_that_a_file_that_is_cut_off_is_refused_as_the_engine_refuses_it(tmp_path: Path, kind: str) -> None:
    path = save(tmp_path, kind)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"(?i)cut off|truncated"):
        read_picture(path)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\xff\xd8\xff"])
def test_that_a_file_that_is_no_image_is_refused_with_a_reason(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_picture(path, 64)
    assert caught.value.code == "image_unreadable"


def test_that_a_missing_file_is_refused_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_picture(tmp_path / "gone.png")


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no named pipes")
def test_that_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    assert sys.platform != "win32"
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UserError, match="no file"):
        read_picture(tmp_path / "pipe.png")
