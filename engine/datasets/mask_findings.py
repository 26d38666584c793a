"""What is wrong with masks: by their headers on import, and pixel by pixel in a check."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from engine.datasets.decode import ImageFacts, read_facts, read_stored
from engine.datasets.hashing import Progress, no_progress
from engine.datasets.manifest import Item, MaskValue
from engine.datasets.masks import IGNORE, decode_mask, survives_jpeg, unknown_in
from engine.datasets.problem_list import Kind, ProblemList
from engine.errors import UserError
from engine.protocol.results import Problem

THREADS = 4
_JPEG_SUFFIXES = (".jpg", ".jpeg", ".jfif")
_UNKNOWN = Kind("mask_value_unknown", "Add the value to the table of classes, or correct the mask.")
_LOSSY = Kind("mask_lossy", "Save masks as PNG from their source: a JPEG blurs the borders of objects.")
_ABSENT = Kind("class_tiny", "Add images that show it, or leave it out of the table.")


def require_fitting_mask(image: ImageFacts, mask: Path, values: Sequence[MaskValue]) -> None:
    """See by its header that a mask can belong to an image.

    Raises:
        UserError: `mask_size`, `mask_float`, `mask_lossy`, `image_unreadable`.
    """
    facts = read_facts(mask)
    if facts.mode == "F":
        raise UserError(
            "mask_float",
            f"The mask {mask} holds fractional numbers, which name no class; its image is left out.",
            "Save it as 8-bit PNG with one number a class.",
        )
    if facts.format in ("JPEG", "MPO") and not survives_jpeg(values):
        raise UserError(
            "mask_lossy",
            f"The mask {mask} is a JPEG, which blurs the values of its pixels; its image is left out.",
            "Save masks as PNG from their source.",
        )
    size, wanted = (facts.width, facts.height), (image.width, image.height)
    if size != wanted and not (image.is_rotated and size == wanted[::-1]):
        raise UserError(
            "mask_size",
            f"The mask {mask} has {size[0]} × {size[1]} pixels, its image {wanted[0]} × {wanted[1]}; "
            "the image is left out.",
            "Make both of one size.",
        )


def lossy_masks(items: Sequence[Item]) -> list[Problem]:
    """Tell of masks that are JPEGs and can be read all the same."""
    lossy = [item.mask for item in items if item.mask and item.mask.lower().endswith(_JPEG_SUFFIXES)]
    if not lossy:
        return []
    problems = ProblemList()
    count = "One mask is a JPEG" if len(lossy) == 1 else f"{len(lossy)} masks are JPEGs"
    problems.tell(_LOSSY, f"{count}, read by the nearest value: {lossy[0]}.", lossy[0])
    return problems.listed()


def classes_in_masks(
    items: Sequence[Item],
    root: Path,
    classes: Sequence[str],
    values: Sequence[MaskValue],
    progress: Progress = no_progress,
) -> list[list[int]]:
    """Give the classes that each item's mask shows; none where it has no mask that can be read."""
    present: list[list[int]] = []
    with ThreadPoolExecutor(THREADS, thread_name_prefix="mask") as pool:
        for found in pool.map(partial(_opened, root, len(classes), values), items):
            present.append(found.present)
            progress(len(present), len(items), "Opening masks")
    return present


def unopened_masks(masks: int, most: int) -> Problem:
    """Tell that so many masks are too many to be opened on import."""
    return Problem(
        code="masks_unopened",
        message=f"The {masks:,} masks were not opened on import, as more than {most:,} would take minutes: "
        "splits are made without a look at the classes in them, and values in no table are not told.",
        remedy="Have them opened with `lensmith data check`, if you want to know.",
        severity="info",
    )


@dataclass(frozen=True, slots=True)
class _Opened:
    unknown: list[str]
    present: list[int]
    error: UserError | None = None


def check_masks(
    items: Sequence[Item],
    root: Path,
    classes: Sequence[str],
    values: Sequence[MaskValue],
    progress: Progress,
) -> list[Problem]:
    """Open every mask: values outside the table, masks that cannot be read, classes that no training image shows."""
    problems = ProblemList()
    training = np.zeros(len(classes), np.int64)

    with ThreadPoolExecutor(THREADS, thread_name_prefix="mask") as pool:
        opened = pool.map(partial(_opened, root, len(classes), values), items)
        for number, (item, found) in enumerate(zip(items, opened, strict=True), start=1):
            progress(number, len(items), "Opening masks")
            name = item.mask or ""
            if found.error is not None:
                kind = Kind(found.error.code, found.error.hint)
                problems.tell(kind, found.error.message.replace(str(root / name), name), name)
            elif found.unknown:
                listed = ", ".join(found.unknown[:5]) + (" …" if len(found.unknown) > 5 else "")
                told = f"The mask {name} holds {listed}, in no table; these pixels do not count."
                problems.tell(_UNKNOWN, told, name)
            if item.split == "train":
                training[found.present] += 1
    for name, count in zip(classes, training.tolist(), strict=True):
        if count == 0:
            problems.tell(_ABSENT, f"No image to train on shows the class {name}.")
    return problems.listed()


def _opened(root: Path, classes: int, values: Sequence[MaskValue], item: Item) -> _Opened:
    if item.mask is None:
        return _Opened([], [])
    path = root / item.mask
    try:
        stored = read_stored(path)
        unknown = unknown_in(stored, path, values, classes)
        present = np.unique(decode_mask(stored, path, values, classes))
    except UserError as error:
        return _Opened([], [], error)
    return _Opened(unknown, present[present != IGNORE].tolist())
