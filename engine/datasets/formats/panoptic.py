"""Panoptic COCO read as classes of pixels: a JSON file tells the class of each coloured segment of a PNG file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np

from engine.datasets.decode import read_stored
from engine.datasets.formats.coco import jsons_near, likely_folders, split_of_file
from engine.datasets.formats.image_finder import ImageFinder
from engine.datasets.formats.json_stream import JsonStream
from engine.datasets.formats.layout import Found, FoundImage, split_of, unwrapped
from engine.datasets.hashing import Progress, no_progress
from engine.datasets.masks import IGNORE, MOST_CLASSES, ClassMap
from engine.datasets.problem_list import Kind, ProblemList
from engine.errors import UserError

_LABELS = frozenset({".json"})
_SNIFFED = 1 << 16
_ENTRY = Kind("annotations_invalid", "Correct the entry, or export the file anew.")
_NO_FILE = Kind("label_without_image", "Put the image where the others are, or remove its entry.")
_NO_CLASS = Kind("class_unknown", "Add the category, or correct the category_id.")


class Panoptic:
    """Implements `engine.datasets.formats.layout.Layout`."""

    name = "panoptic"
    task = "segmentation"
    example = "annotations/panoptic_train.json with panoptic_train/X.png beside it and train/X.jpg"

    def matches(self, root: Path) -> bool:
        return root.is_dir() and bool(_files(unwrapped(root, _LABELS)))

    def read(self, root: Path, progress: Progress = no_progress) -> Found:
        top = unwrapped(root, _LABELS)
        reading = _Reading(root, top)
        files = _files(top)
        for file in files:
            reading.take(file, progress)
        return reading.result(self.name, files)


@dataclass(slots=True)
class _Content:
    categories: dict[int, str] = field(default_factory=dict[int, str])
    images: dict[object, str] = field(default_factory=dict[object, str])
    segments: list[tuple[object, str, dict[int, int], int]] = field(
        default_factory=list[tuple[object, str, dict[int, int], int]]
    )
    """Image id, name of the PNG file, category by segment, line."""


class _Reading:
    def __init__(self, root: Path, top: Path) -> None:
        self._root = root
        self._top = top
        self._problems = ProblemList()
        self._finder = ImageFinder(top)
        self._classes: dict[str, int] = {}
        self._images: dict[Path, FoundImage] = {}
        self._masks: dict[Path, tuple[Path, dict[int, int]]] = {}
        """By image: its PNG file, and the class by segment."""

    def take(self, file: Path, progress: Progress) -> None:
        name = file.relative_to(self._root).as_posix()
        content = self._content(file, name, progress)
        for category in sorted(content.categories):
            self._classes.setdefault(content.categories[category], len(self._classes))
        split = split_of_file(file, self._top)
        folders = likely_folders(file, split, self._top)
        masks = [file.with_suffix(""), file.parent, *folders]
        for image_id, mask_name, segments, line in content.segments:
            image_name = content.images.get(image_id, f"{Path(mask_name).stem}.jpg")
            image = self._finder.find(image_name, folders)
            mask = self._finder.find(mask_name, masks)
            if image is None or mask is None or image == mask:
                what = image_name if image is None else mask_name
                self._problems.tell(_NO_FILE, f"Line {line} names {what!r}, which is not there.", name, line)
                continue
            labels = {
                segment: self._classes[content.categories[category]]
                for segment, category in segments.items()
                if category in content.categories
            }
            if len(labels) < len(segments):
                told = f"Line {line}: a segment has an unknown category; its pixels do not count."
                self._problems.tell(_NO_CLASS, told, name, line)
            own = split or split_of(image, self._top)
            self._images.setdefault(image, FoundImage(image, None, own))
            self._masks.setdefault(image, (mask, labels))

    def result(self, name: str, files: list[Path]) -> Found:
        if len(self._classes) > MOST_CLASSES:
            raise UserError(
                "too_many_classes",
                f"The segments have {len(self._classes)} classes, and {MOST_CLASSES} can be told apart.",
                "Join some of them: categories of one name are one.",
            )
        images = list(self._images.values())
        tables = [*files, *(mask for mask, _ in self._masks.values())]
        classes, problems = list(self._classes), self._problems.listed()
        return Found(name, images, classes, problems, "segmentation", tables, draw=self._draw)

    def _draw(self, image: FoundImage) -> ClassMap:
        """The classes of an image's pixels; what belongs to no segment does not count."""
        path, labels = self._masks[image.path]
        pixels = np.asarray(read_stored(path).convert("RGB"), np.uint8).astype(np.int64)
        segments = pixels[..., 0] | pixels[..., 1] << 8 | pixels[..., 2] << 16
        known, places = np.unique(segments, return_inverse=True)
        table = np.array([labels.get(int(segment), IGNORE) for segment in known], np.uint8)
        return table[places].reshape(segments.shape)

    def _content(self, file: Path, name: str, progress: Progress) -> _Content:
        content = _Content()
        size = file.stat().st_size
        with JsonStream(file) as stream:
            for key in stream.members():
                if key not in ("categories", "images", "annotations") or not stream.is_array():
                    stream.skip()
                    continue
                for line, entry in stream.elements():
                    progress(stream.bytes_read, size, f"Reading {file.name}")
                    if not isinstance(entry, dict) or not _take(
                        content, key, line, cast("dict[str, object]", entry)
                    ):
                        self._problems.tell(
                            _ENTRY, f"Line {line}: an entry of {key} lacks a part.", name, line
                        )
        return content


def _take(content: _Content, key: str, line: int, entry: Mapping[str, object]) -> bool:
    """Whether an entry could be used."""
    number, name = entry.get("id"), entry.get("file_name")
    if key == "categories":
        label = entry.get("name")
        if isinstance(number, int) and isinstance(label, str):
            content.categories.setdefault(number, label)
            return True
        return False
    if key == "images":
        if isinstance(number, (int, str)) and isinstance(name, str):
            content.images[number] = name
            return True
        return False
    told = entry.get("segments_info")
    segments: dict[int, int] = {}
    for segment in cast("list[object]", told) if isinstance(told, list) else []:
        pair = cast("dict[str, object]", segment) if isinstance(segment, dict) else {}
        own, category = pair.get("id"), pair.get("category_id")
        if isinstance(own, int) and isinstance(category, int):
            segments[own] = category
    image = entry.get("image_id")
    if not isinstance(name, str) or not isinstance(told, list) or not isinstance(image, (int, str)):
        return False
    content.segments.append((image, name, segments, line))
    return True


def _files(top: Path) -> list[Path]:
    return [path for path in jsons_near(top) if _is_panoptic(path)]


def _is_panoptic(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(_SNIFFED)
        size = file.seek(0, 2)
        file.seek(max(0, size - _SNIFFED))
        return b'"segments_info"' in start + file.read()
