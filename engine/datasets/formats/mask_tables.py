"""Which value or colour of a mask is which class: the tables that lie beside masks, in their several spellings."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from engine.datasets.formats.layout import entries
from engine.errors import UserError

Colour = tuple[int, int, int]
_JSON = ("classes.json", "labels.json", "class_names.json")
_CSV = ("class_dict.csv", "classes.csv", "_classes.csv", "class_dict_seg.csv", "label_colors.csv")
_TEXT = ("labelmap.txt", "label_colors.txt", "classes.txt", "labels.txt")
IGNORED = frozenset({"void", "ignore", "ignored", "unlabelled", "unlabeled", "don't care"})
"""Names of what does not count, in a table that says nothing else of it."""
_MOST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class TableRow:
    """One class of a table."""

    name: str
    value: int | None
    colour: Colour | None
    ignored: bool


@dataclass(frozen=True, slots=True)
class MaskTable:
    """All rows, in the order of the file."""

    file: Path
    rows: Sequence[TableRow]


def find_table(top: Path) -> MaskTable | None:
    """Read the table at the top or one folder below; None when there is none.

    Raises:
        UserError: `annotations_invalid` with file and line.
    """
    folders = [top, *(entry for entry in entries(top) if entry.is_dir())]
    for names, read in ((_JSON, _of_json), (_CSV, _of_csv), (_TEXT, _of_text)):
        for name in names:
            for folder in folders:
                path = folder / name
                if path.is_file() and path.stat().st_size < _MOST_BYTES:
                    rows = read(path)
                    if rows:
                        return MaskTable(path, _with_ignored(rows))
    return None


def _with_ignored(rows: list[TableRow]) -> list[TableRow]:
    if any(row.ignored for row in rows):
        return rows
    return [
        TableRow(row.name, row.value, row.colour, True) if row.name.lower() in IGNORED else row
        for row in rows
    ]


def _of_json(path: Path) -> list[TableRow]:
    try:
        read: object = json.loads(path.read_text("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise _invalid(path, error.lineno, error.msg) from error
    except (ValueError, RecursionError) as error:
        raise _invalid(path, 1, "it is no JSON in UTF-8") from error
    ignored: object = None
    if isinstance(read, dict):
        told = cast("dict[str, object]", read)
        ignored = told.get("ignore_index", told.get("ignore"))
        read = next((told[key] for key in ("classes", "labels", "names", "categories") if key in told), told)
    if isinstance(read, list):
        listed = cast("list[object]", read)
        found = [_of_entry(entry, place, ignored) for place, entry in enumerate(listed)]
    elif isinstance(read, dict):
        pairs = cast("dict[str, object]", read)
        found = [_of_pair(key, value, ignored) for key, value in pairs.items()]
    else:
        found = [None]
    rows = [row for row in found if row is not None]
    if len(rows) < len(found):
        raise _invalid(path, 1, "an entry has neither a name nor a value")
    return rows


def _of_entry(entry: object, place: int, ignored: object) -> TableRow | None:
    if isinstance(entry, str):
        return TableRow(entry, place, None, place == ignored)
    if not isinstance(entry, dict):
        return None
    told = cast("Mapping[str, object]", entry)
    name = next((told[key] for key in ("name", "title", "label", "class") if key in told), None)
    value = next((told[key] for key in ("id", "value", "index", "trainId") if key in told), None)
    colour = _colour(next((told[key] for key in ("color", "colour", "rgb") if key in told), None))
    if not isinstance(name, str) or not name.strip():
        return None
    number = value if isinstance(value, int) else (None if colour is not None else place)
    flagged = told.get("ignore") is True or (number is not None and number == ignored)
    return TableRow(name.strip(), number, colour, flagged)


def _of_pair(key: str, value: object, ignored: object) -> TableRow | None:
    """`{"0": "road"}`, `{"road": 0}` or `{"road": [128, 64, 128]}`."""
    if isinstance(value, str) and key.strip().isdigit():
        return TableRow(value, int(key), None, int(key) == ignored)
    if isinstance(value, int):
        return TableRow(key, value, None, value == ignored)
    colour = _colour(value)
    return TableRow(key, None, colour, False) if colour is not None else None


def _of_csv(path: Path) -> list[TableRow]:
    lines = list(csv.reader(io.StringIO(path.read_text("utf-8-sig", "replace"))))
    if not lines:
        return []
    header = [re.sub(r"[^a-z]", "", cell.lower()) for cell in lines[0]]

    def column(*names: str) -> int | None:
        return next((header.index(name) for name in names if name in header), None)

    name = column("name", "class", "classname", "label")
    value = column("pixelvalue", "value", "id", "index")
    parts = [column("r", "red"), column("g", "green"), column("b", "blue")]
    if name is None:
        return []
    rows: list[TableRow] = []
    for line, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            number = int(cells[value]) if value is not None else None
            colour = _colour([int(cells[part]) for part in parts if part is not None])
            if number is None and colour is None:
                number = len(rows)
            rows.append(TableRow(cells[name].strip(), number, colour, False))
        except (ValueError, IndexError) as error:
            raise _invalid(path, line, "it lacks a name or a whole number") from error
    return rows


def _of_text(path: Path) -> list[TableRow]:
    lines = path.read_text("utf-8-sig", "replace").splitlines()
    said = [line for line in lines if line.strip() and not line.startswith("#")]
    coloured = [_of_coloured(line) for line in said]
    found = [row for row in coloured if row is not None]
    if found and len(found) == len(said):
        return found
    return [TableRow(line.strip(), place, None, False) for place, line in enumerate(said)]


def _of_coloured(line: str) -> TableRow | None:
    """`road:128,64,128::` as CVAT writes, or `128 64 128 road`."""
    cvat = re.match(r"^([^:]+):(\d+),\s*(\d+),\s*(\d+)", line)
    if cvat is not None:
        return TableRow(cvat[1].strip(), None, _colour([int(cvat[2]), int(cvat[3]), int(cvat[4])]), False)
    camvid = re.match(r"^\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(\S.*)$", line)
    if camvid is not None:
        return TableRow(camvid[4].strip(), None, _colour([int(part) for part in camvid.groups()[:3]]), False)
    return None


def _colour(told: object) -> Colour | None:
    if isinstance(told, str) and re.fullmatch(r"#?[0-9a-fA-F]{6}", told):
        whole = int(told.lstrip("#"), 16)
        return whole >> 16, whole >> 8 & 255, whole & 255
    if not isinstance(told, (list, tuple)):
        return None
    parts = list(cast("Iterable[object]", told))
    if len(parts) not in (3, 4):
        return None
    red, green, blue = parts[:3]
    if isinstance(red, int) and isinstance(green, int) and isinstance(blue, int):
        return (red, green, blue) if max(red, green, blue) < 256 and min(red, green, blue) >= 0 else None
    return None


def _invalid(path: Path, line: int, why: str) -> UserError:
    return UserError(
        "annotations_invalid",
        f"{path}, line {line}: {why}.",
        "See the documentation of dataset formats for tables of classes.",
    )
