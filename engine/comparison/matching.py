"""Which images several results have in common, by the content of the files; and what cannot be compared at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.comparison.measured import Measured
from engine.errors import UserError

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, eq=False)
class CommonImages:
    """M images that all results tell of, in the order of the first."""

    rows: tuple[NDArray[np.int64], ...]
    """Of each result, (M,): the rows of these images in its columns."""
    totals: tuple[int, ...]
    """How many images each result tells of."""
    classes: tuple[str, ...]
    """Of the first result; the others may have them in another order."""

    @property
    def count(self) -> int:
        return len(self.rows[0])

    @property
    def is_all(self) -> bool:
        """Whether no result tells of an image that another lacks."""
        return all(total == self.count for total in self.totals)


def match_images(measured: Sequence[Measured]) -> CommonImages:
    """Find the images that all of some results tell of.

    Copies of one image within a dataset are matched one by one, in the order of their paths.

    Raises:
        UserError: `comparison_few`, `comparison_tasks`, `comparison_classes`, `comparison_no_truth`,
            `comparison_no_rows` or `comparison_no_images`.
    """
    _require_comparable(measured)
    places = [_places(result) for result in measured]
    common = [key for key in places[0] if all(key in others for others in places[1:])]
    if not common:
        raise UserError(
            "comparison_no_images",
            f"{_listed([result.name for result in measured])} were measured on different images: none is in all "
            "of them.",
            "Evaluate their checkpoints on one split of one dataset, then compare those results.",
        )
    rows = tuple(np.array([known[key] for key in common], dtype=np.int64) for known in places)
    return CommonImages(rows, tuple(result.images for result in measured), measured[0].summary.class_names)


def class_map(result: Measured, classes: Sequence[str]) -> NDArray[np.int64]:
    """(C,): the position in `classes` of each class of a result."""
    place = {name: number for number, name in enumerate(classes)}
    return np.array([place[name] for name in result.summary.class_names], dtype=np.int64)


def _places(result: Measured) -> dict[tuple[str, int], int]:
    """The row of each image, by content; of copies the first path is copy 0."""
    met: Counter[str] = Counter()
    found: dict[tuple[str, int], int] = {}
    order = range(result.images)
    if len(set(result.hashes)) < result.images:
        order = sorted(order, key=lambda row: result.paths[row])
    for row in order:
        digest = result.hashes[row] or result.paths[row]
        found[digest, met[digest]] = row
        met[digest] += 1
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def _require_comparable(measured: Sequence[Measured]) -> None:
    if len(measured) < 2:
        raise UserError(
            "comparison_few",
            "A comparison needs two results or more.",
            "Choose another result to compare with.",
        )
    first = measured[0]
    for other in measured[1:]:
        if other.summary.task != first.summary.task:
            raise UserError(
                "comparison_tasks",
                f"{first.name} is of the task {first.summary.task}, {other.name} of {other.summary.task}: "
                "they answer different questions.",
                "Compare results of one task.",
            )
        if set(other.summary.class_names) != set(first.summary.class_names):
            raise _other_classes(first, other)
    for result in measured:
        if not result.summary.is_labelled:
            raise UserError(
                "comparison_no_truth",
                f"{result.name} is of images without labels: nobody knows which answers are right.",
                "Compare results on labelled images.",
            )
        if not result.images:
            raise UserError(
                "comparison_no_rows",
                f"{result.name} was stored without results by image.",
                "Evaluate its checkpoint, which keeps them, or let “Results by image” under Validation keep them in "
                "the next training.",
            )


def _other_classes(first: Measured, other: Measured) -> UserError:
    here, there = set(first.summary.class_names), set(other.summary.class_names)
    told = [
        f"{_named(sorted(names))} only in {title}"
        for names, title in ((here - there, first.name), (there - here, other.name))
        if names
    ]
    return UserError(
        "comparison_classes",
        f"{first.name} and {other.name} know different classes: {'; '.join(told)}.",
        "Compare models that were trained on the same classes.",
    )


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    beyond = len(names) - _MOST_NAMED
    return f"{shown} and {beyond} more" if beyond > 0 else shown


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
