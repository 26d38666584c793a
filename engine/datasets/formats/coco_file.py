"""One COCO file: categories, images and objects, read piece by piece so that a file of any size fits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from engine.datasets.annotations_builder import AnnotationsBuilder, FoundObject
from engine.datasets.formats.json_stream import JsonStream
from engine.datasets.hashing import Progress
from engine.datasets.polygons import Runs, checked_runs, runs_of_text
from engine.datasets.problem_list import Kind, ProblemList
from engine.errors import UserError

Key = int | str
"""An id as files spell it."""
MOST_BYTES = 2 << 30

_ENTRY = Kind("annotations_invalid", "Correct the entry, or export the file anew.")
_REPEATED = Kind("id_repeated", "Give each its own id; the first one counts.")
_NO_BOX = Kind("box_invalid", "Give it a bbox of four numbers: left, top, width, height.")
_NO_MASK = Kind("mask_invalid", "Export the annotations anew; the box of the object counts.")


@dataclass(frozen=True, slots=True)
class CocoImage:
    """An entry of `images`."""

    id: Key
    name: str
    width: int
    height: int
    line: int


@dataclass(slots=True)
class CocoContent:
    """What a file says. Objects name image and category by places in `image_ids` and `category_ids`."""

    file: Path
    name: str
    """From the root, for problems."""
    categories: dict[Key, tuple[str, str]] = field(default_factory=dict[Key, tuple[str, str]])
    """Name and group by id."""
    images: dict[Key, CocoImage] = field(default_factory=dict[Key, CocoImage])
    image_ids: dict[Key, int] = field(default_factory=dict[Key, int])
    category_ids: dict[Key, int] = field(default_factory=dict[Key, int])
    objects: AnnotationsBuilder = field(default_factory=AnnotationsBuilder)


def read_coco(content: CocoContent, problems: ProblemList, progress: Progress) -> None:
    """Fill in what the content's file says; an entry that cannot be used is told and left out.

    Raises:
        UserError: `annotations_invalid` when it is no JSON, `annotations_too_large`.
    """
    size = _size_of(content.file)
    reading = _Reading(content, problems)
    with JsonStream(content.file) as stream:
        for key in stream.members():
            take = reading.takers.get(key)
            if take is None or not stream.is_array():
                stream.skip()
                continue
            for number, (line, entry) in enumerate(stream.elements()):
                if not isinstance(entry, dict):
                    reading.complain(line, f"an entry of {key} is no object in braces")
                    continue
                take(line, cast("dict[str, object]", entry))
                if number % 2000 == 0:
                    progress(stream.bytes_read, size, f"Reading {content.file.name}")


class _Reading:
    def __init__(self, content: CocoContent, problems: ProblemList) -> None:
        self._content = content
        self._problems = problems
        self._seen: set[Key] = set()
        self.takers = {
            "categories": self._take_category,
            "images": self._take_image,
            "annotations": self._take_object,
        }

    def complain(self, line: int, what: str, kind: Kind = _ENTRY) -> None:
        self._problems.tell(kind, f"Line {line}: {what}.", self._content.name, line)

    def _take_category(self, line: int, entry: dict[str, object]) -> None:
        key, name = _key(entry.get("id")), entry.get("name")
        if key is None or not isinstance(name, (str, int)) or not str(name).strip():
            self.complain(line, "a category lacks id or name")
        elif key in self._content.categories:
            self.complain(line, f"the category id {key} is there twice", _REPEATED)
        else:
            group = entry.get("supercategory")
            self._content.categories[key] = (str(name).strip(), group if isinstance(group, str) else "")

    def _take_image(self, line: int, entry: dict[str, object]) -> None:
        key, name = _key(entry.get("id")), entry.get("file_name")
        if key is None or not isinstance(name, str) or not name.strip():
            self.complain(line, "an image lacks id or file_name")
        elif key in self._content.images:
            self.complain(line, f"the image id {key} ({name}) is there twice", _REPEATED)
        else:
            size = (_whole(entry.get("width")), _whole(entry.get("height")))
            self._content.images[key] = CocoImage(key, name, *size, line)

    def _take_object(self, line: int, entry: dict[str, object]) -> None:
        content = self._content
        image, category = _key(entry.get("image_id")), _key(entry.get("category_id"))
        if image is None or category is None:
            self.complain(line, "an annotation lacks image_id or category_id")
            return
        key = _key(entry.get("id"))
        if key is not None and key in self._seen:
            self.complain(line, f"the annotation id {key} is there twice; both objects count", _REPEATED)
        elif key is not None:
            self._seen.add(key)
        rings, runs, size = self._mask(line, entry.get("segmentation"))
        box = _box(entry.get("bbox"), rings)
        if box is None:
            self.complain(line, f"the annotation {key} has no bbox of four numbers; it is left out", _NO_BOX)
            return
        content.objects.add(
            content.image_ids.setdefault(image, len(content.image_ids)),
            FoundObject(
                box=box,
                label=content.category_ids.setdefault(category, len(content.category_ids)),
                crowd=bool(entry.get("iscrowd", 0)),
                difficult=bool(entry.get("difficult", 0)),
                area=_number(entry.get("area")),
                rings=rings,
                runs=runs,
                size=size,
                line=line,
            ),
        )

    def _mask(self, line: int, told: object) -> tuple[list[list[float]], Runs | None, tuple[int, int]]:
        """Polygons, or run lengths with their height and width."""
        nothing: tuple[list[list[float]], None, tuple[int, int]] = ([], None, (0, 0))
        if not told:
            return nothing
        try:
            if isinstance(told, dict):
                return _runs(cast("dict[str, object]", told))
            rings = _rings(told)
        except (UserError, TypeError, ValueError, OverflowError):
            rings = None
        if rings is None:
            self.complain(line, "a segmentation is neither polygons nor run lengths", _NO_MASK)
            return nothing
        return rings, None, (0, 0)


def _rings(told: object) -> list[list[float]] | None:
    if not isinstance(told, list):
        return None
    listed = cast("list[object]", told)
    rings = listed if isinstance(listed[0], list) else [listed]
    found: list[list[float]] = []
    for ring in rings:
        if not isinstance(ring, list) or len(cast("list[object]", ring)) % 2:
            return None
        numbers = [float(value) for value in cast("list[float]", ring)]
        if not all(map(math.isfinite, numbers)):
            return None
        if len(numbers) >= 6:
            found.append(numbers)
    return found


def _runs(told: Mapping[str, object]) -> tuple[list[list[float]], Runs, tuple[int, int]]:
    height, width = (int(value) for value in cast("list[int]", told.get("size", [])))
    counts = told.get("counts")
    runs = runs_of_text(counts) if isinstance(counts, str) else checked_runs(cast("list[int]", counts))
    if not (0 < height < 1 << 16 and 0 < width < 1 << 16) or int(runs.sum()) > height * width:
        raise ValueError("runs do not fit")
    return [], runs, (height, width)


def _box(told: object, rings: list[list[float]]) -> tuple[float, float, float, float] | None:
    if isinstance(told, list) and len(cast("list[object]", told)) == 4:
        numbers = [_number(value) for value in cast("list[object]", told)]
        left, top, width, height = numbers
        if left is not None and top is not None and width is not None and height is not None:
            return left, top, left + width, top + height
    if rings and not told:
        xs = [x for ring in rings for x in ring[::2]]
        ys = [y for ring in rings for y in ring[1::2]]
        return min(xs), min(ys), max(xs), max(ys)
    return None


def _number(value: object) -> float | None:
    """A number, also one in quotes, as some tools write it."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _whole(value: object) -> int:
    number = _number(value)
    return int(number) if number is not None and 0 < number < 1 << 31 else 0


def _key(value: object) -> Key | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, (int, str)) and not isinstance(value, bool) else None


def _size_of(file: Path) -> int:
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise UserError(
            "annotations_too_large",
            f"{file} has {size / 1e9:.1f} GB; annotations of up to {MOST_BYTES / 1e9:.1f} GB are read.",
            "Divide it by images into several files, or export polygons with fewer corners.",
        )
    return size
