"""How the numbers or colours of masks are classes: by a table, else by what the masks hold."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.datasets.decode import read_stored
from engine.datasets.formats.mask_tables import MaskTable
from engine.datasets.hashing import Progress
from engine.datasets.manifest import MaskValue
from engine.datasets.masks import IGNORE, MOST_CLASSES
from engine.datasets.problem_list import Kind, ProblemList
from engine.errors import UserError

THREADS = 4
_TRIED = 12
_MOST_UNNAMED = 64
_UNNAMED = Kind("classes_unnamed", "Add classes.json with the names, as in the documentation of formats.")
VOC_NAMES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MaskClasses:
    """Names of the classes, and the reading of masks that goes with them."""

    names: list[str]
    values: list[MaskValue]


@dataclass(frozen=True, slots=True)
class Held:
    """What some masks hold."""

    numbers: frozenset[int]
    """Of those with one number a pixel."""
    colours: frozenset[int]
    """Of those with colours, as 0xRRGGBB."""
    has_voc_palette: bool = False
    is_lossy: bool = False


def classes_of_table(table: MaskTable, masks: Sequence[Path]) -> MaskClasses:
    """Read a table by number or by colour, whichever the masks speak.

    Raises:
        UserError: `masks_differ` when they fit neither.
    """
    every = max(1, len(masks) // _TRIED)
    held = what_is_held(masks[::every][:_TRIED])
    numbers = {row.value for row in table.rows if row.value is not None}
    by_number = bool(numbers) and not held.colours and bool(held.numbers & numbers)
    if not by_number and not any(row.colour is not None for row in table.rows):
        raise UserError(
            "masks_differ",
            f"The masks beside {table.file.name} hold other values than the table tells.",
            "Correct the table: the number or the colour of each class, as they are in the masks.",
        )
    names = list(dict.fromkeys(row.name for row in table.rows if not row.ignored))
    labels = {name: place for place, name in enumerate(names)}
    values = [
        MaskValue(
            value=row.value if by_number else None,
            colour=row.colour if not by_number else None,
            label=None if row.ignored else labels[row.name],
        )
        for row in table.rows
        if (row.value if by_number else row.colour) is not None
    ]
    _require_few(names)
    return MaskClasses(names, values)


def classes_of_masks(masks: Sequence[Path], problems: ProblemList, progress: Progress) -> MaskClasses:
    """Take every value that occurs for a class: 0 and 255 for background and object, else 255 for what does not count.

    Raises:
        UserError: `masks_differ` when there are more than anyone would name, or numbers in some and colours in others.
    """
    held = what_is_held(masks, progress)
    if held.numbers and held.colours and not held.colours <= {0, 0xFFFFFF}:
        raise _strange("Some masks are coloured, others hold numbers")
    if held.colours:
        return _of_colours(sorted(held.colours), problems)
    numbers = sorted(held.numbers)
    if held.is_lossy or set(numbers) <= {0, 255}:
        return MaskClasses(
            ["background", "object"], [MaskValue(value=0, label=0), MaskValue(value=255, label=1)]
        )
    if held.has_voc_palette and set(numbers) <= {*range(len(VOC_NAMES)), IGNORE}:
        named = [MaskValue(value=number, label=number) for number in range(len(VOC_NAMES))]
        return MaskClasses(list(VOC_NAMES), [*named, MaskValue(value=IGNORE)])
    counted = [number for number in numbers if number != IGNORE]
    if len(counted) > _MOST_UNNAMED:
        raise _strange(f"The masks hold {len(counted)} different values")
    names = [f"class_{number}" for number in counted]
    problems.tell(_UNNAMED, f"No table names the classes; they are called {names[0]} to {names[-1]}.")
    values = [MaskValue(value=number, label=place) for place, number in enumerate(counted)]
    return MaskClasses(names, [*values, MaskValue(value=IGNORE)])


def what_is_held(masks: Sequence[Path], progress: Progress | None = None) -> Held:
    """Gather what masks hold; those that cannot be read are passed over, as importing tells of them."""
    numbers, colours = set[int](), set[int]()
    palettes: list[bool] = []
    lossy: list[bool] = []
    with ThreadPoolExecutor(THREADS, thread_name_prefix="mask") as pool:
        for done, found in enumerate(pool.map(_held, masks), start=1):
            if progress is not None:
                progress(done, len(masks), "Reading masks")
            if found is not None:
                numbers |= found.numbers
                colours |= found.colours
                palettes.append(found.has_voc_palette)
                lossy.append(found.is_lossy)
    return Held(
        frozenset(numbers), frozenset(colours), bool(palettes) and all(palettes), bool(lossy) and all(lossy)
    )


def _held(path: Path) -> Held | None:
    try:
        image = read_stored(path)
    except UserError:
        return None
    if image.mode == "F":
        return None
    lossy = image.format in ("JPEG", "MPO")
    if image.mode in ("RGB", "RGBA", "CMYK", "YCbCr"):
        pixels = np.asarray(image.convert("RGB"), np.uint8).astype(np.int64)
        keys = distinct(pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2])
        if all(key >> 16 == key & 255 == key >> 8 & 255 for key in keys):
            return Held(frozenset(key & 255 for key in keys), frozenset(), is_lossy=lossy)
        return Held(frozenset(), frozenset(keys), is_lossy=lossy)
    pixels = np.asarray(image)
    whole = (pixels if pixels.ndim == 2 else pixels[..., 0]).astype(np.int64)
    if image.mode == "1":
        whole = whole * 255
    return Held(frozenset(distinct(whole)), frozenset(), _has_voc_palette(image), lossy)


def distinct(values: NDArray[np.int64]) -> list[int]:
    """Give the different values, sorted; a row that repeats the one above costs little."""
    return np.unique(values).tolist()


def _has_voc_palette(image: Image.Image) -> bool:
    palette = image.getpalette() if image.mode == "P" else None
    return palette is not None and palette[:12] == [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]


def _of_colours(keys: list[int], problems: ProblemList) -> MaskClasses:
    if len(keys) > _MOST_UNNAMED:
        raise _strange(f"The masks hold {len(keys)} different colours")
    names = [f"#{key:06x}" for key in keys]
    problems.tell(_UNNAMED, f"No table names the colours of the masks: {', '.join(names[:6])} …")
    values = [
        MaskValue(colour=(key >> 16, key >> 8 & 255, key & 255), label=place)
        for place, key in enumerate(keys)
    ]
    return MaskClasses(names, values)


def _require_few(names: Sequence[str]) -> None:
    if len(names) > MOST_CLASSES:
        raise UserError(
            "too_many_classes",
            f"The masks have {len(names)} classes, and {MOST_CLASSES} can be told apart.",
            "Join some of them in the table: classes of one name are one.",
        )


def _strange(what: str) -> UserError:
    return UserError(
        "masks_differ",
        f"{what}, and no table says which is which class.",
        "Add classes.json with the number or colour of each class, as in the documentation of formats.",
    )
