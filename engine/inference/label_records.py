"""What an image is learnt from, as plain records and a mask file: for showing a training sample beside its labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.data.box_geometry import resize_boxes
from engine.data.preprocessing import Image, resize
from engine.data.targets import Target
from engine.protocol.disk import write_error
from engine.tasks.detection.targets import ImageObjects

Mask = NDArray[np.integer]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A picture with what belongs to it, in its own pixels."""

    image: Image
    boxes: NDArray[np.float32] | None = None
    """(n, 4) xyxy; None where the task has none."""
    names: tuple[str, ...] = ()
    """Class of each box; of the whole image where there are no boxes."""
    mask: Mask | None = None
    """(H, W): the class of each pixel, 255 where nothing is known; of boxes the number of each one, from 1, else 0."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.image.shape[1], self.image.shape[0]


def labelled(image: Image, target: Target, class_names: Sequence[str]) -> Labelled:
    """Put a picture and its target together, whichever task it is of; crowds are left out, nobody learns from them."""
    if isinstance(target, ImageObjects):
        kept = target.where(~target.crowd)
        names = tuple(class_names[int(label)] for label in kept.labels)
        return Labelled(image, kept.boxes, names, None if kept.masks is None else _numbered(kept.masks))
    if isinstance(target, np.ndarray):
        return Labelled(image, mask=target)
    return Labelled(image, names=(class_names[int(target)],))


def no_larger(shown: Labelled, longest: int) -> Labelled:
    """Shrink a picture and its labels until its longer side has at most `longest` pixels."""
    width, height = shown.size
    if max(width, height) <= longest:
        return shown
    scale = longest / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return replace(
        shown,
        image=resize(shown.image, *size, "bilinear"),
        boxes=None if shown.boxes is None else resize_boxes(shown.boxes, shown.size, size),
        mask=None if shown.mask is None else _shrunk(shown.mask, size),
    )


def write_labelled(shown: Labelled, name_of: Callable[[str], Path]) -> dict[str, object]:
    """Write the picture, and the mask if there is one, as PNG files; give the record that names them.

    Args:
        shown: what is written.
        name_of: gives the file for `image` and for `mask`.

    Raises:
        UserError: `disk_full` and its like.
    """
    width, height = shown.size
    as_opencv_writes = np.ascontiguousarray(shown.image[:, :, ::-1])
    record: dict[str, object] = {
        "image": _written(as_opencv_writes, name_of("image")),
        "width": width,
        "height": height,
        "boxes": None,
        "label": shown.names[0] if shown.boxes is None and shown.names else None,
        "mask": None if shown.mask is None else _written(_as_gray(shown.mask), name_of("mask")),
    }
    if shown.boxes is not None:
        record["boxes"] = [
            {
                **dict(zip(("x0", "y0", "x1", "y1"), (round(float(v), 2) for v in box), strict=True)),
                "label": name,
            }
            for box, name in zip(shown.boxes, shown.names, strict=True)
        ]
    return record


def _shrunk(mask: Mask, size: tuple[int, int]) -> Mask:
    resized = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(resized, dtype=mask.dtype)


def _numbered(masks: NDArray[np.bool_]) -> NDArray[np.uint16]:
    numbered = np.zeros(masks.shape[1:], dtype=np.uint16)
    for number in range(len(masks), 0, -1):  # the first stays on top
        numbered[masks[number - 1]] = number
    return numbered


def _as_gray(mask: Mask) -> NDArray[np.integer]:
    small = mask.size == 0 or int(mask.max()) <= np.iinfo(np.uint8).max
    return mask.astype(np.uint8 if small else np.uint16)


def _written(pixels: NDArray[np.integer], file: Path) -> str:
    encoded = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded.tobytes())
    except OSError as error:
        raise write_error(error, file.parent) from error
    return str(file)
