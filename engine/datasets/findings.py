"""What hashes and counts alone tell of a dataset: copies, leaks, images under two labels, small and uneven classes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from engine.datasets.manifest import Item
from engine.errors import UserError
from engine.protocol.results import Problem, Severity

TINY_CLASS = 10
IMBALANCE = 10
_MOST = 20


def unreadable(path: str, file: Path, error: UserError) -> Problem:
    """Make the problem of a file that cannot be decoded, by its name in the dataset: a manifest holds no other."""
    remedy = error.hint or "Save it anew from its source, or remove it."
    message = error.message.replace(str(file), path)
    return Problem(code=error.code, file=path, message=message, remedy=remedy, severity="warning")


def content_problems(items: Sequence[Item], classes: Sequence[str]) -> list[Problem]:
    """Find what items have in common, and how many of each class there are to train on."""
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
            "is in several splits, so that results look better than they are",
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


def _groups(groups: list[list[Item]], words: tuple[str, str, str], severity: Severity) -> list[Problem]:
    code, what, remedy = words
    problems = [
        Problem(
            code=code,
            file=group[0].path,
            message=f"The same image {what}: {', '.join(item.path for item in group[:4])}"
            + (f" and {len(group) - 4} more." if len(group) > 4 else "."),
            remedy=remedy,
            severity=severity,
        )
        for group in groups[:_MOST]
    ]
    if len(groups) > _MOST:
        rest = f"{len(groups) - _MOST} more images have the same problem."
        problems.append(Problem(code=code, message=rest, remedy=remedy, severity=severity))
    return problems


def _class_problems(items: Sequence[Item], classes: Sequence[str]) -> list[Problem]:
    counts = dict.fromkeys(range(len(classes)), 0)
    for item in items:
        if item.label is not None and item.split == "train":
            counts[item.label] += 1
    problems = [_tiny(classes[label], count) for label, count in counts.items() if count < TINY_CLASS]
    most, least = max(counts.values(), default=0), min(counts.values(), default=0)
    if least and most / least >= IMBALANCE:
        rare = classes[min(counts, key=lambda label: counts[label])]
        message = f"The largest class has {most / least:.0f} times as many images as the smallest ({rare})."
        remedy = "Add images of the rare classes, and look at recall per class, not at accuracy alone."
        problems.append(Problem(code="classes_uneven", message=message, remedy=remedy))
    return problems


def _tiny(name: str, count: int) -> Problem:
    images = "no image" if count == 0 else f"only {count} {'image' if count == 1 else 'images'}"
    return Problem(
        code="class_tiny",
        message=f"The class {name} has {images} to train on.",
        remedy=f"Add images: {TINY_CLASS} are very few, a hundred are a beginning.",
    )
