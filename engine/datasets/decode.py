"""The one definition of what an image file shows: upright RGB. Everything that decodes faster must agree with it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from engine.errors import UserError

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
)
MAX_PIXELS = 200_000_000
"""A larger image is refused before it is decoded: it would take more than half a gigabyte."""

# Pillow's own limit only warns, on every thread's stderr; ours refuses with a sentence.
Image.MAX_IMAGE_PIXELS = None

_ORIENTATION_TAG = 0x0112
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError, struct.error, zlib.error)
"""What Pillow raises for files that are cut off, damaged or no images."""
_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "PPM", "AVIF", "JPEG2000")
"""What a file may hold, whatever its ending. Pillow knows more, and starts Ghostscript for one of them."""
_WITH_ALPHA = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What EXIF's orientations ask for, as `ImageOps.exif_transpose` does it."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the header says."""

    width: int
    """Upright, pixels."""
    height: int
    mode: str
    """Pillow's mode: L, RGB, RGBA, CMYK, I;16 …"""
    format: str
    """JPEG, PNG …"""
    is_rotated: bool
    """EXIF asks for a rotation."""
    has_alpha: bool


def decode_image(path: Path) -> Pixels:
    """Decode a file as upright RGB uint8 (H, W, 3).

    EXIF rotation is applied, transparency lies on white, 16-bit values lose their lower byte (an image is never
    stretched to its own range), CMYK and palettes become the colours that they stand for; of several frames the first.

    Raises:
        UserError: `image_unreadable` or `image_too_large`.
    """
    with _opened(path) as image:
        image.load()
        return _to_rgb(_upright(image))


def read_stored(path: Path) -> Image.Image:
    """Read a file's pixels as they are stored: a mask's numbers, which no colour rule may touch.

    Raises:
        UserError: `image_unreadable` or `image_too_large`.
    """
    with _opened(path) as image:
        image.load()
        stored = image.copy()
        stored.format = image.format
        return stored


def turned_like(path: Path, pixels: Pixels) -> Pixels:
    """Turn pixels (H, W) that lie like the stored ones of an image as that image is turned to be upright."""
    with _opened(path) as image:
        orientation = _orientation(image)
    turn = _TURNS.get(orientation)
    return pixels if turn is None else np.array(Image.fromarray(pixels).transpose(turn), np.uint8)


def read_facts(path: Path) -> ImageFacts:
    """Read a file's header only.

    Raises:
        UserError: `image_unreadable` or `image_too_large`.
    """
    with _opened(path) as image:
        orientation = _orientation(image)
        width, height = image.size
        if orientation >= 5:  # stored sideways
            width, height = height, width
        has_alpha = image.mode in _WITH_ALPHA or "transparency" in image.info
        return ImageFacts(width, height, image.mode, image.format or "", orientation > 1, has_alpha)


@contextmanager
def _opened(path: Path) -> Generator[Image.Image]:
    """Open an image of a size that may be decoded; what goes wrong in the block is told as the file's fault."""
    try:
        if not path.is_file():  # a pipe would be waited for without end
            raise _unreadable(path, "it is no file") if path.exists() else _absent(path)
        with Image.open(path, formats=_formats()) as image:
            _require_size(path, image)
            yield image
    except MemoryError as error:
        raise _unreadable(path, "there is not enough memory for it") from error
    except _DAMAGE as error:
        raise _unreadable(path, _reason(error)) from error


@cache
def _formats() -> tuple[str, ...]:
    """Those that this build of Pillow has."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _require_size(path: Path, image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise UserError(
            "image_too_large",
            f"The image {path} has {width} × {height} pixels, more than the {MAX_PIXELS // 1_000_000} million "
            "that are read.",
            "Scale it down, or cut it into tiles.",
        )


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except _DAMAGE:  # damaged EXIF: the pixels are still good
        return image


def _orientation(image: Image.Image) -> int:
    try:
        value: object = image.getexif().get(_ORIENTATION_TAG, 1)
    except _DAMAGE:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _to_rgb(image: Image.Image) -> Pixels:
    if image.mode.startswith("I;16") or image.mode == "I":
        values = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
        clear: object = image.info.get("transparency")  # convert("RGBA") would make all of it white
        return _gray(np.where(values == clear, 255, values >> 8) if isinstance(clear, int) else values >> 8)
    if image.mode == "F":
        values = np.nan_to_num(cast("NDArray[np.float32]", np.asarray(image)), nan=0.0)
        return _gray(np.clip(np.rint(values), 0, 255))
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        return _on_white(np.asarray(image.convert("RGBA"), dtype=np.uint8))
    return np.array(image.convert("RGB"), dtype=np.uint8)


def _gray(values: NDArray[np.generic]) -> Pixels:
    return np.repeat(values.astype(np.uint8)[:, :, None], 3, axis=2)


def _on_white(rgba: Pixels) -> Pixels:
    alpha = rgba[..., 3:].astype(np.uint32)
    mixed = rgba[..., :3].astype(np.uint32) * alpha + 255 * (255 - alpha)
    return ((mixed + 127) // 255).astype(np.uint8)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    words = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "cannot identify image file" in words:
        return "it is no image, or its beginning is damaged"
    if "truncated" in words:
        return "it is cut off"
    return words


def _absent(path: Path) -> UserError:
    return UserError(
        "image_unreadable",
        f"The image {path} cannot be read: there is no such file.",
        "Was it moved or deleted? Put it back where it was.",
    )


def _unreadable(path: Path, why: str) -> UserError:
    return UserError(
        "image_unreadable",
        f"The image {path} cannot be read: {why}.",
        "Save it anew from its source, or remove it.",
    )
