"""All that the Data page shows of one dataset, as columns: made in the background, looked up while drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from desktop.models.dataset_problems import ProblemGroup, group_problems
from engine.datasets.dataset_folder import DatasetFolder, folder_name
from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.results import Problem

SPLITS = ("train", "val", "test")
LEFT_OUT = -1
"""The split of a file that has a problem and is not part of the dataset."""


@dataclass(frozen=True, slots=True, eq=False)
class DatasetOverview:
    """One version of a dataset on this machine.

    The columns have an entry for each image, then one for each file that is left out of the dataset.
    """

    manifest: Manifest
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

    @property
    def classes(self) -> tuple[str, ...]:
        return self.manifest.classes

    def split_totals(self) -> dict[str, int]:
        """Count the images of each split."""
        return {name: int((self.splits == number).sum()) for number, name in enumerate(self.split_names)}

    def class_totals(self) -> NDArray[np.int64]:
        """Count the images of each class: (C,)."""
        return np.bincount(self.labels[self.labels >= 0], minlength=len(self.classes))

    def label_of(self, image: int) -> str:
        """Name an image's class; empty when it has none."""
        label = int(self.labels[image])
        return self.classes[label] if label >= 0 else ""

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
        UserError: `dataset_unknown`, `dataset_damaged`.
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
    return DatasetOverview(
        manifest=manifest,
        root=Path(record.root),
        source=Path(record.source),
        keeps_files=Path(record.root).is_relative_to(folder.path),
        trouble=_trouble(home, manifest.name),
        paths=paths,
        searched=tuple(path.casefold() for path in paths),
        labels=np.array(labels + rest, dtype=np.int64),
        splits=np.array([numbers[item.split] for item in manifest.items] + rest, dtype=np.int64),
        split_names=tuple(names),
        groups=tuple(groups),
    )


def chosen_images(overview: DatasetOverview, wanted: ImageFilter) -> NDArray[np.bool_]:
    """Say of each file whether a filter shows it: (N,). Files that are left out show only among their problems."""
    mask = overview.splits != LEFT_OUT
    group = next((group for group in overview.groups if group.code == wanted.code), None)
    if group is not None:
        files = set(group.files)
        mask = np.fromiter((path in files for path in overview.paths), bool, len(overview.paths))
    if wanted.label is not None:
        mask = mask & (overview.labels == wanted.label)
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
