"""From a tree on a disk to a manifest: hashes, sizes, and the problems that show on the way."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine.datasets.decode import read_facts
from engine.datasets.findings import content_problems, unreadable
from engine.datasets.formats.layout import Found, FoundImage
from engine.datasets.hashing import THREADS, HashMemory, Progress, no_progress
from engine.datasets.manifest import Item, Manifest, version_of
from engine.errors import UserError

FEWEST_CLASSES = 2


def make_manifest(
    found: Found, root: Path, name: str, memory: HashMemory, progress: Progress = no_progress
) -> Manifest:
    """Index what a layout holds. Images whose header cannot be read are left out, with a problem each.

    Raises:
        UserError: `one_class`, `no_images`.
    """
    require_classes(found, root)
    hashes = memory.hash_all([image.path for image in found.images], progress)
    classes = tuple(found.classes)
    numbers = {label: number for number, label in enumerate(classes)}
    items: list[Item] = []
    problems = list(found.problems)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="header") as pool:
        sizes = pool.map(_size_of, found.images, hashes)
        for number, (image, sha, size) in enumerate(zip(found.images, hashes, sizes, strict=True), start=1):
            path = image.path.relative_to(root).as_posix()
            progress(number, len(found.images), "Reading headers")
            if isinstance(sha, UserError):
                problems.append(unreadable(path, image.path, sha))
                continue
            if isinstance(size, UserError):
                problems.append(unreadable(path, image.path, size))
                continue
            items.append(
                Item(
                    path=path,
                    label=numbers[image.label] if image.label is not None else None,
                    split=image.split,
                    sha256=sha,
                    width=size[0],
                    height=size[1],
                )
            )
    if not items:
        raise UserError(
            "no_images",
            f"None of the {len(found.images)} images in {root} can be read. {problems[-1].message}",
            "Check the files with `lensmith data check`.",
        )
    problems += content_problems(items, classes)
    return Manifest(
        name=name,
        task=found.task,
        format=found.format,
        version=version_of(classes, items),
        classes=classes,
        items=tuple(items),
        problems=tuple(problems),
    )


def require_classes(found: Found, root: Path) -> None:
    """See that there is something to tell apart.

    Raises:
        UserError: `one_class`.
    """
    if len(found.classes) < FEWEST_CLASSES:
        names = ", ".join(found.classes) or "none"
        first = f" {found.problems[0].message}" if found.problems else ""
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


def _size_of(image: FoundImage, sha: str | UserError) -> tuple[int, int] | UserError:
    if isinstance(sha, UserError):
        return sha
    try:
        facts = read_facts(image.path)
    except UserError as error:
        return error
    return facts.width, facts.height
