"""Read an image file fast where OpenCV and `engine.datasets.decode` agree; everything else goes to the latter."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from engine.data.preprocessing import Image

MAX_FAST_PIXELS = 80_000_000
"""Above this the one policy for huge images, in `engine.datasets.decode`, decides."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_PLAIN_CHUNKS = frozenset(
    {b"IHDR", b"IDAT", b"IEND", b"PLTE", b"pHYs", b"tEXt", b"tIME", b"bKGD", b"zTXt"}
)
_JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_JPEG_TAIL = 64


def read_image(path: Path) -> Image:
    """Read a file as upright RGB uint8 (H, W, 3).

    Raises:
        UserError: `image_unreadable`, from `engine.datasets.decode`.
    """
    image = _decode_fast(path)
    if image is not None:
        return image
    # Imported here: PIL is loaded only when some file needs it.
    from engine.datasets.decode import decode_image

    return decode_image(path)


def is_plain(data: bytes) -> bool:
    """Whether these are the bytes of a whole 8-bit gray or RGB JPEG or PNG, without anything OpenCV reads otherwise."""
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _is_plain_jpeg(data)
        if data.startswith(_PNG_SIGNATURE):
            return _is_plain_png(data)
    except (struct.error, IndexError):
        return False
    return False


def _decode_fast(path: Path) -> Image | None:
    try:
        with path.open("rb", buffering=0) as file:  # whole at once: a buffer would only copy it
            data = file.read()
    except OSError:
        return None
    if not is_plain(data):
        return None
    try:
        # EXIF rotation is applied by OpenCV itself.
        image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        return None
    return None if image is None else np.asarray(image, dtype=np.uint8)


def _is_plain_jpeg(data: bytes) -> bool:
    # Without its end marker a file is cut off: OpenCV would fill the rest with gray and say nothing.
    if b"\xff\xd9" not in data[-_JPEG_TAIL:]:
        return False
    for marker, segment in _jpeg_segments(data):
        if marker in _JPEG_FRAMES:
            bits, height, width, components = struct.unpack(">BHHB", segment[:6])
            return bits == 8 and components in (1, 3) and 0 < height * width <= MAX_FAST_PIXELS
        if marker == 0xE1 and b"Orientation" in segment:
            return False  # XMP can name a rotation too; OpenCV reads only EXIF
        if marker == 0xEE and segment.startswith(b"Adobe") and segment[11] == 0:
            return False  # RGB or CMYK kept without the usual colour transform
    return False


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        yield marker, data[position + 4 : position + 2 + length]
        position += 2 + length


def _is_plain_png(data: bytes) -> bool:
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    if bits != 8 or colour not in (0, 2) or not 0 < width * height <= MAX_FAST_PIXELS:
        return False
    position = len(_PNG_SIGNATURE)
    kind = b""
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind not in _PNG_PLAIN_CHUNKS:
            return False
        position += 12 + length
    return kind == b"IEND" and position <= len(data)
