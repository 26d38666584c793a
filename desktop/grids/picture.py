"""An image file as a picture for the screen: by Qt's quick decoders where they agree with the engine, else by it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from engine.datasets.decode import decode_image

_FORMAT = QImage.Format
_QUICK = {
    "jpeg": frozenset({_FORMAT.Format_RGB32, _FORMAT.Format_RGB888, _FORMAT.Format_Grayscale8}),
    "png": frozenset({_FORMAT.Format_RGB32, _FORMAT.Format_RGB888, _FORMAT.Format_Grayscale8}),
}
"""Eight bits, gray or RGB: what Qt decodes to the engine's pixels. All else has rules of the engine's own."""
_ENDS = {"jpeg": b"\xff\xd9", "png": b"IEND\xaeB`\x82"}
"""How a whole file ends. Qt shows the upper half of one that is cut off; the engine refuses it, and so must we."""


def read_picture(path: Path, side: int | None = None) -> QImage:
    """Read a file upright, as the engine shows it to a model.

    Takes milliseconds to seconds: never in the GUI's thread.

    Args:
        path: of the file.
        side: the longer side of the picture is at most this many pixels; None reads it in full size.

    Raises:
        UserError: `image_unreadable` or `image_too_large`, with the reason.
    """
    quick = _read_quickly(path, side)
    if quick is not None:
        return quick
    pixels = decode_image(path)
    height, width = pixels.shape[:2]
    data = pixels.tobytes()  # held until the end: a QImage over it neither copies nor keeps it
    whole = QImage(data, width, height, 3 * width, _FORMAT.Format_RGB888)
    size = _size_within(whole.size(), side)
    if size is None:
        return whole.copy()
    return whole.scaled(
        size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )


def _read_quickly(path: Path, side: int | None) -> QImage | None:
    """Give Qt's own reading, or None where the engine has to look at the file."""
    if not path.is_file():  # a pipe would be waited for without end
        return None
    reader = QImageReader(str(path))
    reader.setDecideFormatFromContent(True)
    kind = reader.format().toStdString()
    if kind not in _QUICK or not _is_whole(path, _ENDS[kind]) or reader.imageFormat() not in _QUICK[kind]:
        return None
    reader.setAutoTransform(True)
    size = _size_within(reader.size(), side)
    if size is not None:
        reader.setScaledSize(size)  # before the rotation; the longer side is the same after it
    picture = reader.read()
    return None if picture.isNull() else picture


def _size_within(size: QSize, side: int | None) -> QSize | None:
    """Give the size to scale down to; None when the picture is small enough."""
    if side is None or max(size.width(), size.height()) <= side:
        return None
    return size.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1))


def _is_whole(path: Path, end: bytes) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-len(end), 2)
            return file.read() == end
    except OSError:
        return False
