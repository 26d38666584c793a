"""Write a dataset in another layout, its images linked or copied and never encoded anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.datasets.hashing import Progress, no_progress
from engine.datasets.writers.coco import write_coco
from engine.datasets.writers.imagefolder import imagefolder_losses, write_imagefolder
from engine.datasets.writers.masks import masks_losses, write_masks
from engine.datasets.writers.tree import Source, Tree
from engine.datasets.writers.voc import voc_losses, write_voc
from engine.datasets.writers.yolo import write_yolo, yolo_losses
from engine.errors import UserError
from engine.protocol.disk import write_error

WRITERS: Mapping[str, tuple[Callable[[Tree], None], frozenset[str]]] = {
    "coco": (write_coco, frozenset({"detection"})),
    "voc": (write_voc, frozenset({"detection"})),
    "yolo": (write_yolo, frozenset({"detection"})),
    "masks": (write_masks, frozenset({"detection", "segmentation"})),
    "imagefolder": (write_imagefolder, frozenset({"classification"})),
}
"""Each layout with the tasks whose datasets it can hold."""


_LOSSES: Mapping[str, Callable[[Source], list[str]]] = {
    "voc": voc_losses,
    "yolo": yolo_losses,
    "masks": masks_losses,
    "imagefolder": imagefolder_losses,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A layout that a dataset could be written in."""

    format: str
    trouble: str = ""
    """Why it cannot; empty when it can."""
    losses: tuple[str, ...] = ()
    """What of the dataset has no place in it, in sentences."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    folder: Path
    format: str
    images: int
    notes: tuple[str, ...]
    """What of the dataset has no place in the layout, in sentences."""


def export_dataset(
    source: Source, format: str, folder: Path, *, copy: bool = False, progress: Progress = no_progress
) -> Exported:
    """Write a dataset into a new or empty folder.

    Args:
        source: the dataset.
        format: one of `WRITERS`.
        folder: where to.
        copy: copy images also where hard links could be made.
        progress: told image by image.

    Raises:
        UserError: `format_unknown`, `export_impossible`, `folder_not_empty`, `image_missing`, `disk_full`. Nothing is
            left of an export that failed.
    """
    write = _writer(source, format)
    target = Path(os.path.normpath(folder.expanduser().absolute()))
    _require_empty(target, source.root)
    existed = target.is_dir()
    tree = Tree(target, source, copy=copy, progress=progress)
    try:
        target.mkdir(parents=True, exist_ok=True)
        write(tree)
    except FileNotFoundError as error:
        _remove(target, existed)
        raise UserError(
            "image_missing",
            f"{error.filename} of the dataset {source.manifest.name} is not there.",
            "Connect its drive, or import the dataset again.",
        ) from error
    except OSError as error:
        _remove(target, existed)
        raise write_error(error, target) from error
    except BaseException:
        _remove(target, existed)
        raise
    return Exported(target, format, len(source.manifest.items), tuple(tree.notes))


def choices(source: Source) -> list[Choice]:
    """Say of every layout whether a dataset can be written in it, and what would be lost. Reads no file."""
    task, table = source.manifest.task, source.annotations
    found: list[Choice] = []
    for name, (_, tasks) in WRITERS.items():
        if task not in tasks:
            found.append(Choice(name, f"It holds datasets for {' or '.join(sorted(tasks))}."))
        elif name == "masks" and table is not None and not table.has_masks:
            found.append(Choice(name, "The dataset holds boxes, from which no masks follow."))
        else:
            losses = _LOSSES.get(name)
            found.append(Choice(name, losses=tuple(losses(source)) if losses is not None else ()))
    return found


def _writer(source: Source, format: str) -> Callable[[Tree], None]:
    if format not in WRITERS:
        raise UserError(
            "format_unknown",
            f"There is no layout {format!r} to write.",
            f"There are: {', '.join(WRITERS)}.",
        )
    write, tasks = WRITERS[format]
    task = source.manifest.task
    if task not in tasks:
        fitting = [name for name, (_, its) in WRITERS.items() if task in its]
        raise UserError(
            "export_impossible",
            f"The layout {format} holds datasets for {' or '.join(sorted(tasks))}, and "
            f"{source.manifest.name} is for {task}.",
            f"Export it to {' or '.join(fitting)}.",
        )
    return write


def _require_empty(target: Path, root: Path) -> None:
    if target.is_relative_to(root):
        raise UserError(
            "folder_inside",
            f"{target} lies inside the dataset's own folder, which is never written to.",
            "Give a folder elsewhere.",
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UserError(
            "folder_not_empty", f"{target} is not an empty folder.", "Give a new folder, or empty this one."
        )


def _remove(target: Path, existed: bool) -> None:
    """Leave what was there before: nothing, or an empty folder."""
    shutil.rmtree(target, ignore_errors=True)
    if existed:
        target.mkdir(parents=True, exist_ok=True)
