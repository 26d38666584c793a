"""YOLO: a text file an image with class, centre and size (or a polygon) in shares of the image, in `labels`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.datasets.annotations_builder import AnnotationsBuilder, FoundObject
from engine.datasets.formats.image_finder import ImageFinder
from engine.datasets.formats.layout import (
    Found,
    FoundImage,
    files_below,
    image_files,
    is_image_name,
    names_below,
    split_of,
    unwrapped,
)
from engine.datasets.formats.yolo_config import YoloConfig, find_config
from engine.datasets.hashing import Progress, no_progress
from engine.datasets.problem_list import Kind, ProblemList
from engine.errors import UserError

_LABELS = frozenset({".yaml", ".yml", ".txt", ".data", ".names"})
_TRIED = 20
_OTHER_TEXTS = frozenset(
    {"classes", "readme", "readme.dataset", "readme.roboflow", "train", "val", "test", "labels"}
)
_INVALID = Kind(
    "annotations_invalid", "Correct the line: class, centre x, centre y, width, height, from 0 to 1."
)
_NO_CLASS = Kind("class_unknown", "Add the class to data.yaml, or correct the number.")
_NO_FILE = Kind("label_without_image", "Put the image where the others are, or remove the labels.")
_NO_LABELS = Kind("image_without_label", "Nothing to do, unless they should hold objects.", "info")
_NO_NAMES = Kind("classes_unnamed", "Add data.yaml with `names`, or classes.txt with one name a line.")
_COUNT = Kind("classes_differ", "Correct `nc` or `names` in data.yaml; the names count.")
_SPARSE = Kind("ids_sparse", "Nothing to do.", "info")
_TWO_SPLITS = Kind("image_in_two_splits", "List each image in one split.")


class Yolo:
    """Implements `engine.datasets.formats.layout.Layout`."""

    name = "yolo"
    task = "detection"
    example = "data.yaml with images/train/X.jpg and labels/train/X.txt"

    def matches(self, root: Path) -> bool:
        if not root.is_dir():
            return False
        for folder, names in names_below(unwrapped(root, _LABELS)):
            texts = [folder / name for name in names if name.lower().endswith(".txt")]
            tried = [path for path in texts if path.stem.lower() not in _OTHER_TEXTS][:_TRIED]
            if any(_looks_like_labels(path) for path in tried):
                return True
        return False

    def read(self, root: Path, progress: Progress = no_progress) -> Found:
        top = unwrapped(root, _LABELS)
        config = find_config(top)
        reading = _Reading(root, top, config or YoloConfig({}))
        if config is None:
            reading.name_classes()
        reading.take_images()
        for number, image in enumerate(reading.images, start=1):
            reading.take_labels(image)
            progress(number, len(reading.images), "Reading labels")
        return reading.result(self.name)


class _Reading:
    def __init__(self, root: Path, top: Path, config: YoloConfig) -> None:
        self.images: list[FoundImage] = []
        self._root = root
        self._top = top
        self._config = config
        self._numbers = {spelled: place for place, spelled in enumerate(sorted(config.names))}
        self._classes = [config.names[key] for key in sorted(config.names)]
        self._problems = ProblemList()
        self._objects = AnnotationsBuilder(shares=True)
        self._label_files = set(_label_files(top))
        self._used: list[Path] = []
        self._empty: list[Path] = []

    def name_classes(self) -> None:
        """Give names to the numbers that occur, for a dataset that names none."""
        seen: set[int] = set()
        for file in self._label_files:
            for line in _lines(file):
                first = line.partition(" ")[0]
                if first.isdigit() and len(first) < 6:
                    seen.add(int(first))
        self._classes = [f"class_{number}" for number in range(max(seen, default=-1) + 1)]
        self._numbers = {number: number for number in range(len(self._classes))}
        told = f"No file names the classes; they are called class_0 to class_{max(seen, default=0)}."
        self._problems.tell(_NO_NAMES, told)

    def take_images(self) -> None:
        known: dict[Path, str] = {}
        for split, places in self._config.splits.items():
            for place in places:
                for path in self._images_at(place):
                    if known.setdefault(path, split) != split:
                        told = (
                            f"{self._name(path)} is in {known[path]} and {split}; it stays in {known[path]}."
                        )
                        self._problems.tell(_TWO_SPLITS, told, self._name(path))
        if not known:
            known = {path: split_of(path, self._top) for path in image_files(self._top)}
        for path in sorted(known):
            self.images.append(FoundImage(path, None, known[path], number=len(self.images)))

    def take_labels(self, image: FoundImage) -> None:
        file = next((path for path in label_places(image.path) if path in self._label_files), None)
        if file is None:
            self._empty.append(image.path)
            return
        self._used.append(file)
        self._objects.files.append(self._name(file))
        for number, line in enumerate(_lines(file), start=1):
            if not line.strip():
                continue
            found = self._object(line.split(), number)
            if isinstance(found, str):
                kind = _NO_CLASS if found.startswith("has the class") else _INVALID
                told = f"Line {number} {found}; it is left out."
                self._problems.tell(kind, told, self._name(file), number)
            else:
                self._objects.add(image.number, found)

    def result(self, name: str) -> Found:
        if self._empty:
            first = self._name(self._empty[0])
            count = "One image has" if len(self._empty) == 1 else f"{len(self._empty)} images have"
            told = f"{count} no file of labels and count as images without objects: {first}."
            self._problems.tell(_NO_LABELS, told, first)
        for file in sorted(self._label_files - set(self._used)):
            if _looks_like_labels(file):
                told = f"{self._name(file)} has no image of the same name."
                self._problems.tell(_NO_FILE, told, self._name(file))
        self._tell_classes()
        places = [path for listed in self._config.splits.values() for path in listed if path.is_file()]
        tables = [*self._used, *self._config.files, *places]
        found = Found(name, self.images, self._classes, [], "detection", tables, self._objects)
        found.problems.extend(self._problems.listed())
        return found

    def _object(self, words: Sequence[str], line: int) -> FoundObject | str:
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            return f"holds {next(word for word in words if not _is_number(word))!r}, which is no number"
        if not all(map(math.isfinite, numbers)):
            return "holds a number that is none"
        if not numbers[0].is_integer():
            return f"begins with {words[0]!r}, which is no number of a class"
        label = self._numbers.get(int(numbers[0]))
        if label is None:
            return f"has the class {int(numbers[0])}, which no name belongs to"
        rest, file = numbers[1:], len(self._objects.files) - 1
        if len(rest) in (4, 5) or (self._config.keypoints and len(rest) == 4 + self._config.keypoints):
            x, y, width, height = rest[:4]
            if max(map(abs, rest[:4])) > _MOST_SHARE:
                return "holds pixels, not shares of the image from 0 to 1"
            box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            return FoundObject(box, label, file=file, line=line)
        if len(rest) < 6 or len(rest) % 2:
            return f"has {len(words)} numbers, neither 5 for a box nor an odd number for a polygon"
        if max(map(abs, rest)) > _MOST_SHARE:
            return "holds pixels, not shares of the image from 0 to 1"
        box = (min(rest[::2]), min(rest[1::2]), max(rest[::2]), max(rest[1::2]))
        return FoundObject(box, label, rings=[rest], file=file, line=line)

    def _images_at(self, place: Path) -> Iterable[Path]:
        if place.is_dir():
            return image_files(place)
        if is_image_name(place):
            return [place]
        finder, found = ImageFinder(self._top), list[Path]()
        folders = [place.parent, self._top]
        for number, line in enumerate(_lines(place), start=1):
            path = finder.find(line.strip(), folders) if line.strip() else None
            if path is not None:
                found.append(path)
            elif line.strip():
                told = f"Line {number} names the image {line.strip()!r}, which is not there."
                self._problems.tell(_NO_FILE, told, self._name(place), number)
        return found

    def _tell_classes(self) -> None:
        config = self._config
        file = self._name(config.files[0]) if config.files else ""
        if config.declared is not None and config.declared != len(config.names):
            told = f"`nc` is {config.declared}, and {len(config.names)} classes have names."
            self._problems.tell(_COUNT, told, file)
        if config.names and sorted(config.names) != list(range(len(config.names))):
            told = "The numbers of the classes have gaps; classes are counted on."
            self._problems.tell(_SPARSE, told, file)

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


_MOST_SHARE = 3.0
"""Beyond this it is certainly pixels; a little beyond 1 is a box that leaves its image."""


def label_places(image: Path) -> list[Path]:
    """Where the labels of an image may be: `labels` in the place of the last `images`, or beside it."""
    beside = image.with_suffix(".txt")
    parts = list(beside.parts)
    places = [beside]
    for place in range(len(parts) - 2, -1, -1):
        if parts[place].lower() in ("images", "jpegimages"):
            places.insert(0, Path(*parts[:place], "labels", *parts[place + 1 :]))
            break
    return [*places, beside.parent / "labels" / beside.name]


def _label_files(top: Path) -> Iterable[Path]:
    for path in files_below(top):
        if path.suffix.lower() == ".txt" and path.stem.lower() not in _OTHER_TEXTS:
            yield path


def _looks_like_labels(path: Path) -> bool:
    lines = [line.split() for line in _lines(path)[:3] if line.strip()]
    return bool(lines) and all(len(words) >= 5 and all(map(_is_number, words)) for words in lines)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig", "replace").split("\n")
    except OSError as error:
        raise UserError(
            "annotations_unreadable",
            f"The labels {path} cannot be read ({error.strerror or error}).",
            "Check that they are there and may be read.",
        ) from error


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
