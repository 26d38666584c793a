"""What a reader of a layout gives, and what all layouts share: image files, split names, the tree in words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from engine.datasets.annotations_builder import AnnotationsBuilder
from engine.datasets.decode import IMAGE_SUFFIXES
from engine.datasets.hashing import Progress, no_progress
from engine.datasets.manifest import MaskValue
from engine.datasets.masks import ClassMap
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
TABLE_SUFFIXES = (".csv", ".tsv")
SHOWN = 12


@dataclass(frozen=True, slots=True)
class FoundImage:
    """One image file and what the layout says of it."""

    path: Path
    label: str | None
    split: str
    mask: Path | None = None
    """The file that tells the class of every pixel."""
    number: int = -1
    """How the table of objects calls this image."""


@dataclass(frozen=True, slots=True)
class Found:
    """All that a layout holds."""

    format: str
    images: list[FoundImage]
    classes: list[str]
    problems: list[Problem] = field(default_factory=list[Problem])
    task: str = "classification"
    tables: list[Path] = field(default_factory=list[Path])
    """Files beside the images that the layout was read from; a copy takes them along."""
    objects: AnnotationsBuilder | None = None
    """Boxes by `FoundImage.number`, where the layout tells them."""
    mask_values: list[MaskValue] = field(default_factory=list[MaskValue])
    draw: Callable[[FoundImage], ClassMap] | None = None
    """Makes the masks of a layout that has no file of them; an import writes them down."""


class Layout(Protocol):
    """One way to lay out a dataset on a disk."""

    name: str
    """As `--format` takes it."""
    task: str
    """What a dataset in this layout is for."""
    example: str
    """The tree in one line, for people."""

    def matches(self, root: Path) -> bool:
        """Say whether the tree looks like this layout; quick."""
        ...

    def read(self, root: Path, progress: Progress = no_progress) -> Found:
        """List everything; the progress is told where that takes long.

        Raises:
            UserError: `annotations_invalid` and its like, naming file and line.
        """
        ...


def split_of(path: Path, root: Path) -> str:
    """Give the split whose name a folder on the way from the root to a file has; `train` where none has."""
    names = [part.lower() for part in path.relative_to(root).parts[:-1]]
    return next((SPLIT_NAMES[name] for name in reversed(names) if name in SPLIT_NAMES), "train")


def image_files(folder: Path) -> Iterator[Path]:
    """Yield the image files below a folder, sorted; hidden ones are passed over."""
    return (file for file in files_below(folder) if is_image_name(file))


def files_below(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Yield the visible files below a folder, sorted. Linked folders are followed, loops of links are not.

    Args:
        folder: where to begin.
        above: real paths of the folders on the way down to this one.

    Raises:
        UserError: `folder_unreadable`.
    """
    way = above or (folder.resolve(),)
    for entry in _listed(folder):
        path = folder / entry.name
        if not _is_folder(entry):
            yield path
            continue
        real = path.resolve()
        if not any(higher.is_relative_to(real) for higher in way):
            yield from files_below(path, (*way, real))


def names_below(
    folder: Path, above: tuple[Path, ...] = (), depth: int = 100
) -> Iterator[tuple[Path, list[str]]]:
    """Yield every folder with the names of its visible files: far quicker than `files_below` where there are many.

    Args:
        folder: where to begin.
        above: real paths of the folders on the way down to this one.
        depth: how many folders deep to go.
    """
    way = above or (folder.resolve(),)
    inside = _listed(folder)
    below = {entry.name for entry in inside if _is_folder(entry)}
    yield folder, [entry.name for entry in inside if entry.name not in below]
    for name in sorted(below) if depth else []:
        real = (folder / name).resolve()
        if not any(higher.is_relative_to(real) for higher in way):
            yield from names_below(folder / name, (*way, real), depth - 1)


def is_image_name(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES


def is_table_name(path: Path) -> bool:
    return path.suffix.lower() in TABLE_SUFFIXES


def entries(folder: Path) -> list[Path]:
    """The visible entries of a folder, sorted by name.

    Raises:
        UserError: `folder_unreadable`.
    """
    return [folder / entry.name for entry in _listed(folder)]


def subfolders(folder: Path) -> list[Path]:
    return [folder / entry.name for entry in _listed(folder) if _is_folder(entry)]


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as scanned:
            found = sorted(scanned, key=lambda entry: entry.name)
    except OSError as error:
        raise UserError(
            "folder_unreadable",
            f"The folder {folder} cannot be read ({error.strerror or error}).",
            "Check that it is there, and that you have the right to read it.",
        ) from error
    return [entry for entry in found if not is_ignored(entry.name)]


def is_ignored(name: str) -> bool:
    """Say whether a system put it beside people's files: `._photo.jpg`, `.thumbnails`, `__MACOSX`."""
    return name.startswith(".") or name in IGNORED_NAMES


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links, or a share that went away: reading it will say so
        return False


def unwrapped(root: Path, labels: frozenset[str] = frozenset()) -> Path:
    """Step into the one folder that holds everything, as archives make them; not into a class of images.

    Args:
        root: where to begin.
        labels: endings of files that belong to a dataset, and so to the folder that holds it.
    """
    while True:
        folders = subfolders(root)
        kept = (
            p for p in entries(root) if is_image_name(p) or is_table_name(p) or p.suffix.lower() in labels
        )
        if len(folders) != 1 or next(kept, None) is not None:
            return root
        inside = entries(folders[0])
        if any(is_image_name(path) for path in inside):
            return folders[0] if any(is_table_name(path) for path in inside) else root
        if not inside or folders[0].name.lower() in SPLIT_NAMES:
            return root
        root = folders[0]


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
