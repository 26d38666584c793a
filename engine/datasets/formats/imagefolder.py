"""ImageFolder: one folder a class, perhaps below split folders."""

from __future__ import annotations

from pathlib import Path

from engine.datasets.formats.layout import (
    SPLIT_NAMES,
    Found,
    FoundImage,
    entries,
    image_files,
    is_image_name,
    subfolders,
    unwrapped,
)
from engine.datasets.hashing import Progress, no_progress
from engine.protocol.results import Problem

_OTHER_LAYOUTS = frozenset(
    {"images", "masks", "labels", "annotations", "jpegimages", "segmentationclass", "segmentationobject"}
    | {"classification", "detection", "segmentation"}
)
"""Two of these side by side are the parts of a dataset for another task, not two classes."""


class ImageFolder:
    """Implements `engine.datasets.formats.layout.Layout`."""

    name = "imagefolder"
    task = "classification"
    example = "CLASS/image.jpg, or train/CLASS/image.jpg with val/ and test/ beside train/"

    def matches(self, root: Path) -> bool:
        folders = subfolders(unwrapped(root))
        if sum(folder.name.lower() in _OTHER_LAYOUTS for folder in folders) > 1:
            return False
        return any(_has_images(folder) for folder in folders)

    def read(self, root: Path, progress: Progress = no_progress) -> Found:
        top = unwrapped(root)
        found = Found(self.name, [], [])
        splits = _split_folders(top)
        for number, (split, folder) in enumerate(splits, start=1):
            progress(number, len(splits), "Listing images")
            for class_folder in subfolders(folder):
                files = list(image_files(class_folder))
                if files:
                    found.images.extend(FoundImage(file, class_folder.name, split) for file in files)
                else:
                    found.problems.append(_empty_class(class_folder, root))
            _note_stray_images(found, folder, root)
        if top not in [folder for _, folder in splits]:
            _note_other_folders(found, top, root)
        found.classes.extend(sorted({image.label for image in found.images if image.label is not None}))
        return found


def _split_folders(top: Path) -> list[tuple[str, Path]]:
    """The split of each folder that holds class folders: those named like splits, or the top for training.

    A class may be called `train` (beside `bus`); folders that are all named like splits hold no classes themselves.
    """
    folders = subfolders(top)
    named = [folder for folder in folders if folder.name.lower() in SPLIT_NAMES]
    with_classes = [folder for folder in named if subfolders(folder)]
    if not with_classes and any(_has_images(folder) for folder in folders if folder not in named):
        return [("train", top)]
    return [(SPLIT_NAMES[folder.name.lower()], folder) for folder in with_classes]


def _has_images(folder: Path) -> bool:
    return next(image_files(folder), None) is not None


def _empty_class(folder: Path, root: Path) -> Problem:
    return Problem(
        code="class_empty",
        file=folder.relative_to(root).as_posix(),
        message=f"The folder {folder.name} holds no image.",
        remedy="Put images in it, or remove it.",
    )


def _note_stray_images(found: Found, folder: Path, root: Path) -> None:
    stray = [entry for entry in entries(folder) if is_image_name(entry) and not entry.is_dir()]
    if stray:
        found.problems.append(_without_class(stray, root))


def _note_other_folders(found: Found, top: Path, root: Path) -> None:
    for folder in subfolders(top):
        images = list(image_files(folder))
        if folder.name.lower() in SPLIT_NAMES:
            if images and not subfolders(folder):
                found.problems.append(_without_class(images, root))
        elif images:
            found.problems.append(
                Problem(
                    code="folder_ignored",
                    file=folder.relative_to(root).as_posix(),
                    message=f"The folder {folder.name} lies beside the splits; its {_count(images)} left out.",
                    remedy="Name it train, val or test, or move its images into one of them.",
                )
            )


def _without_class(images: list[Path], root: Path) -> Problem:
    place = images[0].parent
    where = "beside the class folders" if place == root else f"in {place.relative_to(root).as_posix()}"
    return Problem(
        code="image_without_class",
        file=images[0].relative_to(root).as_posix(),
        message=f"No class is told by the place of images {where}: {_count(images)} left out.",
        remedy="Move them into a folder with the name of their class.",
    )


def _count(images: list[Path]) -> str:
    return "one image is" if len(images) == 1 else f"{len(images)} images are"
