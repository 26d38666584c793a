"""The fast decoder shows what `engine.datasets.decode` shows, or leaves the file to it.

Tolerance: PNG to the bit; JPEG within 2 of 255 levels anywhere and 0.05 on average, since two builds of libjpeg may
round differently.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PILImage

from engine.data import decoding
from engine.data.decoding import is_plain, read_image
from engine.datasets.decode import decode_image
from engine.errors import UserError
from tests.engine.data.pictures import Picture, difference, largest_difference, noise, smooth

JPEG_LARGEST = 2
JPEG_MEAN = 0.05
ORIENTATION = 0x0112


def encoded(image: PILImage.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(extra: bytes, bits: int = 8) -> bytes:
    """A PNG with more chunks before its pixels, written without an image library."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, bits, 2, 0, 0, 0))
    row = b"\0" + bytes(range(1, 1 + 2 * 3 * bits // 8))
    pixels = chunk(b"IDAT", zlib.compress(2 * row))
    return b"\x89PNG\r\n\x1a\n" + header + extra + pixels + chunk(b"IEND", b"")


@pytest.fixture
def slow_calls(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that went through the one definition, not through OpenCV."""
    calls: list[Path] = []

    def noted(path: Path) -> Picture:
        calls.append(path)
        return decode_image(path)

    monkeypatch.setattr("engine.datasets.decode.decode_image", noted)
    return calls


def stored(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "image"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("picture", [noise(61, 83), smooth(61, 83), noise(17, 9), noise(1, 1)])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [30, 90, 100])
@pytest.mark.parametrize("progressive", [False, True])
def test_that_a_jpeg_is_decoded_fast_and_the_same(
    picture: Picture,
    subsampling: int,
    quality: int,
    progressive: bool,
    tmp_path: Path,
    slow_calls: list[Path],
) -> None:
    image = PILImage.fromarray(picture)
    path = stored(
        tmp_path,
        encoded(image, "JPEG", quality=quality, subsampling=subsampling, progressive=progressive),
    )

    fast, reference = read_image(path), decode_image(path)

    assert slow_calls == []
    assert fast.shape == reference.shape == picture.shape
    assert largest_difference(fast, reference) <= JPEG_LARGEST
    assert difference(fast, reference) <= JPEG_MEAN


@pytest.mark.parametrize("orientation", range(1, 9))
def test_that_a_jpeg_stored_turned_is_decoded_fast_and_upright(
    orientation: int, tmp_path: Path, slow_calls: list[Path]
) -> None:
    exif = PILImage.Exif()
    exif[ORIENTATION] = orientation
    path = stored(tmp_path, encoded(PILImage.fromarray(smooth(40, 30)), "JPEG", exif=exif))

    fast = read_image(path)

    assert slow_calls == []
    assert fast.shape == ((30, 40, 3) if orientation >= 5 else (40, 30, 3))
    assert largest_difference(fast, decode_image(path)) <= JPEG_LARGEST


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_that_gray_is_decoded_fast_into_three_equal_channels(
    kind: str, tmp_path: Path, slow_calls: list[Path]
) -> None:
    gray = PILImage.fromarray(np.ascontiguousarray(smooth(20, 30)[..., 0]))
    path = stored(tmp_path, encoded(gray, kind))

    fast = read_image(path)

    assert slow_calls == []
    assert np.array_equal(fast[..., 0], fast[..., 2])
    assert largest_difference(fast, decode_image(path)) <= (JPEG_LARGEST if kind == "JPEG" else 0)


def test_that_a_png_is_decoded_fast_and_to_the_bit(tmp_path: Path, slow_calls: list[Path]) -> None:
    picture = noise(23, 31)

    assert np.array_equal(read_image(stored(tmp_path, encoded(PILImage.fromarray(picture), "PNG"))), picture)
    assert slow_calls == []


def unusual() -> dict[str, bytes]:
    """Files that OpenCV reads otherwise, warns of, or cannot read."""
    picture = PILImage.fromarray(smooth(20, 30))
    exif = PILImage.Exif()
    exif[ORIENTATION] = 6
    xmp = b'http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="6"/>'
    jpeg = encoded(picture, "JPEG")
    return {
        "transparent": encoded(picture.convert("RGBA"), "PNG"),
        "gray with alpha": encoded(picture.convert("LA"), "PNG"),
        "palette": encoded(picture.convert("P"), "PNG"),
        "one bit": encoded(picture.convert("1"), "PNG"),
        "deep gray": encoded(PILImage.fromarray(np.array([[300, 40000]], dtype=np.uint16)), "PNG"),
        "deep colour": png_with(b"", bits=16),
        "one clear colour": png_with(chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3))),
        "gamma": png_with(chunk(b"gAMA", struct.pack(">I", 100_000))),
        "turned png": encoded(picture, "PNG", exif=exif),
        "cmyk": encoded(picture.convert("CMYK"), "JPEG"),
        "rgb without transform": encoded(picture, "JPEG", keep_rgb=True),
        "turned by xmp": jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp + jpeg[2:],
        "gif": encoded(picture, "GIF"),
        "bmp": encoded(picture, "BMP"),
        "tiff": encoded(picture, "TIFF"),
        "webp": encoded(picture, "WEBP", lossless=True),
    }


@pytest.mark.parametrize("name", list(unusual()))
def test_that_everything_unusual_is_left_to_the_one_definition(
    name: str, tmp_path: Path, slow_calls: list[Path]
) -> None:
    path = stored(tmp_path, unusual()[name])

    assert np.array_equal(read_image(path), decode_image(path))
    assert slow_calls == [path]


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9])
def test_that_a_file_that_is_cut_off_is_refused_and_not_filled_with_gray(
    kind: str, kept: float, tmp_path: Path
) -> None:
    data = encoded(PILImage.fromarray(noise(64, 64)), kind)
    path = stored(tmp_path, data[: int(kept * len(data))])

    with pytest.raises(UserError) as refusal:
        read_image(path)
    assert refusal.value.code == "image_unreadable"


def test_that_a_cut_within_any_header_is_no_crash() -> None:
    for kind in ("JPEG", "PNG"):
        data = encoded(PILImage.fromarray(noise(8, 8)), kind)
        assert is_plain(data)
        assert not any(is_plain(data[:length]) for length in range(len(data) - 20))


def test_that_a_file_that_is_gone_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_image(tmp_path / "gone.jpg")


def test_that_a_large_image_goes_to_the_one_policy(
    tmp_path: Path, slow_calls: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stored(tmp_path, encoded(PILImage.fromarray(noise(10, 10)), "JPEG"))
    monkeypatch.setattr(decoding, "MAX_FAST_PIXELS", 99)

    read_image(path)

    assert slow_calls == [path]


def test_that_real_photos_are_decoded_fast_and_the_same(shared_data: Path, slow_calls: list[Path]) -> None:
    photos = [
        *sorted((shared_data / "classification_sign_digits" / "test").rglob("*.jpg"))[::20],
        *sorted((shared_data / "detection_bccd" / "coco" / "test").glob("*.jpg"))[:5],
        *sorted((shared_data / "quirks").rglob("*.jpg")),
    ]
    assert len(photos) >= 15

    for photo in photos:
        fast = read_image(photo)
        assert largest_difference(fast, decode_image(photo)) <= JPEG_LARGEST
    assert slow_calls == []
