"""From a tree on a disk to a manifest: hashes, sizes, and the problems that show on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine.datasets.decode import read_facts
from engine.datasets.formats.layout import Found, FoundImage
from engine.datasets.hashing import THREADS, HashMemory, Progress, no_progress
from engine.datasets.manifest import Item, Manifest, version_of
from engine.errors import UserError
from engine.protocol.results import Problem

FEWEST_CLASSES = 2
TINY_CLASS = 10
IMBALANCE = 10
_MOST = 20


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
        sizes = pool.map(_size_of, found.images)
        for image, sha, size in zip(found.images, hashes, sizes, strict=True):
            path = image.path.relative_to(root).as_posix()
            progress(len(items) + 1, len(found.images), "Reading headers")
            if isinstance(size, UserError):
                problems.append(unreadable(path, size))
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
        raise UserError(
            "one_class",
            f"{root} holds images of {len(found.classes)} class only ({names}); a classifier needs two or more.",
            "Put the images of each class into a folder of its own.",
        )


def unreadable(path: str, error: UserError) -> Problem:
    """Make the problem of a file that cannot be decoded."""
    remedy = error.hint or "Save it anew from its source, or remove it."
    return Problem(code=error.code, file=path, message=error.message, remedy=remedy, severity="warning")


def content_problems(items: Sequence[Item], classes: Sequence[str]) -> list[Problem]:
    """Find what hashes and counts tell: duplicates, leaks, images under two labels, small and uneven classes."""
    by_content: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_content[item.sha256].append(item)
    repeated = [group for group in by_content.values() if len(group) > 1]
    problems = _groups(
        [group for group in repeated if len({item.label for item in group}) > 1],
        ("image_under_two_labels", "is filed under several classes", "Keep it in the right class only."),
        "warning",
    )
    problems += _groups(
        [group for group in repeated if len({item.split for item in group}) > 1],
        (
            "image_in_two_splits",
            "is in several splits, so the test tells too much good",
            "Keep it in one split.",
        ),
        "warning",
    )
    problems += _groups(
        [g for g in repeated if len({i.label for i in g}) == 1 and len({i.split for i in g}) == 1],
        ("image_duplicated", "is there several times", "Remove the copies, or leave them: they do no harm."),
        "info",
    )
    return problems + _class_problems(items, classes)


def _groups(groups: list[list[Item]], words: tuple[str, str, str], severity: str) -> list[Problem]:
    code, what, remedy = words
    problems = [
        Problem(
            code=code,
            file=group[0].path,
            message=f"The same image {what}: {', '.join(item.path for item in group[:4])}"
            + (f" and {len(group) - 4} more." if len(group) > 4 else "."),
            remedy=remedy,
            severity="info" if severity == "info" else "warning",
        )
        for group in groups[:_MOST]
    ]
    if len(groups) > _MOST:
        rest = f"{len(groups) - _MOST} more images have the same problem."
        problems.append(Problem(code=code, message=rest, remedy=remedy, severity="info"))
    return problems


def _class_problems(items: Sequence[Item], classes: Sequence[str]) -> list[Problem]:
    counts = dict.fromkeys(range(len(classes)), 0)
    for item in items:
        if item.label is not None and item.split == "train":
            counts[item.label] += 1
    problems = [
        Problem(
            code="class_tiny",
            message=f"The class {classes[label]} has only {count} {'image' if count == 1 else 'images'} to train on.",
            remedy=f"Add images: {TINY_CLASS} are very few, a hundred are a beginning.",
        )
        for label, count in counts.items()
        if count < TINY_CLASS
    ]
    most, least = max(counts.values(), default=0), min(counts.values(), default=0)
    if least and most / least >= IMBALANCE:
        rare = classes[min(counts, key=lambda label: counts[label])]
        message = f"The largest class has {most / least:.0f} times as many images as the smallest ({rare})."
        remedy = "Add images of the rare classes, and look at recall per class, not at accuracy alone."
        problems.append(Problem(code="classes_uneven", message=message, remedy=remedy))
    return problems


def _size_of(image: FoundImage) -> tuple[int, int] | UserError:
    try:
        facts = read_facts(image.path)
    except UserError as error:
        return error
    return facts.width, facts.height
