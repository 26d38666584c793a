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
from engine.protocol.results import Problem


class ImageFolder:
    """Implements `engine.datasets.formats.layout.Layout`."""

    name = "imagefolder"
    example = "CLASS/image.jpg, or train/CLASS/image.jpg with val/ and test/ beside train/"

    def matches(self, root: Path) -> bool:
        return any(next(image_files(folder), None) is not None for folder in subfolders(unwrapped(root)))

    def read(self, root: Path) -> Found:
        root = unwrapped(root)
        found = Found(self.name, [], [])
        for split, folder in _split_folders(root):
            for class_folder in subfolders(folder):
                files = list(image_files(class_folder))
                if files:
                    found.images.extend(FoundImage(file, class_folder.name, split) for file in files)
                else:
                    found.problems.append(_empty_class(class_folder, root))
            _note_stray_images(found, folder, root)
        if any(folder != root for _, folder in _split_folders(root)):
            _note_other_folders(found, root)
        found.classes.extend(sorted({image.label for image in found.images if image.label is not None}))
        return found


def _split_folders(root: Path) -> list[tuple[str, Path]]:
    """The split of each folder that holds class folders: those named like splits, or the root for training."""
    named = [folder for folder in subfolders(root) if folder.name.lower() in SPLIT_NAMES]
    with_classes = [folder for folder in named if subfolders(folder)]
    if not with_classes:
        return [("train", root)]
    return [(SPLIT_NAMES[folder.name.lower()], folder) for folder in with_classes]


def _empty_class(folder: Path, root: Path) -> Problem:
    return Problem(
        code="class_empty",
        file=folder.relative_to(root).as_posix(),
        message=f"The folder {folder.name} holds no image.",
        remedy="Put images in it, or remove it.",
    )


def _note_stray_images(found: Found, folder: Path, root: Path) -> None:
    stray = [entry for entry in entries(folder) if entry.is_file() and is_image_name(entry)]
    if stray:
        found.problems.append(
            Problem(
                code="image_without_class",
                file=stray[0].relative_to(root).as_posix(),
                message=f"{len(stray)} images lie beside the class folders and have no class.",
                remedy="Move them into the folder of their class.",
            )
        )


def _note_other_folders(found: Found, root: Path) -> None:
    for folder in subfolders(root):
        if folder.name.lower() not in SPLIT_NAMES and next(image_files(folder), None) is not None:
            found.problems.append(
                Problem(
                    code="folder_ignored",
                    file=folder.name,
                    message=f"The folder {folder.name} lies beside the splits and is left out.",
                    remedy="Name it train, val or test, or move its images into one of them.",
                )
            )
