"""A table of boxes: one row an object, with file, class and corners."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.datasets.annotations_builder import AnnotationsBuilder, FoundObject
from engine.datasets.formats.image_finder import ImageFinder
from engine.datasets.formats.layout import (
    SPLIT_NAMES,
    TABLE_SUFFIXES,
    Found,
    FoundImage,
    is_table_name,
    names_below,
    split_of,
    unwrapped,
)
from engine.datasets.hashing import Progress, no_progress
from engine.datasets.problem_list import Kind, ProblemList
from engine.errors import UserError

_COLUMNS = {
    "file": ("filename", "file", "image", "imagepath", "path", "imageid", "filepath", "imagename", "img"),
    "label": ("class", "label", "classname", "labelname", "category", "name"),
    "split": ("split", "subset", "set", "partition"),
    "xmin": ("xmin", "x1", "left"),
    "ymin": ("ymin", "y1", "top"),
    "xmax": ("xmax", "x2", "right"),
    "ymax": ("ymax", "y2", "bottom"),
    "x": ("x", "bboxx"),
    "y": ("y", "bboxy"),
    "w": ("w", "boxwidth", "bboxwidth"),
    "h": ("h", "boxheight", "bboxheight"),
    "width": ("width", "imagewidth"),
    "height": ("height", "imageheight"),
}
_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_INVALID = Kind("annotations_invalid", "Correct the line: file, class and four numbers.")
_NO_FILE = Kind("label_without_image", "Correct the name, or remove the line.")
_SPLIT = Kind("split_unknown", "Write train, val or test.")
_NOT_LISTED = Kind("image_without_label", "Nothing to do, unless they should hold objects.", "info")


class BoxTable:
    """Implements `engine.datasets.formats.layout.Layout`; the root may be the folder or the table itself."""

    name = "csv_boxes"
    task = "detection"
    example = "boxes.csv with the columns filename, class, xmin, ymin, xmax and ymax, beside the images"

    def matches(self, root: Path) -> bool:
        return bool(_tables(root))

    def read(self, root: Path, progress: Progress = no_progress) -> Found:
        reading = _Reading(
            root.parent if root.is_file() else root, root.parent if root.is_file() else unwrapped(root)
        )
        tables = _tables(root)
        if not tables:
            raise UserError(
                "annotations_invalid",
                f"No table in {root} has columns for file, class and four corners of boxes.",
                "Name the columns filename, class, xmin, ymin, xmax, ymax.",
            )
        for number, table in enumerate(tables, start=1):
            reading.take(table)
            progress(number, len(tables), "Reading labels")
        return reading.result(self.name, tables)


class _Reading:
    def __init__(self, root: Path, top: Path) -> None:
        self._root = root
        self._top = top
        self._problems = ProblemList()
        self._finder = ImageFinder(top)
        self._images: dict[Path, FoundImage] = {}
        self._rows: list[tuple[int, str, FoundObject]] = []
        self._declared: dict[int, tuple[int, int]] = {}
        self._files: list[str] = []

    def take(self, table: Path) -> None:
        rows = _rows(table)
        columns = _columns(rows[0][1])
        name = table.relative_to(self._root).as_posix()
        self._files.append(name)
        folders = [table.parent, table.parent / "images", self._top]
        for line, row in rows[1:] if columns else []:
            cells = {key: row[place] for key, place in columns.items() if place < len(row)}
            path = self._finder.find(cells.get("file", ""), folders)
            if path is None:
                told = f"Line {line} names the image {cells.get('file', '')!r}, which is not there."
                self._problems.tell(_NO_FILE, told, name, line)
                continue
            word = cells.get("split", "").lower()
            if word and word not in SPLIT_NAMES:
                self._problems.tell(
                    _SPLIT, f"Line {line} has the split {word!r}; it is left out.", name, line
                )
                continue
            split = SPLIT_NAMES.get(word) or _split_of_table(table) or split_of(path, self._top)
            image = self._images.setdefault(path, FoundImage(path, None, split, number=len(self._images)))
            self._take_box(image, cells, (name, line))

    def result(self, name: str, tables: list[Path]) -> Found:
        classes = sorted({label for _, label, _ in self._rows})
        numbers = {label: number for number, label in enumerate(classes)}
        # All corners within 0 to 1 are shares of the image, as OpenImages has them.
        shares = bool(self._rows) and all(max(found.box) <= 1.0 for _, _, found in self._rows)
        objects = AnnotationsBuilder(files=self._files, shares=shares, declared=self._declared)
        for number, label, found in self._rows:
            objects.add(number, FoundObject(found.box, numbers[label], file=found.file, line=found.line))
        rest = [path for path in self._finder.all() if path not in self._images]
        if rest:
            first = rest[0].relative_to(self._root).as_posix()
            told = f"{len(rest)} images are in no line of the table and left out: {first}."
            self._problems.tell(_NOT_LISTED, told, first)
        images = list(self._images.values())
        return Found(name, images, classes, self._problems.listed(), "detection", tables, objects)

    def _take_box(self, image: FoundImage, cells: Mapping[str, str], place: tuple[str, int]) -> None:
        """A row of a file alone tells that the image holds nothing."""
        name, line = place
        box = _box(cells)
        label = cells.get("label", "")
        if box is None and not label and not any(cells.get(key) for key in (*_CORNERS, "x", "y", "w", "h")):
            return
        if box is None or not label:
            self._problems.tell(
                _INVALID, f"Line {line} lacks a class or four numbers; it is left out.", name, line
            )
            return
        width, height = _whole(cells.get("width", "")), _whole(cells.get("height", ""))
        if width and height and "x" not in cells:
            self._declared[image.number] = (width, height)
        found = FoundObject(box, 0, file=len(self._files) - 1, line=line)
        self._rows.append((image.number, label, found))


def _box(cells: Mapping[str, str]) -> tuple[float, float, float, float] | None:
    names = (
        _CORNERS
        if "xmin" in cells
        else ("x", "y", "w" if "w" in cells else "width", "h" if "h" in cells else "height")
    )
    try:
        first, second, third, fourth = (float(cells[key]) for key in names)
    except (KeyError, ValueError):
        return None
    if "xmin" in cells:
        return first, second, third, fourth
    return first, second, first + third, second + fourth


def _tables(root: Path) -> list[Path]:
    if root.is_file():
        return [root] if is_table_name(root) and _has_boxes(root) else []
    below = names_below(unwrapped(root), depth=1)
    found = [
        folder / name
        for folder, names in below
        for name in sorted(names)
        if name.lower().endswith(TABLE_SUFFIXES)
    ]
    return [path for path in found if path.is_file() and _has_boxes(path)]


def _has_boxes(table: Path) -> bool:
    rows = _rows(table, most=1)
    return bool(rows) and bool(_columns(rows[0][1]))


def _columns(header: Sequence[str]) -> dict[str, int]:
    """The place of each known column; nothing when file, class or corners are missing."""
    names = [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in header]
    found: dict[str, int] = {}
    for key, spellings in _COLUMNS.items():
        place = next((names.index(spelling) for spelling in spellings if spelling in names), None)
        if place is not None:
            found[key] = place
    corners = all(key in found for key in _CORNERS)
    sides = {"x", "y"} <= set(found) and ({"w", "h"} <= set(found) or {"width", "height"} <= set(found))
    return found if {"file", "label"} <= set(found) and (corners or sides) else {}


def _rows(table: Path, most: int | None = None) -> list[tuple[int, list[str]]]:
    """Rows with their lines, empty ones left out."""
    with table.open("rb") as file:
        data = file.readline() if most == 1 else file.read()
    text = data.decode("utf-8-sig", "replace")
    first = text.partition("\n")[0]
    delimiter = max(",;\t|", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise UserError(
            "annotations_invalid",
            f"{table}, line {reader.line_num}: {error}.",
            "Correct the quotes in this line.",
        ) from error
    return [(line, row) for line, row in rows if any(row)]


def _split_of_table(table: Path) -> str | None:
    words = re.split(r"[^a-z]+", table.stem.lower())
    return next((SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES), None)


def _whole(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 7 else 0
