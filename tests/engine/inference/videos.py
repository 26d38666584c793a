"""Small videos whose frames are told by their brightness."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

FPS = 10.0
FRAMES = 20


def brightness_of(number: int) -> int:
    """The gray value of a frame."""
    return 20 + 11 * number


def write_video(
    path: Path, size: tuple[int, int] = (64, 48), color: tuple[int, int, int] | None = None
) -> Path:
    """Write `FRAMES` frames as motion JPEG: gray ones that grow brighter, or all of one colour (RGB)."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, size)
    assert writer.isOpened()
    for number in range(FRAMES):
        value = (brightness_of(number),) * 3 if color is None else color[::-1]
        writer.write(np.full((size[1], size[0], 3), value, np.uint8))
    writer.release()
    return path
