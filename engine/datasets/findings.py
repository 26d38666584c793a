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


def content_problems(
    items: Sequence[Item],
    classes: Sequence[str],
    counts: Sequence[int] | None = None,
    task: str = "classification",
) -> list[Problem]:
    """Find what items have in common, and how many of each class there are to train on.

    Args:
        items: of the dataset.
        classes: by label.
        counts: of each class, what there is to train on; None when that is not known.
        task: which tells whether these are images or objects.
    """
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
    if counts is None:
        return problems
    return problems + _class_problems(classes, counts, "object" if task == "detection" else "image")


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


def _class_problems(classes: Sequence[str], counts: Sequence[int], what: str) -> list[Problem]:
    problems = [
        _tiny(name, count, what) for name, count in zip(classes, counts, strict=True) if count < TINY_CLASS
    ]
    most, least = max(counts, default=0), min(counts, default=0)
    if least and most / least >= IMBALANCE:
        rare = classes[counts.index(least)]
        message = f"The largest class has {most / least:.0f} times as many {what}s as the smallest ({rare})."
        remedy = f"Add {what}s of the rare classes, and look at recall per class, not at accuracy alone."
        problems.append(Problem(code="classes_uneven", message=message, remedy=remedy))
    return problems


def _tiny(name: str, count: int, what: str) -> Problem:
    there = f"no {what}" if count == 0 else f"only {count} {what if count == 1 else f'{what}s'}"
    return Problem(
        code="class_tiny",
        message=f"The class {name} has {there} to train on.",
        remedy=f"Add {what}s: {TINY_CLASS} are very few, a hundred are a beginning.",
    )
