"""What a reader of a layout gives, and what all layouts share: image files, split names, the tree in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from engine.datasets.decode import IMAGE_SUFFIXES
from engine.errors import UserError
from engine.protocol.results import Problem

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
IGNORED_NAMES = frozenset({"__MACOSX", "__pycache__"})
SHOWN = 12


@dataclass(frozen=True, slots=True)
class FoundImage:
    """One image file and what the layout says of it."""

    path: Path
    label: str | None
    split: str


@dataclass(frozen=True, slots=True)
class Found:
    """All that a layout holds."""

    format: str
    images: list[FoundImage]
    classes: list[str]
    problems: list[Problem] = field(default_factory=list[Problem])
    task: str = "classification"


class Layout(Protocol):
    """One way to lay out a dataset on a disk."""

    name: str
    """As `--format` takes it."""
    example: str
    """The tree in one line, for people."""

    def matches(self, root: Path) -> bool:
        """Say whether the tree looks like this layout; quick."""
        ...

    def read(self, root: Path) -> Found:
        """List everything.

        Raises:
            UserError: `annotations_invalid` and its like, naming file and line.
        """
        ...


def image_files(folder: Path) -> Iterator[Path]:
    """Yield the image files below a folder, sorted; hidden ones are passed over."""
    for entry in entries(folder):
        if entry.is_dir():
            yield from image_files(entry)
        elif is_image_name(entry):
            yield entry


def is_image_name(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES


def entries(folder: Path) -> list[Path]:
    """The visible entries of a folder, sorted by name.

    Raises:
        UserError: `folder_unreadable`.
    """
    try:
        found = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise UserError(
            "folder_unreadable",
            f"The folder {folder} cannot be read ({error.strerror or error}).",
            "Give yourself the right to read it.",
        ) from error
    return [entry for entry in found if not entry.name.startswith(".") and entry.name not in IGNORED_NAMES]


def subfolders(folder: Path) -> list[Path]:
    return [entry for entry in entries(folder) if entry.is_dir()]


def unwrapped(root: Path) -> Path:
    """Step into a folder that is alone in its folder, as archives make them; not into a class of images."""
    while True:
        inside = entries(root)
        if len(inside) != 1 or not inside[0].is_dir() or not entries(inside[0]):
            return root
        if any(is_image_name(entry) for entry in entries(inside[0])):
            has_table = any(entry.suffix.lower() in (".csv", ".tsv") for entry in entries(inside[0]))
            return inside[0] if has_table else root
        if inside[0].name.lower() in SPLIT_NAMES:
            return root
        root = inside[0]


def tree_in_words(root: Path) -> str:
    """Say what lies directly in a folder: `train/ (3 folders), notes.txt`."""
    words: list[str] = []
    inside = entries(root)
    for entry in inside[:SHOWN]:
        if not entry.is_dir():
            words.append(entry.name)
            continue
        below = entries(entry)
        folders = sum(child.is_dir() for child in below)
        words.append(f"{entry.name}/ ({folders} folders, {len(below) - folders} files)")
    if len(inside) > SHOWN:
        words.append(f"and {len(inside) - SHOWN} more")
    return ", ".join(words) or "nothing"
