"""Pascal VOC: one XML file an image, in `Annotations` or beside the images; splits by lists or by folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from engine.datasets.annotations_builder import AnnotationsBuilder, FoundObject
from engine.datasets.formats.image_finder import ImageFinder
from engine.datasets.formats.layout import (
    SPLIT_NAMES,
    Found,
    FoundImage,
    files_below,
    names_below,
    split_of,
    unwrapped,
)
from engine.datasets.formats.voc_file import VocFile, read_voc
from engine.datasets.hashing import Progress, no_progress
from engine.datasets.problem_list import Kind, ProblemList
from engine.errors import UserError

_LABELS = frozenset({".xml"})
_SNIFFED = 4096
_NAME_LISTS = ("labels.txt", "classes.txt", "ImageSets/labels.txt", "predefined_classes.txt")
_INVALID = Kind("annotations_invalid", "Correct the file, or export it anew; its image is left out.")
_NO_FILE = Kind("label_without_image", "Put the image where the others are, or remove the labels.")
_NO_LABELS = Kind("image_without_label", "Remove them, or draw their objects, if they should hold some.")
_NOT_LISTED = Kind("image_not_listed", "Add them to a list, or leave them out.", "info")
_UNKNOWN = Kind("label_without_image", "Correct the list, or put the image where the others are.")
_NO_CLASS = Kind("class_unknown", "Correct the name, or add it to the list of classes.")
_TWO_SPLITS = Kind("image_in_two_splits", "List each image in one split.")


class Voc:
    """Implements `engine.datasets.formats.layout.Layout`."""

    name = "voc"
    task = "detection"
    example = (
        "Annotations/X.xml with JPEGImages/X.jpg and ImageSets/Main/train.txt, or train/X.xml beside X.jpg"
    )

    def matches(self, root: Path) -> bool:
        if not root.is_dir():
            return False
        for folder, names in names_below(unwrapped(root, _LABELS)):
            first = next((name for name in names if name.lower().endswith(".xml")), None)
            if first is not None:
                return _is_voc(folder / first)
        return False

    def read(self, root: Path, progress: Progress = no_progress) -> Found:
        top = unwrapped(root, _LABELS)
        files = list(_label_files(top))
        reading = _Reading(root, top)
        for number, file in enumerate(files, start=1):
            reading.take(file)
            progress(number, len(files), "Reading labels")
        reading.take_unlabelled()
        return reading.result(self.name)


class _Reading:
    def __init__(self, root: Path, top: Path) -> None:
        self._root = root
        self._top = top
        self._problems = ProblemList()
        self._finder = ImageFinder(top)
        self._splits = _listed_splits(top, self._finder, self._problems)
        self._labelled: dict[Path, tuple[Path, VocFile]] = {}
        self._broken: set[str] = set()
        self._files: list[Path] = []
        self._empty: list[Path] = []

    def take(self, file: Path) -> None:
        name = self._name(file)
        self._files.append(file)
        try:
            read = read_voc(file, name, self._problems)
        except UserError as error:
            self._broken.add(file.stem)
            message = error.message.replace(str(file), name)
            self._problems.tell(_INVALID, message, name, _line_of(message))
            return
        image = self._image_of(file, read)
        if image is None:
            told = f"{name} tells of the image {read.image or file.stem!r}, which is not there."
            self._problems.tell(_NO_FILE, told, name)
        else:
            self._labelled.setdefault(image, (file, read))

    def take_unlabelled(self) -> None:
        """Images without a file are pictures of nothing; those of a file that cannot be read are not."""
        images = [path for path in self._finder.all() if path not in self._labelled]
        self._empty = [path for path in images if path.stem not in self._broken]
        if self._empty:
            count = "One image has" if len(self._empty) == 1 else f"{len(self._empty)} images have"
            first = self._name(self._empty[0])
            told = f"{count} no file of labels and count as images without objects: {first}."
            self._problems.tell(_NO_LABELS, told, first)
        there = {path.stem for path in images} | {path.stem for path in self._labelled}
        for stem in sorted(set(self._splits) - there):
            self._problems.tell(_UNKNOWN, f"A list names the image {stem!r}, which is not there.")

    def result(self, name: str) -> Found:
        classes, lists = self._classes()
        numbers = {label: number for number, label in enumerate(classes)}
        objects = AnnotationsBuilder()
        images: list[FoundImage] = []
        unlisted: list[Path] = []
        for path in sorted([*self._labelled, *self._empty]):
            split = self._split(path)
            if split is None:
                unlisted.append(path)
                continue
            images.append(FoundImage(path, None, split, number=len(images)))
            if path in self._labelled:
                self._add(objects, len(images) - 1, path, numbers)
        if unlisted:
            first = self._name(unlisted[0])
            self._problems.tell(
                _NOT_LISTED, f"{len(unlisted)} images are in no list and left out: {first}.", first
            )
        sets = list(files_below(self._top / "ImageSets")) if (self._top / "ImageSets").is_dir() else []
        tables = [*self._files, *lists, *sets]
        return Found(name, images, classes, self._problems.listed(), "detection", tables, objects)

    def _add(self, objects: AnnotationsBuilder, number: int, path: Path, numbers: dict[str, int]) -> None:
        file, read = self._labelled[path]
        name = self._name(file)
        if read.width and read.height:
            objects.declared[number] = (read.width, read.height)
        objects.files.append(name)
        for found in read.objects:
            label = numbers.get(found.name)
            if label is None:
                told = f"Line {found.line}: the class {found.name!r} is in no list; the object is left out."
                self._problems.tell(_NO_CLASS, told, name, found.line)
                continue
            objects.add(
                number,
                FoundObject(
                    found.box, label, difficult=found.difficult, file=len(objects.files) - 1, line=found.line
                ),
            )

    def _classes(self) -> tuple[list[str], list[Path]]:
        """The names in the order of a list of classes, where there is one; else by name."""
        used = {found.name for _, read in self._labelled.values() for found in read.objects}
        for spelled in _NAME_LISTS:
            path = self._top / spelled
            if path.is_file():
                lines = path.read_text("utf-8-sig", "replace").splitlines()
                listed = [line.strip() for line in lines if line.strip()]
                if used & set(listed):
                    return list(dict.fromkeys(listed)), [path]
        return sorted(used), []

    def _split(self, path: Path) -> str | None:
        if not self._splits:
            return split_of(path, self._top)
        return self._splits.get(path.stem)

    def _image_of(self, file: Path, read: VocFile) -> Path | None:
        """The image of the same name beside the file or in the folder of images, else the one that it names."""
        near = [path for path in self._finder.by_stem(file.stem) if path.parent == file.parent]
        same = near or self._finder.by_stem(file.stem)
        if len(same) > 1:
            same = [path for path in same if split_of(path, self._top) == split_of(file, self._top)] or same
        if same:
            return next((path for path in same if path.name == read.image), same[0])
        return self._finder.find(read.image, [file.parent]) if read.image else None

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def _label_files(top: Path) -> Iterable[Path]:
    return (path for path in files_below(top) if path.suffix.lower() == ".xml")


def _is_voc(path: Path) -> bool:
    with path.open("rb") as file:
        return b"<annotation" in file.read(_SNIFFED)


def _listed_splits(top: Path, finder: ImageFinder, problems: ProblemList) -> dict[str, str]:
    """The split of each image by its name without ending, as ImageSets/Main tells; empty without lists."""
    folder = next(
        (place for place in (top / "ImageSets" / "Main", top / "ImageSets") if place.is_dir()), None
    )
    if folder is None:
        return {}
    lists = [(path, path.stem.lower()) for path in sorted(folder.glob("*.txt"))]
    named = [(path, SPLIT_NAMES[stem]) for path, stem in lists if stem in SPLIT_NAMES]
    if not any(split == "train" for _, split in named):
        named += [(path, "train") for path, stem in lists if stem == "trainval"]
    splits: dict[str, str] = {}
    for path, split in named:
        for line, text in enumerate(path.read_text("utf-8-sig", "replace").splitlines(), start=1):
            stem = _stem_in(text.strip(), finder)
            if stem and splits.setdefault(stem, split) != split:
                told = f"Line {line}: {stem} is in {splits[stem]} already; it stays there."
                problems.tell(_TWO_SPLITS, told, path.relative_to(top).as_posix(), line)
    return splits


def _stem_in(text: str, finder: ImageFinder) -> str:
    """The image that a line of a list means: all of it, or without an ending, or without a mark after it."""
    marked = text.rpartition(" ")[0].strip()
    spelled = (text, Path(text).stem, marked, Path(marked).stem)
    return next((stem for stem in spelled if stem and finder.by_stem(stem)), text)


def _line_of(message: str) -> int | None:
    """The line that an error names: `FILE, line 3: …`."""
    words = message.partition(", line ")[2].partition(":")[0]
    return int(words) if words.isdigit() else None
