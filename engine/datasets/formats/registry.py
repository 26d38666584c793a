"""The layouts that can be read, and which of them a folder has."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from engine.datasets.formats.box_table import BoxTable
from engine.datasets.formats.coco import Coco
from engine.datasets.formats.csv_table import CsvTable
from engine.datasets.formats.imagefolder import ImageFolder
from engine.datasets.formats.layout import Found, FoundImage, Layout, tree_in_words
from engine.datasets.formats.mask_folders import MaskFolders
from engine.datasets.formats.panoptic import Panoptic
from engine.datasets.formats.voc import Voc
from engine.datasets.formats.yolo import Yolo
from engine.datasets.hashing import Progress, no_progress
from engine.errors import UserError
from engine.protocol.results import Problem

LAYOUTS: tuple[Layout, ...] = (
    Coco(), Panoptic(), Voc(), Yolo(), MaskFolders(), BoxTable(), CsvTable(), ImageFolder(),
)  # fmt: skip
"""In the order in which they are tried: the more particular first."""


_WANTED = {"classification": "a class", "detection": "labels", "segmentation": "a mask"}
_REMEDIES = {
    "classification": "Put the images of each class into a folder of their own.",
    "detection": "Put the images where the labels say, or beside them.",
    "segmentation": "Give each mask the name of its image.",
}


def layout_names() -> list[str]:
    return [layout.name for layout in LAYOUTS]


def tasks() -> list[str]:
    """Give the tasks that some layout is for."""
    return list(dict.fromkeys(layout.task for layout in reversed(LAYOUTS)))


def read_layout(
    root: Path, format: str = "auto", task: str | None = None, progress: Progress = no_progress
) -> Found:
    """Read a dataset's tree.

    Args:
        root: a folder, or a table.
        format: name of a layout, or `auto` for the one that the tree looks like.
        task: take only layouts for this task; None takes any.
        progress: told of what takes long.

    Raises:
        UserError: `layout_unknown` telling what was found; `format_unknown`; `no_images`; or what a layout raises.
    """
    found = _with_names_that_are_text(layout_of(root, format, task).read(root, progress), root)
    if not found.images:
        first = f" {found.problems[0].message}" if found.problems else ""
        raise UserError(
            "no_images",
            f"There is no image with {_WANTED[found.task]} in {root}.{first}",
            _REMEDIES[found.task],
        )
    return found


def _with_names_that_are_text(found: Found, root: Path) -> Found:
    """Leave out files whose names are bytes of another encoding: no manifest, log or window could hold them."""
    if found.task != "classification":
        found = replace(found, classes=[name.encode("utf-8", "replace").decode() for name in found.classes])
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
    classes = found.classes
    if found.task == "classification":
        classes = sorted({image.label for image in images if image.label is not None})
    return replace(found, images=images, classes=classes, problems=[problem, *found.problems])


def _is_text(image: FoundImage) -> bool:
    try:
        f"{image.path}{image.label or ''}".encode()
    except UnicodeEncodeError:
        return False
    return True


def layout_of(root: Path, format: str = "auto", task: str | None = None) -> Layout:
    """Choose the layout by name, or by looking at the tree.

    Raises:
        UserError: `format_unknown`, `format_differs` for a layout of another task, `layout_unknown`.
    """
    if format != "auto":
        return _named(format, task)
    fitting = [layout for layout in LAYOUTS if task in (None, layout.task)]
    for layout in fitting:
        if layout.matches(root):
            return layout
    supported = "; ".join(f"{layout.name}: {layout.example}" for layout in fitting)
    kind = f"dataset for {task}" if task is not None else "dataset"
    raise UserError(
        "layout_unknown",
        f"No {kind} was recognised in {root}. It holds: {tree_in_words(root) if root.is_dir() else 'no folder'}.",
        f"These layouts are read: {supported}.",
    )


def _named(format: str, task: str | None) -> Layout:
    named = next((layout for layout in LAYOUTS if layout.name == format), None)
    if named is None:
        raise UserError(
            "format_unknown",
            f"There is no dataset format {format!r}.",
            f"There are: auto, {', '.join(layout_names())}.",
        )
    if task not in (None, named.task):
        raise UserError(
            "format_differs",
            f"The format {format} is for {named.task}, not for {task}.",
            "Leave out --task or --format.",
        )
    return named
