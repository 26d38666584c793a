"""Writes what a model said as labels of a dataset, for people to correct: COCO, YOLO, Pascal VOC, or masks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from desktop.models.predictions import Prediction
from desktop.models.predictions_cache import free_name
from desktop.models.result_labels import Numbered, read_numbers
from engine.datasets.annotations import Annotations
from engine.datasets.annotations_builder import AnnotationsBuilder, FoundObject
from engine.datasets.manifest import Item, Manifest
from engine.datasets.polygons import mask_runs
from engine.datasets.writers.export import WRITERS
from engine.datasets.writers.tree import Source, Tree
from engine.errors import UserError
from engine.protocol.disk import saving_error
from engine.protocol.results import PredictionRecord

TITLES = {"coco": "COCO", "yolo": "YOLO", "voc": "Pascal VOC", "masks": "Masks"}
"""Layouts by key, as they are called."""
_SPLIT = "train"


@dataclass(frozen=True, slots=True)
class LabelSave:
    """What is written."""

    format: str
    """One of `TITLES`."""
    predictions: Sequence[Prediction]
    classes: Sequence[str]
    task: str
    threshold: float
    """Boxes with less confidence are left out."""


@dataclass(frozen=True, slots=True)
class LabelsWritten:
    """What was written, and what was not."""

    folder: Path
    images: int
    objects: int
    notes: tuple[str, ...]
    """Sentences about what was left out."""


def save_labels(parent: Path, wanted: LabelSave) -> LabelsWritten:
    """Write a new folder with the images, linked or copied, and their labels. Never in the GUI's thread.

    Raises:
        UserError: `labels_empty`, `disk_full` or `file_not_saved`. Nothing is left of what failed.
    """
    left_out: list[str] = []
    chosen = list(_usable(wanted.predictions, left_out))
    if not chosen:
        raise UserError(
            "labels_empty",
            "There is no answered image that labels could be written for.",
            "Wait for the answers; parts of images and unreadable files have no labels of their own.",
        )
    folder = free_name(parent, f"predictions-{wanted.format}", "")
    has_objects = wanted.format != "masks"
    root = _common_folder([path for path, _ in chosen])
    try:
        table = _objects(chosen, wanted) if has_objects else None
        manifest = Manifest(
            name=folder.name,
            task=wanted.task,
            format=wanted.format,
            version="",
            classes=tuple(wanted.classes),
            items=tuple(_item(root, path, record, with_mask=not has_objects) for path, record in chosen),
        )
        # A mask in the cache is written over when its picture is asked about again: it is copied, not linked.
        tree = Tree(folder, Source(manifest, root, table), copy=not has_objects)
        folder.mkdir(parents=True)
        WRITERS[wanted.format][0](tree)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise saving_error(error, folder) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    objects = 0 if table is None else len(table.labels)
    return LabelsWritten(folder, len(chosen), objects, (*left_out, *tree.notes))


def _usable(
    predictions: Sequence[Prediction], left_out: list[str]
) -> Iterator[tuple[Path, PredictionRecord]]:
    """Yield the whole images that are answered and still there; says how many others there were."""
    parts = gone = unreadable = 0
    for entry in predictions:
        record = entry.record
        if record is None:
            continue
        parts += entry.region is not None
        unreadable += bool(record.error)
        if record.error or entry.region is not None or record.size is None:
            continue
        is_there = entry.path.is_file() and (record.mask is None or Path(record.mask).is_file())
        gone += not is_there
        if is_there:
            yield entry.path, record
    left_out += [f"{_images(unreadable)} that cannot be read left out."] if unreadable else []
    left_out += [f"{_images(gone)} that are not there any more left out."] if gone else []
    left_out += [f"{parts:,} parts of images left out: their images are written whole."] if parts else []


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def _common_folder(files: Sequence[Path]) -> Path:
    """The folder below which all files lie, so that no name tells where on this machine; none on several drives."""
    try:
        return Path(os.path.commonpath([file.absolute().parent for file in files]))
    except ValueError:
        return Path()


def _item(root: Path, path: Path, record: PredictionRecord, *, with_mask: bool) -> Item:
    width, height = record.size or (0, 0)
    file = path.absolute()
    return Item(
        path=(file.relative_to(root) if root.is_absolute() else file).as_posix(),
        label=None,
        split=_SPLIT,
        sha256="",
        width=width,
        height=height,
        mask=Path(record.mask).as_posix() if with_mask and record.mask is not None else None,
    )


def _objects(chosen: Sequence[tuple[Path, PredictionRecord]], wanted: LabelSave) -> Annotations:
    """Gather the boxes above the threshold, with their masks where the model gives them."""
    builder = AnnotationsBuilder()
    known = {name: number for number, name in enumerate(wanted.classes)}
    for image, (_, record) in enumerate(chosen):
        boxes = record.boxes or ()
        kept = [number for number, box in enumerate(boxes) if _confidence(box) >= wanted.threshold]
        numbers = read_numbers(Path(record.mask)) if record.mask is not None and kept else None
        for number in kept:
            label = known.get(str(boxes[number].get("label")))
            if label is not None:
                builder.add(image, _object(boxes[number], label, numbers, number + 1))
    return builder.build(range(len(chosen)))


def _confidence(box: dict[str, object]) -> float:
    return float(cast("float", box.get("confidence", 0.0)))


def _object(box: dict[str, object], label: int, numbers: Numbered | None, number: int) -> FoundObject:
    left, top, right, bottom = cast("list[float]", box["box"])
    corners = (float(left), float(top), float(right), float(bottom))
    mask = None if numbers is None else numbers == number
    if mask is None or not mask.any():
        return FoundObject(corners, label)
    height, width = mask.shape
    area = float(np.count_nonzero(mask))
    return FoundObject(corners, label, area=area, runs=mask_runs(mask), size=(height, width))
