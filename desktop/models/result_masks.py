"""What a model said of the pixels of a result, unpacked an image at a time: maps of classes, masks of boxes."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from desktop.models.result import Result, damaged_result
from desktop.models.result_labels import Numbered, mask_step, read_numbers
from engine.datasets.polygons import runs_mask, runs_of_text
from engine.errors import UserError


def has_masks(result: Result) -> bool:
    """Say whether it was kept what the model said of pixels."""
    return result.summary.masks > 0 or "mask_files" in result.arrays or "mask_runs" in result.arrays


def predicted_map(result: Result, image: int) -> Numbered | None:
    """Read what was predicted for each pixel, (h, w): classes; None where it was not kept.

    Raises:
        UserError: `result_damaged`, or the file of an earlier version cannot be read.
    """
    packed = _part(result, ("mask_files", "mask_file_offsets"), image)
    if packed is None:
        return _numbers_of_file(result, image)
    if not packed:
        return None
    try:
        with Image.open(BytesIO(packed)) as opened:
            return np.asarray(opened).astype(np.int64)
    except (OSError, SyntaxError, ValueError) as error:
        raise damaged_result(_folder(result), f"the mask of image {image} cannot be read") from error


def predicted_masks(result: Result, image: int, boxes: Sequence[int], first: int) -> NDArray[np.bool_] | None:
    """Read the masks (n, h, w) of some boxes of an image, in fewer pixels where there are many; None where none are.

    Args:
        result: of a detector.
        image: its number.
        boxes: rows among the boxes of all images.
        first: the first row of the image's own boxes.

    Raises:
        UserError: `result_damaged`, or the file of an earlier version cannot be read.
    """
    sizes = result.arrays.get("mask_sizes")
    if sizes is None or "mask_runs" not in result.arrays:
        numbers = _numbers_of_file(result, image)
        return None if numbers is None else _of_numbers(numbers, [row - first for row in boxes])
    if not 0 <= image < len(sizes):
        raise damaged_result(_folder(result), "mask_sizes.npy does not tell of all images")
    height, width = (int(side) for side in sizes[image])
    if not height or not width:
        return None
    step = mask_step(len(boxes), height, width)
    masks = np.zeros((len(boxes), -(-height // step), -(-width // step)), dtype=np.bool_)
    for place, row in enumerate(boxes):
        packed = _part(result, ("mask_runs", "mask_run_offsets"), row) or b""
        try:
            runs = runs_of_text(packed.decode("ascii"))
        except (UserError, UnicodeDecodeError) as error:
            raise damaged_result(_folder(result), f"the mask of box {row} cannot be read") from error
        masks[place] = runs_mask(runs, height, width)[::step, ::step]
    return masks


def _of_numbers(numbers: Numbered, places: Sequence[int]) -> NDArray[np.bool_]:
    step = mask_step(len(places), *numbers.shape)
    return numbers[None, ::step, ::step] == np.array(places, dtype=np.int64)[:, None, None] + 1


def _numbers_of_file(result: Result, image: int) -> Numbered | None:
    if result.places is None or image >= result.summary.masks:
        return None
    return read_numbers(result.places.mask(image))


def _part(result: Result, names: tuple[str, str], place: int) -> bytes | None:
    """What is packed for an image or a box; None where nothing is packed."""
    packed, offsets = (result.arrays.get(name) for name in names)
    if packed is None or offsets is None:
        return None
    if not 0 <= place < len(offsets) - 1:
        raise damaged_result(_folder(result), f"{names[1]}.npy ends too early")
    start, end = (int(offsets[place]), int(offsets[place + 1]))
    if not 0 <= start <= end <= len(packed):
        raise damaged_result(_folder(result), f"{names[1]}.npy does not fit {names[0]}.npy")
    return packed[start:end].tobytes()


def _folder(result: Result) -> Path:
    return result.places.folder if result.places is not None else Path()
