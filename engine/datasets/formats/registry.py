"""The layouts that can be read, and which of them a folder has."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from engine.datasets.formats.csv_table import CsvTable
from engine.datasets.formats.imagefolder import ImageFolder
from engine.datasets.formats.layout import Found, FoundImage, Layout, tree_in_words
from engine.errors import UserError
from engine.protocol.results import Problem

LAYOUTS: tuple[Layout, ...] = (CsvTable(), ImageFolder())
"""In the order in which they are tried: the more particular first."""


def layout_names() -> list[str]:
    return [layout.name for layout in LAYOUTS]


def read_layout(root: Path, format: str = "auto") -> Found:
    """Read a dataset's tree.

    Raises:
        UserError: `layout_unknown` telling what was found; `format_unknown`; `no_images`; or what a layout raises.
    """
    found = _with_names_that_are_text(layout_of(root, format).read(root), root)
    if not found.images:
        first = f" {found.problems[0].message}" if found.problems else ""
        raise UserError(
            "no_images",
            f"There is no image with a class in {root}.{first}",
            "Put the images of each class into a folder of their own.",
        )
    return found


def _with_names_that_are_text(found: Found, root: Path) -> Found:
    """Leave out files whose names are bytes of another encoding: no manifest, log or window could hold them."""
    strange = [image for image in found.images if not _is_text(image)]
    if not strange:
        return found
    images = [image for image in found.images if _is_text(image)]
    base = root.parent if root.is_file() else root
    shown = os.fsencode(strange[0].path.relative_to(base)).decode("utf-8", "replace")
    problem = Problem(
        code="name_not_text",
        file=shown,
        message=f"Names that are not UTF-8 keep {len(strange)} of the images out; the first is {shown}.",
        remedy="Rename them, for example with `convmv -f latin1 -t utf8`.",
    )
    classes = sorted({image.label for image in images if image.label is not None})
    return replace(found, images=images, classes=classes, problems=[problem, *found.problems])


def _is_text(image: FoundImage) -> bool:
    try:
        f"{image.path}{image.label or ''}".encode()
    except UnicodeEncodeError:
        return False
    return True


def layout_of(root: Path, format: str = "auto") -> Layout:
    """Choose the layout by name, or by looking at the tree."""
    if format != "auto":
        named = [layout for layout in LAYOUTS if layout.name == format]
        if not named:
            raise UserError(
                "format_unknown",
                f"There is no dataset format {format!r}.",
                f"There are: auto, {', '.join(layout_names())}.",
            )
        return named[0]
    for layout in LAYOUTS:
        if layout.matches(root):
            return layout
    supported = "; ".join(f"{layout.name}: {layout.example}" for layout in LAYOUTS)
    raise UserError(
        "layout_unknown",
        f"No dataset was recognised in {root}. It holds: {tree_in_words(root) if root.is_dir() else 'no folder'}.",
        f"These layouts are read: {supported}.",
    )
