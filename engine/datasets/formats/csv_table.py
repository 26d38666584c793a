"""A flat folder with a table: one row an image, with its class and perhaps its split."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.datasets.formats.layout import SPLIT_NAMES, Found, FoundImage, entries, unwrapped
from engine.errors import UserError
from engine.protocol.results import Problem

SUFFIXES = (".csv", ".tsv")
_FILE_HEADERS = ("filename", "file", "image", "path", "file_name", "image_path", "filepath", "image_id", "id")
_LABEL_HEADERS = ("label", "class", "target", "category", "class_name", "y")
_SPLIT_HEADERS = ("split", "subset", "set", "partition", "fold")
_SUFFIXES_TO_TRY = ("", ".jpg", ".jpeg", ".png")
_ENCODINGS = ("utf-8-sig", "cp1252")
_MOST_PROBLEMS = 200


class CsvTable:
    """Implements `engine.datasets.formats.layout.Layout`; the root may be the folder or the table itself."""

    name = "csv"
    example = "labels.csv with the columns filename and label (split if you like), beside the images"

    def matches(self, root: Path) -> bool:
        if root.is_file():
            return root.suffix.lower() in SUFFIXES
        return any(_has_labels(table) for table in _tables_in(unwrapped(root)))

    def read(self, root: Path) -> Found:
        table = root if root.is_file() else _only_table(unwrapped(root))
        rows = _rows_of(table)
        if len(rows) < 2:
            raise _invalid(table, 1, "it has no rows", "Write a header, then one row an image.")
        columns = _columns(rows[0][1], table)
        found = Found(self.name, [], [])
        for line, row in rows[1:]:
            _take(found, table, columns, (line, row))
        found.classes.extend(sorted({image.label for image in found.images if image.label is not None}))
        return found


@dataclass(frozen=True, slots=True)
class _Columns:
    file: int
    label: int
    split: int | None


def _tables_in(folder: Path) -> list[Path]:
    return [entry for entry in entries(folder) if entry.is_file() and entry.suffix.lower() in SUFFIXES]


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
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:4096], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel_tab if table.suffix.lower() == ".tsv" else csv.excel
    reader = csv.reader(text.splitlines(keepends=True), dialect, strict=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise _invalid(table, reader.line_num, str(error), "Correct the quotes in this line.") from error
    return [(line, row) for line, row in rows if any(row)]


def _text_of(table: Path) -> str:
    try:
        data = table.read_bytes()
    except OSError as error:
        raise _invalid(table, 1, error.strerror or str(error), "Check that it can be read.") from error
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _invalid(table, 1, "it is no text", "Save it as UTF-8.")


def _columns(header: Sequence[str], table: Path) -> _Columns:
    names = [cell.lower().replace(" ", "_") for cell in header]

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


def _take(found: Found, table: Path, columns: _Columns, numbered: tuple[int, list[str]]) -> None:
    line, row = numbered

    def refuse(code: str, message: str, remedy: str) -> None:
        if len(found.problems) < _MOST_PROBLEMS:
            found.problems.append(
                Problem(code=code, file=table.name, line=line, message=message, remedy=remedy)
            )

    if len(row) <= max(columns.file, columns.label):
        refuse("row_short", f"Line {line} has only {len(row)} cells.", "Fill in file name and label.")
        return
    path = _file_named(table.parent, row[columns.file])
    if path is None:
        refuse(
            "label_without_image",
            f"Line {line} names {row[columns.file]!r}, which is not there.",
            "Correct the name, or remove the line.",
        )
        return
    word = row[columns.split].lower() if columns.split is not None and len(row) > columns.split else ""
    if word and word not in SPLIT_NAMES:
        refuse(
            "split_unknown",
            f"Line {line} has the split {word!r}; its image is left out.",
            "Write train, val or test.",
        )
        return
    if not row[columns.label]:
        refuse("label_missing", f"Line {line} has no label; its image is left out.", "Fill in the label.")
        return
    found.images.append(FoundImage(path, row[columns.label], SPLIT_NAMES.get(word, "train")))


def _file_named(folder: Path, name: str) -> Path | None:
    """Find a file that a row means; never one outside the dataset's folder."""
    for suffix in _SUFFIXES_TO_TRY:
        for place in (folder, folder / "images"):
            path = place / f"{name}{suffix}"
            if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                return path
    return None


def _invalid(table: Path, line: int, what: str, hint: str) -> UserError:
    return UserError("annotations_invalid", f"{table}, line {line}: {what}.", hint)
