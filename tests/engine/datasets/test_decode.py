"""An image is what a viewer shows: upright, on white, never stretched."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.datasets import decode
from engine.datasets.decode import decode_image, read_facts
from engine.errors import UserError

RED, HALF = (255, 0, 0), 128


def saved(tmp_path: Path, image: Image.Image, name: str = "image.png", **options: Any) -> Path:
    path = tmp_path / name
    image.save(path, **options)
    return path


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(size: tuple[int, int], kind: tuple[int, int], rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG of bits and colour type `kind`, written without Pillow."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, *kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def gradient(width: int = 8, height: int = 4) -> np.ndarray:
    return np.arange(width * height * 3, dtype=np.uint8).reshape(height, width, 3)


def test_that_plain_rgb_comes_back_as_it_is(tmp_path: Path) -> None:
    assert np.array_equal(decode_image(saved(tmp_path, Image.fromarray(gradient()))), gradient())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_that_every_exif_rotation_is_applied(orientation: int, tmp_path: Path) -> None:
    upright = gradient()
    undo = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.transpose(1, 0, 2), 6: np.rot90(upright, 1), 7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, 3),
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, Image.fromarray(np.ascontiguousarray(undo[orientation])), exif=exif)

    assert np.array_equal(decode_image(path), upright)
    facts = read_facts(path)
    assert (facts.width, facts.height, facts.is_rotated) == (8, 4, orientation > 1)


def test_that_transparency_lies_on_white(tmp_path: Path) -> None:
    rgba = Image.new("RGBA", (2, 1), (*RED, 0))
    rgba.putpixel((1, 0), (*RED, HALF))

    pixels = decode_image(saved(tmp_path, rgba))

    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 1].tolist() == [255, 127, 127]


def test_that_gray_with_alpha_lies_on_white(tmp_path: Path) -> None:
    pixels = decode_image(saved(tmp_path, Image.new("LA", (1, 1), (0, 0))))

    assert pixels[0, 0].tolist() == [255, 255, 255]


def test_that_a_palette_gives_its_colours_and_its_transparent_entry_white(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 10, 20, 30])
    image.putpixel((1, 0), 1)

    assert decode_image(saved(tmp_path, image, "plain.png"))[0, 1].tolist() == [10, 20, 30]
    assert decode_image(saved(tmp_path, image, "clear.png", transparency=1))[0, 1].tolist() == [255] * 3


@pytest.mark.parametrize("highest", [1000, 65535])
def test_that_sixteen_bits_lose_their_lower_byte_and_are_not_stretched(highest: int, tmp_path: Path) -> None:
    values = np.array([[0, 255, 256, highest]], dtype=np.uint16)

    pixels = decode_image(saved(tmp_path, Image.fromarray(values), "deep.png"))

    assert pixels[0, :, 0].tolist() == [0, 0, 1, highest >> 8]
    assert np.array_equal(pixels[..., 0], pixels[..., 2])


def test_that_sixteen_bit_tiff_is_read_like_png(tmp_path: Path) -> None:
    values = np.array([[300, 40000]], dtype=np.uint16)

    assert decode_image(saved(tmp_path, Image.fromarray(values), "a.tif"))[0, :, 0].tolist() == [1, 156]


def test_that_sixteen_bit_gray_with_a_transparent_value_is_white_only_there(tmp_path: Path) -> None:
    rows = b"\0" + struct.pack(">HHH", 300, 40000, 1000)
    clear = chunk(b"tRNS", struct.pack(">H", 40000))
    path = tmp_path / "clear.png"
    path.write_bytes(png((3, 1), (16, 0), rows, clear))

    assert decode_image(path)[0, :, 1].tolist() == [300 >> 8, 255, 1000 >> 8]


def test_that_sixteen_bit_colour_loses_its_lower_byte(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    path.write_bytes(png((1, 1), (16, 2), b"\0" + struct.pack(">HHH", 300, 40000, 1000)))

    assert decode_image(path)[0, 0].tolist() == [300 >> 8, 40000 >> 8, 1000 >> 8]


def test_that_fractions_are_clipped_and_not_stretched(tmp_path: Path) -> None:
    values = np.array([[0.4, 99.6, 300, -5, np.nan]], dtype=np.float32)

    assert decode_image(saved(tmp_path, Image.fromarray(values), "f.tif"))[0, :, 0].tolist() == [
        0,
        100,
        255,
        0,
        0,
    ]


def test_that_cmyk_becomes_the_colour_it_stands_for(tmp_path: Path) -> None:
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))

    path = saved(tmp_path, image, "print.jpg", quality=100)
    assert b"Adobe" in path.read_bytes()  # whose CMYK is stored inverted
    pixels = decode_image(path)

    assert np.abs(pixels[8, 8].astype(int) - [255, 0, 0]).max() < 12


@pytest.mark.parametrize("mode", ["1", "L", "F"])
def test_that_gray_of_any_kind_has_three_equal_channels(mode: str, tmp_path: Path) -> None:
    name = "gray.tif" if mode == "F" else "gray.png"
    image = Image.new("L", (2, 2), 255).convert(mode)

    assert decode_image(saved(tmp_path, image, name)).tolist() == [[[255] * 3] * 2] * 2


def test_that_the_first_frame_stands_for_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (2, 2), RED), Image.new("RGB", (2, 2), (0, 0, 255))]
    path = tmp_path / "moving.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])

    assert decode_image(path)[0, 0].tolist() == list(RED)


@pytest.mark.parametrize("kept", [0, 20, 0.5, 0.9])
def test_that_a_file_that_is_cut_off_is_told_by_name(kept: float, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    path = saved(tmp_path, Image.fromarray(noise), "photo.jpg")
    data = path.read_bytes()
    path.write_bytes(data[: int(kept if kept >= 1 else kept * len(data))])

    with pytest.raises(UserError, match=r"photo\.jpg") as refusal:
        decode_image(path)
    assert refusal.value.code == "image_unreadable"
    assert refusal.value.hint


def test_that_text_and_a_missing_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "letter.jpg").write_text("Dear reader")

    with pytest.raises(UserError, match="no image"):
        decode_image(tmp_path / "letter.jpg")
    with pytest.raises(UserError, match="no such file") as refusal:
        decode_image(tmp_path / "nowhere.jpg")
    assert "moved" in refusal.value.hint


def test_that_a_script_in_the_clothes_of_a_picture_starts_no_interpreter(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")

    with pytest.raises(UserError, match="no image"):
        decode_image(tmp_path / "photo.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only POSIX has named pipes")
def test_that_a_pipe_or_a_folder_named_like_a_picture_is_not_waited_for(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no pipes among files")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()

    for name in ("pipe.png", "folder.png"):
        with pytest.raises(UserError, match="it is no file"):
            decode_image(tmp_path / name)
        with pytest.raises(UserError, match="it is no file"):
            read_facts(tmp_path / name)


def test_that_a_huge_image_is_refused_by_its_header_alone(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(png((20_000, 20_000), (8, 2), b""))

    with pytest.raises(UserError, match="20000 × 20000") as refusal:
        decode_image(path)
    assert refusal.value.code == "image_too_large"
    with pytest.raises(UserError, match="Scale it down"):
        read_facts(path)


def test_that_the_limit_is_in_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, Image.fromarray(gradient()))
    monkeypatch.setattr(decode, "MAX_PIXELS", 32)
    assert decode_image(path).shape == (4, 8, 3)
    monkeypatch.setattr(decode, "MAX_PIXELS", 31)
    with pytest.raises(UserError, match="more than"):
        decode_image(path)


def test_that_real_photos_stored_sideways_are_upright(shared_data: Path) -> None:
    photos = sorted((shared_data / "quirks" / "exif_orientation_6").glob("*.[jJ]*"))

    assert len(photos) == 2
    assert {decode_image(photo).shape for photo in photos} == {(400, 300, 3)}
