"""A flat folder with a table: one row an image, with its class and perhaps its split."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.datasets.formats.layout import (
    SPLIT_NAMES,
    Found,
    FoundImage,
    entries,
    image_files,
    is_table_name,
    unwrapped,
)
from engine.datasets.hashing import Progress, no_progress
from engine.errors import UserError
from engine.protocol.results import Problem, Severity

_FILE_HEADERS = (
    "filename", "file", "image", "path", "file_name", "image_name", "image_path", "file_path", "filepath", "img",
    "image_id", "id",
)  # fmt: skip
_LABEL_HEADERS = ("label", "class", "target", "category", "class_name", "label_name", "labels", "y")
_SPLIT_HEADERS = ("split", "subset", "set", "partition", "fold")
_DELIMITERS = ",;\t|"
_SUFFIXES_TO_TRY = ("", ".jpg", ".jpeg", ".png", ".JPG")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MOST_PROBLEMS = 200


class CsvTable:
    """Implements `engine.datasets.formats.layout.Layout`; the root may be the folder or the table itself."""

    name = "csv"
    task = "classification"
    example = "labels.csv with the columns filename and label (split if you like), beside the images"

    def matches(self, root: Path) -> bool:
        if root.is_file():
            return is_table_name(root)
        return any(_has_labels(table) for table in _tables_in(unwrapped(root)))

    def read(self, root: Path, progress: Progress = no_progress) -> Found:
        table = root if root.is_file() else _only_table(unwrapped(root))
        rows = _rows_of(table)
        if len(rows) < 2:
            raise _invalid(table, 1, "it has no rows", "Write a header, then one row an image.")
        reading = _Reading(table, root.parent if root.is_file() else root, _columns(rows[0][1], table))
        for line, row in rows[1:]:
            reading.take(line, row)
            progress(line, len(rows), "Reading labels")
        return reading.result(self.name)


@dataclass(frozen=True, slots=True)
class _Columns:
    file: int
    label: int
    split: int | None


class _Reading:
    """A table on its way into images. A row that cannot be used is told with its line, and left out."""

    def __init__(self, table: Path, root: Path, columns: _Columns) -> None:
        self._folder = table.parent
        self._table = table
        self._root = root
        self._columns = columns
        self._images: dict[Path, FoundImage] = {}
        self._lines: dict[Path, int] = {}
        self._problems: list[Problem] = []

    def take(self, line: int, row: Sequence[str]) -> None:
        columns = self._columns
        if len(row) <= max(columns.file, columns.label):
            cells = "one cell" if len(row) == 1 else f"{len(row)} cells"
            self._tell("row_short", line, f"has only {cells}", "Fill in file name and label.")
            return
        name, label = row[columns.file], row[columns.label]
        word = row[columns.split].lower() if columns.split is not None and len(row) > columns.split else ""
        path = self._file(line, name)
        if path is None:
            return
        if word and word not in SPLIT_NAMES:
            what = f"has the split {word!r}; its image is left out"
            self._tell("split_unknown", line, what, "Write train, val or test.")
        elif not label:
            self._tell("label_missing", line, "has no label; its image is left out", "Fill in the label.")
        else:
            self._keep(line, FoundImage(path, label, SPLIT_NAMES.get(word, "train")))

    def result(self, name: str) -> Found:
        told = self._problems
        if len(told) > _MOST_PROBLEMS:
            rest = f"{len(told) - _MOST_PROBLEMS} more lines of {self._table.name} cannot be used."
            told = [*told[:_MOST_PROBLEMS], told[-1].model_copy(update={"line": None, "message": rest})]
        images = list(self._images.values())
        classes = sorted({image.label for image in images if image.label is not None})
        return Found(name, images, classes, [*told, *self._unlisted()], tables=[self._table])

    def _file(self, line: int, name: str) -> Path | None:
        """Find the file that a row means, never one outside the table's folder; a fault is told."""
        spellings = dict.fromkeys((name, name.replace("\\", "/")))
        places = [self._folder, self._folder / "images"]
        candidates = [
            Path(os.path.normpath(place / f"{spelling}{suffix}"))
            for spelling in spellings
            for suffix in _SUFFIXES_TO_TRY
            for place in places
        ]
        inside = [path for path in candidates if path.is_relative_to(self._folder)]
        path = next((path for path in inside if _is_file(path)), None)
        if path is None and candidates[0].is_relative_to(self._folder):
            what = f"names {name!r}, which is not there"
            self._tell("label_without_image", line, what, "Correct the name, or remove the line.")
        elif path is None:
            what = f"names {name!r}, which lies outside the table's folder"
            self._tell("image_outside", line, what, "Write paths relative to the table, below its folder.")
        return path

    def _keep(self, line: int, image: FoundImage) -> None:
        known = self._images.setdefault(image.path, image)
        first = self._lines.setdefault(image.path, line)
        if first == line:
            return
        name = image.path.name
        if known == image:
            what = f"repeats line {first} ({name})"
            self._tell("row_repeated", line, what, "Remove one of the two.", "info")
        else:
            what = f"gives {name} another class or split than line {first}, which counts"
            self._tell("row_contradicts", line, what, "Keep the line that is right.")

    def _unlisted(self) -> list[Problem]:
        """Images beside the table that no row names."""
        rest = [path for path in image_files(self._folder) if path not in self._lines]
        if not rest:
            return []
        first = rest[0].relative_to(self._root).as_posix()
        count = "One image is" if len(rest) == 1 else f"{len(rest)} images are"
        message = f"{count} in no usable line of {self._table.name} and left out: {first}."
        if len(rest) > 1:
            message = f"{message[:-1]} and others."
        remedy = "Add a line for each, or leave them out."
        return [
            Problem(code="image_without_label", file=first, message=message, remedy=remedy, severity="info")
        ]

    def _tell(self, code: str, line: int, what: str, remedy: str, severity: Severity = "warning") -> None:
        file = self._table.relative_to(self._root).as_posix()
        message = f"Line {line} {what}."
        self._problems.append(
            Problem(code=code, file=file, line=line, message=message, remedy=remedy, severity=severity)
        )


def _tables_in(folder: Path) -> list[Path]:
    return [entry for entry in entries(folder) if is_table_name(entry) and _is_file(entry)]


def _has_labels(table: Path) -> bool:
    """Whether the header speaks of files and labels: a table of other things may lie beside class folders."""
    try:
        rows = _rows_of(table)
        _columns(rows[0][1] if rows else [], table)
        return True
    except UserError:
        return False


def _only_table(folder: Path) -> Path:
    tables = _tables_in(folder)
    if len(tables) > 1:
        tables = [table for table in tables if _has_labels(table)] or tables
    if len(tables) == 1:
        return tables[0]
    listed = ", ".join(table.name for table in tables) or "none"
    raise UserError(
        "annotations_ambiguous",
        f"{folder} holds {len(tables)} tables ({listed}); which one has the labels?",
        "Import the table itself: lensmith data import FOLDER/labels.csv",
    )


def _rows_of(table: Path) -> list[tuple[int, list[str]]]:
    """Rows with their line numbers, empty ones left out."""
    text = _text_of(table)
    # Not text.splitlines(): it also breaks at characters that may be part of a label.
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=_delimiter_of(text), skipinitialspace=True, strict=True
    )
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise _invalid(table, reader.line_num, str(error), "Correct the quotes in this line.") from error
    return [(line, row) for line, row in rows if any(row)]


def _delimiter_of(text: str) -> str:
    """The delimiter that makes the most known columns of the first line, then the most columns."""
    first = next((line for line in text.splitlines() if line.strip()), "")

    def merit(delimiter: str) -> tuple[int, int]:
        names = _names(first.split(delimiter))
        known = (_FILE_HEADERS, _LABEL_HEADERS, _SPLIT_HEADERS)
        return sum(any(name in group for name in names) for group in known), len(names)

    return max(_DELIMITERS, key=merit)


def _text_of(table: Path) -> str:
    try:
        data = table.read_bytes()
    except OSError as error:
        raise _invalid(table, 1, error.strerror or str(error), "Check that it can be read.") from error
    for encoding in ("utf-16",) if data.startswith(_UTF16_MARKS) else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _invalid(table, 1, "it is no text", "Save it as UTF-8.")


def _names(header: Sequence[str]) -> list[str]:
    return [cell.strip(" \"'").lower().replace(" ", "_").replace("-", "_") for cell in header]


def _columns(header: Sequence[str], table: Path) -> _Columns:
    names = _names(header)

    def place(known: Sequence[str]) -> int | None:
        return next((names.index(name) for name in known if name in names), None)

    file, label = place(_FILE_HEADERS), place(_LABEL_HEADERS)
    if file is None or label is None:
        missing = "a column of file names" if file is None else "a column of labels"
        raise _invalid(
            table,
            1,
            f"its header ({', '.join(header)}) lacks {missing}",
            "Name the columns filename and label, and split if there is one.",
        )
    return _Columns(file, label, place(_SPLIT_HEADERS))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a cell that is no path at all, such as a very long one
        return False


def _invalid(table: Path, line: int, what: str, hint: str) -> UserError:
    return UserError("annotations_invalid", f"{table}, line {line}: {what}.", hint)
