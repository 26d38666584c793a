"""All that the Data page shows of one dataset, as columns: made in the background, looked up while drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from desktop.models.dataset_problems import ProblemGroup, group_problems
from desktop.models.dataset_tally import (
    ObjectFacts,
    Tally,
    object_facts,
    tally_labels,
    tally_objects,
    tally_pixels,
)
from engine.datasets.annotations import Annotations
from engine.datasets.dataset_folder import DatasetFolder, folder_name
from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.datasets.mask_counts import MaskCounts, counts_path, load_counts
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.results import Problem

SPLITS = ("train", "val", "test")
LEFT_OUT = -1
"""The split of a file that has a problem and is not part of the dataset."""
UNLABELLED = -1
"""In place of a class: images without a label, without an object, without a mask."""
_NAMED = 3


class Labelling(Enum):
    """How images are labelled; the value says what one without labels lacks."""

    CLASSES = "no label"
    """Each image has a class."""
    OBJECTS = "no objects"
    """A table tells the objects on each image."""
    PIXELS = "no mask"
    """A mask tells the class of each pixel."""


def labelling_of(manifest: Manifest) -> Labelling:
    """Say how a dataset is labelled, by what it holds. Looks at every image where that is their class."""
    if manifest.annotations:
        return Labelling.OBJECTS
    is_masked = any(item.mask is not None for item in manifest.items)
    return Labelling.PIXELS if is_masked else Labelling.CLASSES


@dataclass(frozen=True, slots=True, eq=False)
class DatasetOverview:
    """One version of a dataset on this machine.

    The columns have an entry for each image, then one for each file that is left out of the dataset.
    """

    manifest: Manifest
    labelling: Labelling
    root: Path
    source: Path
    """What was imported."""
    keeps_files: bool
    """Lensmith holds the images; deleting the dataset removes them."""
    trouble: UserError | None
    """The files are not there now."""
    paths: tuple[str, ...]
    searched: tuple[str, ...]
    """The paths in lower case."""
    labels: NDArray[np.int64]
    """(N,) numbers of classes; -1 for none."""
    splits: NDArray[np.int64]
    """(N,) numbers of `split_names`; `LEFT_OUT` for none."""
    split_names: tuple[str, ...]
    groups: tuple[ProblemGroup, ...]
    tally: Tally
    sizes: NDArray[np.int64]
    """(images, 2) width and height in pixels; 0 when unknown."""
    is_masked: NDArray[np.bool_]
    """(images,) there is a file that tells the classes of pixels."""
    annotations: Annotations | None = None
    """The objects, where a table tells them."""
    objects: ObjectFacts | None = None
    """What is counted of them."""
    pixels: MaskCounts | None = None
    """What the masks show; None until they were opened."""

    @property
    def classes(self) -> tuple[str, ...]:
        return self.manifest.classes

    def split_totals(self) -> dict[str, int]:
        """Count the images of each split."""
        return {name: int((self.splits == number).sum()) for number, name in enumerate(self.split_names)}

    @property
    def task(self) -> str:
        return self.manifest.task

    def class_totals(self) -> NDArray[np.int64]:
        """Count images, objects or pixels, as `labelling` has them, of each class: (C,)."""
        return self.tally.totals()

    def holds(self, label: int) -> NDArray[np.bool_]:
        """Say of each file whether it shows a class, or with `UNLABELLED` nothing at all: (N,)."""
        inside = np.zeros(len(self.paths), np.bool_)
        count = len(self.manifest.items)
        if self.annotations is not None and self.objects is not None:
            if label == UNLABELLED:
                inside[:count] = self.objects.per_image == 0
            else:
                inside[self.objects.image_of[self.annotations.labels == label]] = True
        elif self.labelling is Labelling.PIXELS:
            if label == UNLABELLED:
                inside[:count] = ~self.is_masked
            elif self.pixels is not None:
                inside[:count] = self.pixels.shows(label)
        else:
            inside = self.labels == label
            inside[count:] = False
        return inside

    def unlabelled(self) -> int:
        """Count the images that show nothing: negatives of a detection, images without label or mask."""
        return int(self.holds(UNLABELLED).sum())

    def label_of(self, image: int) -> str:
        """Say in a few words what an image shows: its class, or its objects; empty when that is nothing."""
        if image >= len(self.manifest.items):
            return ""
        if self.annotations is not None:
            found = np.bincount(self.annotations.of(image).labels, minlength=len(self.classes))
            order = np.argsort(-found, kind="stable")[: int((found > 0).sum())]
            named = [f"{found[label]} {self.classes[label]}" for label in order[:_NAMED]]
            return ", ".join(named) + (" …" if len(order) > _NAMED else "")
        if self.labelling is Labelling.PIXELS:
            return self._shown_in_mask(image)
        label = int(self.labels[image])
        return self.classes[label] if label >= 0 else ""

    def nothing_word(self) -> str:
        """Say what an image without labels lacks."""
        return self.labelling.value

    def _shown_in_mask(self, image: int) -> str:
        if self.manifest.items[image].mask is None:
            return ""
        if self.pixels is None or not self.pixels.is_read[image]:
            return "mask"
        found = self.pixels.pixels[image]
        order = np.argsort(-found, kind="stable")[: int((found > 0).sum())]
        if not len(order):
            return "nothing that counts"
        return ", ".join(self.classes[label] for label in order[:2]) + (" …" if len(order) > 2 else "")

    def split_of(self, image: int) -> str:
        """Name an image's split; empty when it is left out."""
        split = int(self.splits[image])
        return self.split_names[split] if split >= 0 else ""

    def size_of(self, image: int) -> tuple[int, int]:
        """Give width and height in pixels; 0 when unknown."""
        if image >= len(self.manifest.items):
            return 0, 0
        item = self.manifest.items[image]
        return item.width, item.height

    def name_of(self, image: int) -> str:
        return PurePosixPath(self.paths[image]).name

    def problems_of(self, image: int) -> list[Problem]:
        """Give what is known against one file."""
        path = self.paths[image]
        return [
            next((problem for problem in group.problems if problem.file == path), group.problems[0])
            for group in self.groups
            if path in group.files
        ]


@dataclass(frozen=True, slots=True)
class ImageFilter:
    """Which images of a dataset are shown; each part narrows further."""

    label: int | None = None
    """A class that the image shows, or `UNLABELLED`."""
    split: str = ""
    text: str = ""
    """Part of the path, in any case."""
    code: str = ""
    """Of a group of problems: only its files, also those that are left out."""


def read_overview(
    home: Home, manifest: Manifest, problems: Sequence[Problem] | None = None
) -> DatasetOverview:
    """Gather a dataset's columns. Reads the disk: for the background.

    Args:
        home: the user's folder.
        manifest: of the present version.
        problems: of a later check, which stand for those found while importing.

    Raises:
        UserError: `dataset_unknown`, `dataset_damaged`, `annotations_damaged`.
    """
    folder = DatasetFolder(home.datasets / folder_name(manifest.name))
    record = folder.record()
    groups = group_problems(manifest.problems if problems is None else problems, manifest.items)
    inside = [item.path for item in manifest.items]
    known = set(inside)
    outside = dict.fromkeys(file for group in groups for file in group.files if file not in known)
    paths = (*inside, *outside)
    there = {item.split for item in manifest.items}
    names = [name for name in SPLITS if name in there] + sorted(there - set(SPLITS))
    numbers = {name: number for number, name in enumerate(names)}
    rest = [-1] * len(outside)
    labels = [-1 if item.label is None else item.label for item in manifest.items]
    library = Library(home)
    annotations = library.annotations(manifest)
    facts = object_facts(annotations) if annotations is not None else None
    split_column = np.array([numbers[item.split] for item in manifest.items] + rest, dtype=np.int64)
    label_column = np.array(labels + rest, dtype=np.int64)
    shape = (len(names), len(manifest.classes))
    labelling = labelling_of(manifest)
    pixels = load_counts(counts_path(home, manifest), manifest) if labelling is Labelling.PIXELS else None
    if annotations is not None and facts is not None:
        tally = tally_objects(annotations, facts, split_column, shape)
    elif pixels is not None:
        tally = tally_pixels(pixels, split_column[: len(manifest.items)], len(names))
    else:
        tally = tally_labels(label_column, split_column, shape)
    return DatasetOverview(
        manifest=manifest,
        labelling=labelling,
        root=Path(record.root),
        source=Path(record.source),
        keeps_files=Path(record.root).is_relative_to(folder.path),
        trouble=_trouble(home, manifest.name),
        paths=paths,
        searched=tuple(path.casefold() for path in paths),
        labels=label_column,
        splits=split_column,
        split_names=tuple(names),
        groups=tuple(groups),
        tally=tally,
        sizes=np.array([(item.width, item.height) for item in manifest.items], np.int64).reshape(-1, 2),
        is_masked=np.array([item.mask is not None for item in manifest.items], np.bool_),
        annotations=annotations,
        objects=facts,
        pixels=pixels,
    )


def with_pixels(overview: DatasetOverview, pixels: MaskCounts) -> DatasetOverview:
    """Give the same with what its masks show."""
    splits = overview.splits[: len(overview.manifest.items)]
    tally = tally_pixels(pixels, splits, len(overview.split_names))
    return replace(overview, pixels=pixels, tally=tally)


def chosen_images(overview: DatasetOverview, wanted: ImageFilter) -> NDArray[np.bool_]:
    """Say of each file whether a filter shows it: (N,). Files that are left out show only among their problems."""
    mask = overview.splits != LEFT_OUT
    group = next((group for group in overview.groups if group.code == wanted.code), None)
    if group is not None:
        files = set(group.files)
        mask = np.fromiter((path in files for path in overview.paths), bool, len(overview.paths))
    if wanted.label is not None:
        mask = mask & overview.holds(wanted.label)
    if wanted.split in overview.split_names:
        mask = mask & (overview.splits == overview.split_names.index(wanted.split))
    if text := wanted.text.strip().casefold():
        mask = mask & np.fromiter((text in path for path in overview.searched), bool, len(overview.paths))
    return mask


def cover_of(home: Home, manifest: Manifest) -> Path | None:
    """Give a picture that stands for a dataset: its first training image; None when its files are away."""
    try:
        root = Library(home).root(manifest.name)
    except UserError:
        return None
    first = next((item for item in manifest.items if item.split == SPLITS[0]), None)
    chosen = first or next(iter(manifest.items), None)
    return root / chosen.path if chosen is not None else None


def covers_of(home: Home, manifests: Sequence[Manifest]) -> dict[str, Path]:
    """Give the covers of many datasets by name."""
    covers = ((manifest.name, cover_of(home, manifest)) for manifest in manifests)
    return {name: cover for name, cover in covers if cover is not None}


def _trouble(home: Home, name: str) -> UserError | None:
    try:
        Library(home).root(name)
    except UserError as error:
        return error
    return None
