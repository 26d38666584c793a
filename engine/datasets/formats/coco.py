"""COCO: JSON files of objects, beside images in folders named like the splits, or in one folder with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.datasets.annotations_builder import AnnotationsBuilder
from engine.datasets.formats.coco_file import CocoContent, CocoImage, Key, read_coco
from engine.datasets.formats.image_finder import ImageFinder
from engine.datasets.formats.layout import (
    SPLIT_NAMES,
    Found,
    FoundImage,
    names_below,
    split_of,
    unwrapped,
)
from engine.datasets.hashing import Progress, no_progress
from engine.datasets.problem_list import Kind, ProblemList

_LABELS = frozenset({".json"})
_SNIFFED = 1 << 16
_DEPTH = 2
_NO_FILE = Kind("label_without_image", "Put the image where the others are, or remove its entry.")
_NOT_LISTED = Kind("image_without_label", "Add them to the file if they belong to the dataset.", "info")
_NO_IMAGE = Kind("object_without_image", "Correct the image_id, or remove the object.")
_NO_CLASS = Kind("class_unknown", "Add the category, or correct the category_id.")
_SPARSE = Kind("ids_sparse", "Nothing to do.", "info")
_GROUP = Kind("class_unused", "Nothing to do; give it objects if it is a class.", "info")
_TWO_SPLITS = Kind("image_in_two_splits", "List each image in one split.")


class Coco:
    """Implements `engine.datasets.formats.layout.Layout`."""

    name = "coco"
    task = "detection"
    example = (
        "annotations/instances_train.json beside train/, or train/_annotations.coco.json beside its images"
    )

    def matches(self, root: Path) -> bool:
        return root.is_dir() and bool(_files(unwrapped(root, _LABELS)))

    def read(self, root: Path, progress: Progress = no_progress) -> Found:
        reading = _Reading(root, unwrapped(root, _LABELS))
        for file in _files(reading.top):
            reading.take(file, progress)
        return reading.result(self.name)


class _Reading:
    """Several files on their way into one dataset; classes are joined by name."""

    def __init__(self, root: Path, top: Path) -> None:
        self.top = top
        self._root = root
        self._problems = ProblemList()
        self._finder = ImageFinder(top)
        self._contents: list[CocoContent] = []
        self._images: dict[Path, FoundImage] = {}
        self._tables: list[Path] = []

    def take(self, file: Path, progress: Progress) -> None:
        content = CocoContent(file, file.relative_to(self._root).as_posix())
        read_coco(content, self._problems, progress)
        self._contents.append(content)
        self._tables.append(file)

    def result(self, name: str) -> Found:
        classes = self._classes()
        numbers = {label: number for number, label in enumerate(classes)}
        joined = AnnotationsBuilder(files=[content.name for content in self._contents])
        for place, content in enumerate(self._contents):
            images = self._place_images(content, joined)
            labels = [
                numbers.get(content.categories[key][0], -1) if key in content.categories else -1
                for key in content.category_ids
            ]
            self._tell_unknown(content, images, labels)
            of_images = [images.get(key, -1) for key in content.image_ids]
            joined.join(content.objects, of_images, labels, place)
        self._tell_unlisted()
        images_found = list(self._images.values())
        problems = self._problems.listed()
        return Found(name, images_found, classes, problems, "detection", self._tables, joined)

    def _classes(self) -> list[str]:
        """The names by id, file by file; groups that only hold other classes are no classes."""
        classes: dict[str, None] = {}
        for content in self._contents:
            groups = {group for _, group in content.categories.values() if group}
            for key in sorted(content.categories, key=_order):
                label, group = content.categories[key]
                is_group = label in groups and label != group and key not in content.category_ids
                if is_group and any(
                    other == label for name, other in content.categories.values() if name != label
                ):
                    self._problems.tell(
                        _GROUP, f"{label!r} is a group of classes and no class.", content.name
                    )
                else:
                    classes[label] = None
            keys = sorted(content.categories, key=_order)
            if keys and keys not in (list(range(len(keys))), list(range(1, len(keys) + 1))):
                told = f"The category ids have gaps ({keys[0]} to {keys[-1]} for {len(keys)}); classes are counted on."
                self._problems.tell(_SPARSE, told, content.name)
        return list(classes)

    def _place_images(self, content: CocoContent, joined: AnnotationsBuilder) -> dict[Key, int]:
        """Find the files of a content's images; give their numbers by id."""
        split = split_of_file(content.file, self.top)
        folders = likely_folders(content.file, split, self.top)
        numbers: dict[Key, int] = {}
        found = [self._finder.find(image.name, folders) for image in content.images.values()]
        strays = self._strays([image.name for image in content.images.values()], found, split)
        for image, path in zip(content.images.values(), found, strict=True):
            if path in strays:
                path = None
            if path is None or not path.is_relative_to(self._root):
                told = f"Line {image.line} names the image {image.name!r}, which is not there."
                self._problems.tell(_NO_FILE, told, content.name, image.line)
                continue
            known = self._images.get(path)
            if known is None:
                number = len(self._images)
                own = split or split_of(path, self.top)
                known = self._images[path] = FoundImage(path, None, own, number=number)
                joined.declared[number] = (image.width, image.height)
            elif known.split != (split or known.split):
                self._tell_two_splits(content, image, known)
            numbers[image.id] = known.number
        return numbers

    def _strays(self, names: Sequence[str], found: Sequence[Path | None], split: str | None) -> set[Path]:
        """Images in the folder of another split, of a file whose images lie in its own: a name that both have.

        The labels of an image that is missing would go to another one. One that is named with that folder is meant.
        """
        if split is None:
            return set()
        homes = {path: folder_split(path, self.top) for path in found if path is not None}
        if split not in homes.values():
            return set()
        meant = {
            path
            for name, path in zip(names, found, strict=True)
            if path is not None and folder_split(Path(name), Path()) == homes[path]
        }
        return {path for path, home in homes.items() if home not in (split, None) and path not in meant}

    def _tell_two_splits(self, content: CocoContent, image: CocoImage, known: FoundImage) -> None:
        told = f"Line {image.line} lists {image.name}, which is in {known.split} already; it stays there."
        self._problems.tell(_TWO_SPLITS, told, content.name, image.line)

    def _tell_unknown(self, content: CocoContent, images: dict[Key, int], labels: list[int]) -> None:
        objects = content.objects
        ids, categories = list(content.image_ids), list(content.category_ids)
        for number in range(len(objects)):
            image, line = ids[objects.images[number]], objects.places[2 * number + 1]
            if labels[objects.labels[number]] < 0:
                category = categories[objects.labels[number]]
                told = f"Line {line}: an object has the unknown category {category}; it is left out."
                self._problems.tell(_NO_CLASS, told, content.name, line)
            elif image not in images and image not in content.images:
                told = f"Line {line}: an object is of the unknown image {image}; it is left out."
                self._problems.tell(_NO_IMAGE, told, content.name, line)

    def _tell_unlisted(self) -> None:
        rest = [path for path in self._finder.all() if path not in self._images]
        if rest:
            first = rest[0].relative_to(self._root).as_posix()
            count = "One image is" if len(rest) == 1 else f"{len(rest)} images are"
            self._problems.tell(_NOT_LISTED, f"{count} in no file of labels and left out: {first}.", first)


def _files(top: Path) -> list[Path]:
    """The JSON files of objects near the top: `instances_*` where there are such, as COCO has others beside them."""
    found = [path for path in jsons_near(top) if is_coco(path)]
    return [path for path in found if path.name.startswith("instances")] or found


def jsons_near(top: Path) -> Iterable[Path]:
    """Yield the JSON files at the top and in the folders near it."""
    for folder, names in names_below(top, depth=_DEPTH):
        yield from (folder / name for name in sorted(names) if name.lower().endswith(".json"))


def is_coco(path: Path) -> bool:
    """Say whether a JSON file begins or ends like one of objects; quick, whatever its size."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(_SNIFFED)
        size = file.seek(0, 2)
        file.seek(max(0, size - _SNIFFED))
        text = (start + file.read()).decode("utf-8", "replace")
    if not text.lstrip("\ufeff \t\r\n").startswith("{") or '"segments_info"' in text or '"caption"' in text:
        return False
    keys = sum(
        re.search(rf'"{key}"\s*:\s*\[', text) is not None for key in ("images", "annotations", "categories")
    )
    return keys > 1 or (keys == 1 and '"image_id"' in text)


def split_of_file(file: Path, top: Path) -> str | None:
    """By the words of its name, else by a folder's; None when neither says."""
    words = re.split(r"[^a-z]+", file.stem.lower())
    named = next((SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES), None)
    if named is not None:
        return named
    folders = [part.lower() for part in file.relative_to(top).parts[:-1]]
    return next((SPLIT_NAMES[name] for name in reversed(folders) if name in SPLIT_NAMES), None)


def folder_split(path: Path, top: Path) -> str | None:
    """The split that a folder on the way to an image is named like; None when none is."""
    folders = path.relative_to(top).parts[:-1] if path.is_relative_to(top) else ()
    return next((SPLIT_NAMES[name.lower()] for name in folders if name.lower() in SPLIT_NAMES), None)


def likely_folders(file: Path, split: str | None, top: Path) -> list[Path]:
    """Where the images of a file may lie, the likeliest first."""
    words = re.split(r"[_.]+", file.stem.lower())
    spelled = [name for name, meant in SPLIT_NAMES.items() if meant == split]
    names = [word for word in words if re.sub(r"\d+$", "", word) in SPLIT_NAMES] + spelled
    homes = [top, top / "images", file.parent]
    inside = [home / name for name in names for home in homes]
    return [place for place in dict.fromkeys([*inside, file.parent, *homes]) if place.is_dir()]


def _order(key: Key) -> tuple[int, int, str]:
    return (0, key, "") if isinstance(key, int) else (1, 0, key)
