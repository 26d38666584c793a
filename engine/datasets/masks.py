"""The classes of an image's pixels, as a mask file tells them: an index, a palette, black and white, or colours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.datasets.decode import read_facts, read_stored, turned_like
from engine.datasets.manifest import Item, Manifest, MaskValue
from engine.errors import UserError

IGNORE = 255
"""The class of pixels that count neither in training nor in scores."""
MOST_CLASSES = 255
_FAR_APART = 64
"""Entries of a table that differ by this much survive the blur of a JPEG."""

ClassMap = NDArray[np.uint8]


def read_mask(root: Path, item: Item, manifest: Manifest) -> ClassMap:
    """Read an item's mask as class positions (H, W), upright like its image; IGNORE where nothing is known.

    Raises:
        UserError: `mask_missing` when the item has none, `image_unreadable`, `mask_float`, `mask_lossy`, `mask_size`.
    """
    if item.mask is None:
        raise UserError(
            "mask_missing",
            f"The image {item.path} has no mask.",
            "Add one beside the others, then import the dataset again.",
        )
    stored = read_stored(root / item.mask)
    classes = decode_mask(stored, root / item.mask, manifest.mask_values, len(manifest.classes))
    return _upright(classes, root, item)


def decode_mask(image: Image.Image, path: Path, values: Sequence[MaskValue], classes: int) -> ClassMap:
    """Turn a mask's pixels into class positions, as stored (H, W). An empty table: a pixel's value is its class.

    Raises:
        UserError: `mask_float`, `mask_lossy`.
    """
    table = tuple(values)
    by_colour = any(entry.value is None for entry in table)
    lossy = image.format in ("JPEG", "MPO")
    if lossy and not survives_jpeg(table):
        raise UserError(
            "mask_lossy",
            f"The mask {path} is a JPEG, which blurs the values of its pixels.",
            "Save masks as PNG from their source.",
        )
    if by_colour:
        keys = _colour_keys(np.asarray(image.convert("RGB"), np.uint8))
        return _nearest_colour(keys, table) if lossy else _looked_up(keys, _colour_table(table))
    indices = pixel_values(image, path)
    if lossy:
        return _nearest_value(indices, table)
    return _value_table(table, classes)[np.minimum(indices, _TOP)]


def pixel_values(image: Image.Image, path: Path) -> NDArray[np.int64]:
    """Give the whole numbers that a mask holds, (H, W): of a palette the indices, of equal channels one.

    Raises:
        UserError: `mask_float`, `mask_colours`.
    """
    if image.mode == "F":
        raise UserError(
            "mask_float",
            f"The mask {path} holds fractional numbers, which name no class.",
            "Save it as 8-bit PNG with one number a class.",
        )
    if image.mode in ("L", "P", "1", "I") or image.mode.startswith("I;16"):
        pixels = np.asarray(image)
        whole = pixels.astype(np.int64) * (255 if image.mode == "1" else 1)
        return np.maximum(whole, 0)
    if image.mode in ("LA", "PA", "La"):
        return np.asarray(image)[..., 0].astype(np.int64)
    colours = np.asarray(image.convert("RGB"), np.uint8)
    if not bool((colours[..., :1] == colours).all()):
        raise UserError(
            "mask_colours",
            f"The mask {path} is coloured, and no table says which colour is which class.",
            "Add classes.json with the colours, as in the documentation of formats.",
        )
    return colours[..., 0].astype(np.int64)


def survives_jpeg(values: Sequence[MaskValue]) -> bool:
    """Say whether the entries of a table are so far apart that a blurred mask can still be read."""
    if len(values) < 2:
        return False
    numbers = np.array([_coordinates(entry) for entry in values], np.int64)
    apart = np.abs(numbers[:, None] - numbers[None]).max(axis=2)
    apart[np.diag_indices(len(values))] = _FAR_APART
    return bool((apart >= _FAR_APART).all())


def _coordinates(entry: MaskValue) -> tuple[int, int, int]:
    if entry.value is not None:
        return (entry.value, entry.value, entry.value)
    return entry.colour or (0, 0, 0)


_TOP = (1 << 16) - 1


@lru_cache(maxsize=16)
def _value_table(table: tuple[MaskValue, ...], classes: int) -> ClassMap:
    known = np.full(_TOP + 1, IGNORE, np.uint8)
    if not table:
        known[:classes] = np.arange(classes)
    for entry in table:
        if entry.value is not None and 0 <= entry.value < _TOP:
            known[entry.value] = IGNORE if entry.label is None else entry.label
    known.flags.writeable = False
    return known


@lru_cache(maxsize=16)
def _colour_table(table: tuple[MaskValue, ...]) -> tuple[NDArray[np.int64], ClassMap]:
    """Sorted keys of the colours, and their classes."""
    pairs = sorted((_key(entry), IGNORE if entry.label is None else entry.label) for entry in table)
    return np.array([key for key, _ in pairs], np.int64), np.array([label for _, label in pairs], np.uint8)


def _key(entry: MaskValue) -> int:
    red, green, blue = _coordinates(entry)
    return red << 16 | green << 8 | blue


def _colour_keys(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    wide = pixels.astype(np.int64)
    return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]


def _looked_up(keys: NDArray[np.int64], table: tuple[NDArray[np.int64], ClassMap]) -> ClassMap:
    known, labels = table
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[place] == keys, labels[place], np.uint8(IGNORE))


def _nearest_value(indices: NDArray[np.int64], table: tuple[MaskValue, ...]) -> ClassMap:
    values = np.array([entry.value for entry in table], np.int64)
    return _labels(table)[np.abs(indices[..., None] - values).argmin(axis=-1)]


def _nearest_colour(keys: NDArray[np.int64], table: tuple[MaskValue, ...]) -> ClassMap:
    distinct, inverse = np.unique(keys, return_inverse=True)
    pixels = np.stack((distinct >> 16, distinct >> 8 & 255, distinct & 255), axis=1)
    colours = np.array([_coordinates(entry) for entry in table], np.int64)
    nearest = ((pixels[:, None] - colours[None]) ** 2).sum(axis=2).argmin(axis=1)
    return _labels(table)[nearest][inverse].reshape(keys.shape)


def _labels(table: tuple[MaskValue, ...]) -> ClassMap:
    return np.array([IGNORE if entry.label is None else entry.label for entry in table], np.uint8)


def _upright(classes: ClassMap, root: Path, item: Item) -> ClassMap:
    """Turn a mask that was drawn on the stored pixels of an image that is shown turned."""
    height, width = classes.shape
    if (width, height) == (item.width, item.height) or item.width == 0:
        return classes
    if (height, width) == (item.width, item.height) and read_facts(root / item.path).is_rotated:
        return turned_like(root / item.path, classes)
    raise UserError(
        "mask_size",
        f"The mask {item.mask} has {width} × {height} pixels, its image {item.width} × {item.height}.",
        "Make both of one size.",
    )


def unknown_in(image: Image.Image, path: Path, values: Sequence[MaskValue], classes: int) -> list[str]:
    """Name the numbers or colours of a mask that its table does not tell; none for a JPEG, whose borders are blurred.

    Raises:
        UserError: `mask_float`, `mask_colours`.
    """
    if image.format in ("JPEG", "MPO"):
        return []
    if any(entry.value is None for entry in values):
        keys = np.unique(_colour_keys(np.asarray(image.convert("RGB"), np.uint8))).tolist()
        return [f"#{key:06x}" for key in keys if key not in {_key(entry) for entry in values}]
    known = {entry.value for entry in values} or {*range(classes), IGNORE}
    return [str(number) for number in np.unique(pixel_values(image, path)).tolist() if number not in known]
