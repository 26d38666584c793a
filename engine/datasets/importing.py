"""From a tree on a disk to a manifest and its objects: hashes, sizes, and the problems that show on the way."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.datasets.annotations import Annotations
from engine.datasets.decode import read_facts
from engine.datasets.findings import content_problems, unreadable
from engine.datasets.formats.layout import Found, FoundImage
from engine.datasets.hashing import THREADS, HashMemory, Progress, no_progress
from engine.datasets.manifest import Item, Manifest, version_of
from engine.datasets.mask_findings import (
    classes_in_masks,
    lossy_masks,
    require_fitting_mask,
    unopened_masks,
)
from engine.datasets.problem_list import ProblemList
from engine.datasets.settling import Measured, settle
from engine.datasets.split import TEST, TRAIN, with_strata
from engine.datasets.statistics import training_counts
from engine.errors import UserError
from engine.protocol.results import Problem

_MOST_MASKS_OPENED = 3000
"""Beyond this an import would take minutes longer, only to divide more evenly."""
FEWEST_CLASSES = {"classification": 2, "detection": 1, "segmentation": 2}


@dataclass(frozen=True, slots=True)
class Imported:
    """A dataset as it is indexed."""

    manifest: Manifest
    annotations: Annotations | None
    """Its objects, where the task has some."""


@dataclass(frozen=True, slots=True)
class _Indexed:
    """An image that can be used."""

    image: FoundImage
    item: Item


def make_manifest(
    found: Found, root: Path, name: str, memory: HashMemory, progress: Progress = no_progress
) -> Manifest:
    """Index what a layout holds, as `make_dataset` does; the manifest alone.

    Raises:
        UserError: `one_class`, `no_classes`, `no_images`.
    """
    return make_dataset(found, root, name, memory, progress).manifest


def for_tests(found: Found) -> Found:
    """The same with all images for tests, whatever the layout says."""
    return replace(found, images=[replace(image, split=TEST) for image in found.images])


def make_dataset(
    found: Found, root: Path, name: str, memory: HashMemory, progress: Progress = no_progress
) -> Imported:
    """Index what a layout holds. Images whose header cannot be read are left out, with a problem each.

    Raises:
        UserError: `one_class`, `no_classes`, `no_images`.
    """
    require_classes(found, root)
    problems = list(found.problems)
    indexed = _index(found, root, memory, progress, problems)
    if not indexed:
        raise UserError(
            "no_images",
            f"None of the {len(found.images)} images in {root} can be read. {problems[-1].message}",
            "Check the files with `lensmith data check`.",
        )
    if found.task != "classification":
        indexed.sort(key=lambda each: each.item.path)  # so that equal content has one order of objects
    items = [each.item for each in indexed]
    classes = tuple(found.classes)
    if found.objects is not None:
        progress(0, 0, f"Checking {len(found.objects):,} objects")
    annotations = settle_objects(found, [each.image for each in indexed], items, problems)
    items = _with_strata(found, items, annotations, root, progress)
    masked = sum(item.mask is not None for item in items)
    if masked > _MOST_MASKS_OPENED:
        problems.append(unopened_masks(masked, _MOST_MASKS_OPENED))
    digest = annotations.digest() if annotations is not None else ""
    is_learnt_from = any(item.split == TRAIN for item in items)
    counts = training_counts(items, classes, annotations) if is_learnt_from else None
    problems += content_problems(items, classes, counts, found.task)
    manifest = Manifest(
        name=name,
        task=found.task,
        format=found.format,
        version=version_of(classes, items, digest, found.mask_values),
        classes=classes,
        items=tuple(items),
        problems=tuple(problems),
        annotations=digest,
        mask_values=tuple(found.mask_values),
    )
    return Imported(manifest, annotations)


def _with_strata(
    found: Found, items: list[Item], annotations: Annotations | None, root: Path, progress: Progress
) -> list[Item]:
    if annotations is not None:
        return with_strata(items, [np.unique(annotations.of(i).labels).tolist() for i in range(len(items))])
    masked = sum(item.mask is not None for item in items)
    if 0 < masked <= _MOST_MASKS_OPENED:
        return with_strata(items, classes_in_masks(items, root, found.classes, found.mask_values, progress))
    return items


def settle_objects(
    found: Found, images: Sequence[FoundImage], items: Sequence[Item], problems: list[Problem]
) -> Annotations | None:
    """Bring a layout's objects into pixels of these images; problems are added. None for a layout without objects."""
    if found.objects is None:
        return None
    told = ProblemList()
    measured = Measured(
        [image.number for image in images],
        [(item.width, item.height) for item in items],
        [item.path for item in items],
    )
    annotations = settle(found.objects, measured, found.classes, told)
    problems += told.listed()
    return annotations


def require_classes(found: Found, root: Path) -> None:
    """See that there is something to tell apart.

    Raises:
        UserError: `one_class`, `no_classes`.
    """
    is_for_tests = bool(found.images) and all(image.split == TEST for image in found.images)
    # What tests a model may show a single one of its classes.
    if len(found.classes) >= (1 if is_for_tests else FEWEST_CLASSES[found.task]):
        return
    first = f" {found.problems[0].message}" if found.problems else ""
    if found.task == "detection":
        raise UserError(
            "no_classes",
            f"{root} holds no object of any class.{first}",
            "See that the labels are beside the images, and that the classes have names.",
        )
    names = ", ".join(found.classes) or "none"
    if found.task == "segmentation":
        raise UserError(
            "one_class",
            f"The masks in {root} tell {len(found.classes)} class only ({names}); two or more are needed.{first}",
            "Let what is not the object be a class of its own, such as background.",
        )
    raise UserError(
        "one_class",
        f"{root} holds images of {len(found.classes)} class only ({names}); a classifier needs two or more."
        f"{first}",
        "Put the images of each class into a folder of its own.",
    )


def copy_files(files: list[Path], root: Path, target: Path, progress: Progress = no_progress) -> None:
    """Copy files below `root` to the same places below `target`; what links point to is copied, not the links.

    Raises:
        OSError: when the disk is full or a file is gone.
    """
    for number, file in enumerate(files, start=1):
        place = target / file.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, place)
        progress(number, len(files), "Copying")


def _index(
    found: Found, root: Path, memory: HashMemory, progress: Progress, problems: list[Problem]
) -> list[_Indexed]:
    """Make the items; a problem for each image that cannot be one."""
    images = found.images
    masks = [image.mask for image in images if image.mask is not None]
    hashes = memory.hash_all([*(image.path for image in images), *masks], progress)
    of_files = dict(zip([*(image.path for image in images), *masks], hashes, strict=True))
    making = _Making(found, root, of_files)
    indexed: list[_Indexed] = []
    with ThreadPoolExecutor(THREADS, thread_name_prefix="header") as pool:
        for number, (image, made) in enumerate(
            zip(images, pool.map(making.item, images), strict=True), start=1
        ):
            progress(number, len(images), "Reading headers")
            if isinstance(made, Problem):
                problems.append(made)
            else:
                indexed.append(_Indexed(image, made))
    problems += lossy_masks([each.item for each in indexed])
    return indexed


class _Making:
    """Makes items of images, on several threads."""

    def __init__(self, found: Found, root: Path, hashes: dict[Path, str | UserError]) -> None:
        self._values = found.mask_values
        self._root = root
        self._hashes = hashes
        self._numbers = {label: number for number, label in enumerate(found.classes)}

    def item(self, image: FoundImage) -> Item | Problem:
        path = image.path.relative_to(self._root).as_posix()
        try:
            sha = self._hash(image.path)
            facts = read_facts(image.path)
        except UserError as error:
            return unreadable(path, image.path, error)
        item = Item(
            path=path,
            label=self._numbers[image.label] if image.label is not None else None,
            split=image.split,
            sha256=sha,
            width=facts.width,
            height=facts.height,
        )
        if image.mask is None:
            return item
        mask = image.mask.relative_to(self._root).as_posix()
        try:
            mask_sha = self._hash(image.mask)
            require_fitting_mask(facts, image.mask, self._values)
        except UserError as error:
            return unreadable(mask, image.mask, error)
        return item.model_copy(update={"mask": mask, "mask_sha256": mask_sha})

    def _hash(self, file: Path) -> str:
        sha = self._hashes[file]
        if isinstance(sha, UserError):
            raise sha
        return sha
