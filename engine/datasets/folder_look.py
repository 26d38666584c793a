"""What a folder that was never imported holds for a model: labels that it can be measured on, or pictures alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.datasets.formats.imagefolder import ImageFolder
from engine.datasets.formats.layout import Layout, image_files
from engine.datasets.formats.registry import layout_of, read_layout
from engine.datasets.hashing import Progress, no_progress
from engine.datasets.source import source_at
from engine.errors import UserError

_UNTOLD = ("layout_unknown", "no_images")
"""What reading a folder says that tells no labels."""


@dataclass(frozen=True, slots=True)
class FolderLook:
    """What was seen, without opening an image."""

    classes: tuple[str, ...] = ()
    images: int = 0
    format: str = ""
    """Name of the layout; empty where there are no labels, or where only an import can tell."""
    is_labelled: bool = True


def look_at(path: Path, task: str, progress: Progress = no_progress) -> FolderLook:
    """Look for labels of a task. A zip or a table is taken for labelled: only its import tells.

    Raises:
        UserError: `path_missing`, `not_a_dataset`, `no_images`; `task_differs` when the labels are for another task; or
            what is wrong with them.
    """
    source = source_at(path)
    if not source.is_dir():
        return FolderLook()
    _refuse_other_labels(source, task)
    try:
        found = read_layout(source, task=task, progress=progress)
    except UserError as error:
        if error.code not in _UNTOLD:
            raise
    else:
        return FolderLook(tuple(found.classes), len(found.images), found.format)
    images = sum(1 for _ in image_files(source))
    if not images:
        raise UserError(
            "no_images",
            f"There is no image in {source}.",
            "Give a folder that holds pictures, with or without labels.",
        )
    return FolderLook(images=images, is_labelled=False)


def _refuse_other_labels(source: Path, task: str) -> None:
    """Names of folders alone are no labels for another task: pictures are often sorted into folders."""
    own, first = _layout(source, task), _layout(source, None)
    if first is None or first.task == task or first.name == ImageFolder.name:
        return
    if own is None or own.name == ImageFolder.name:
        raise UserError(
            "task_differs",
            f"{source} holds labels for {first.task} ({first.name}), the model is for {task}.",
            f"Give a folder with labels for {task}, or ask the model without labels: --unlabelled.",
        )


def _layout(source: Path, task: str | None) -> Layout | None:
    try:
        return layout_of(source, task=task)
    except UserError:  # none is known
        return None
