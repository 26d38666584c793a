"""Several results on the images that they have in common: metrics with intervals, classes, and what changed sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.comparison.bootstrap import Plan, Resampled, interval, measure, resample
from engine.comparison.class_counts import ClassCounts
from engine.comparison.counts import LOWER_IS_BETTER, Counts, Values
from engine.comparison.matching import CommonImages, match_images
from engine.comparison.measured import Measured
from engine.comparison.object_counts import ObjectCounts
from engine.comparison.pixel_counts import PixelCounts
from engine.errors import UserError

Finding = Literal["better", "worse", "not distinguishable", "the same", "not tested", ""]
"""`not tested`: the metric cannot be computed from what is stored by image. Empty: there is nothing to compare."""
MOST_COMPARED = 6
FEWEST_IMAGES = 6
"""With fewer, chance alone lets all of them speak for one model once in sixteen times or more (the sign test), and
drawing them again does not show it: nothing is called better or worse."""
_COUNTED = {"classification": ClassCounts, "segmentation": PixelCounts, "detection": ObjectCounts}
"""By task: how its results are counted image by image."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A result's value less the first one's."""

    value: float
    interval: tuple[float, float] | None
    """Of 95 %, by the paired bootstrap; None where there is none."""
    finding: Finding


@dataclass(frozen=True, slots=True)
class Line:
    """One metric, or one class, of all results."""

    name: str
    values: tuple[float | None, ...]
    differences: tuple[Difference | None, ...]
    """To the first result; None for the first itself, and where a value is missing."""
    support: int | None = None
    """Of a class: how many of it the first result counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Flips:
    """Images on which one of two results is right and the other wrong: places among the common images."""

    fixed: NDArray[np.int64]
    """Wrong in the first, right in the second; the largest gain first."""
    broken: NDArray[np.int64]
    """Right in the first, wrong in the second; the largest loss first."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """S results on M common images."""

    measured: tuple[Measured, ...]
    common: CommonImages
    metrics: tuple[Line, ...]
    classes: tuple[Line, ...]
    class_measure: str
    """Name of the metric by class."""
    draws: int
    """How many times the images were drawn."""
    planned: int
    """How many times they were to be drawn: fewer when the time was up."""
    right: NDArray[np.bool_]
    """(S, M): whether each is right about each image."""
    goodness: Values
    """(S, M): how good each is on each image; the larger, the better."""

    def flips(self, one: int, other: int) -> Flips:
        """Give the images that a result fixes and breaks against another."""
        gain = self.goodness[other] - self.goodness[one]
        gain = np.where(np.isnan(gain), 0.0, gain)
        order = np.argsort(-gain, kind="stable")
        fixed = ~self.right[one] & self.right[other]
        broken = self.right[one] & ~self.right[other]
        return Flips(order[fixed[order]], order[::-1][broken[order[::-1]]])

    def paths(self, places: NDArray[np.int64]) -> list[str]:
        """Name common images, by the first result's dataset."""
        return [self.measured[0].paths[int(self.common.rows[0][place])] for place in places]


def compare(measured: Sequence[Measured], plan: Plan | None = None) -> Comparison:
    """Compare results on their common images. Takes seconds where there are many images.

    Raises:
        UserError: one of `match_images`, `comparison_task_unknown` or `comparison_incomplete`.
    """
    plan = plan or Plan()
    common = match_images(measured)
    counted = [_counts(result, rows, common) for result, rows in zip(measured, common.rows, strict=True)]
    whole = [measure(counts, common.count) for counts in counted]
    drawn = resample(counted, common.count, plan)
    values = np.stack([each.metrics[0] for each in whole])
    # What cannot be computed of all results is told as it is stored.
    tested = [
        _line(name, values[:, place].tolist(), drawn.metrics[:, :, place], common.count)
        for place, name in enumerate(counted[0].metrics)
        if np.isfinite(values[:, place]).all()
    ]
    known = {*(line.name for line in tested), *counted[0].stands_for}
    return Comparison(
        measured=tuple(measured),
        common=common,
        metrics=(*tested, *_stored(measured, common, known)),
        classes=_class_lines(measured[0], common, counted, drawn),
        class_measure=counted[0].class_measure,
        draws=drawn.draws,
        planned=plan.resamples,
        right=np.stack([counts.right for counts in counted]),
        goodness=np.stack([counts.goodness for counts in counted]),
    )


def _counts(result: Measured, rows: NDArray[np.int64], common: CommonImages) -> Counts:
    counted = _COUNTED.get(result.summary.task)
    if counted is None:
        raise UserError(
            "comparison_task_unknown",
            f"Results of the task {result.summary.task} cannot be compared by image yet.",
            "Look at them one by one on the Validate page.",
        )
    try:
        return counted(result, rows, common.classes)
    except (IndexError, ValueError) as error:
        raise UserError(
            "result_damaged",
            f"The stored arrays of {result.name} do not fit together: {error}.",
            "Evaluate its checkpoint again, then compare the new result.",
        ) from error


def _line(name: str, values: Sequence[float], drawn: Values, images: int, support: int | None = None) -> Line:
    """A line of values that were drawn too, (D, S), and that so many images tell of."""
    told = tuple(None if np.isnan(value) else value for value in values)
    others = (_difference(name, told, drawn, place, images) for place in range(1, len(told)))
    return Line(name, told, (None, *others), support)


def _difference(
    name: str, values: Sequence[float | None], drawn: Values, place: int, images: int
) -> Difference | None:
    first, own = values[0], values[place]
    if first is None or own is None:
        return None
    apart = drawn[:, place] - drawn[:, 0]
    found = interval(apart)
    if found is None:
        return Difference(own - first, None, "not distinguishable")
    low, high = found
    if not np.nan_to_num(apart).any() and own == first:
        return Difference(0.0, found, "the same")
    if images < FEWEST_IMAGES:
        return Difference(own - first, None, "not distinguishable")
    if low <= 0 <= high:
        return Difference(own - first, found, "not distinguishable")
    is_better = (low > 0) != (name in LOWER_IS_BETTER)
    return Difference(own - first, found, "better" if is_better else "worse")


def _stored(measured: Sequence[Measured], common: CommonImages, known: set[str]) -> list[Line]:
    """Metrics that are stored for the whole only: they hold where all results tell of the same images."""
    if not common.is_all:
        return []
    tables = [
        {name.rpartition("/")[2]: value for name, value in result.summary.metrics.items()}
        for result in measured
    ]
    lines: list[Line] = []
    for name in (name for name in tables[0] if name not in known):
        values = tuple(table.get(name) for table in tables)
        first = values[0]
        apart = [
            None if first is None or value is None else Difference(value - first, None, "not tested")
            for value in values[1:]
        ]
        lines.append(Line(name, values, (None, *apart)))
    return lines


def _class_lines(
    first: Measured, common: CommonImages, counted: Sequence[Counts], drawn: Resampled
) -> tuple[Line, ...]:
    support = first.summary.per_class.get("support", {})
    whole = [measure(counts, common.count).classes[0] for counts in counted]
    images = np.max([counts.class_images for counts in counted], axis=0)
    return tuple(
        _line(
            name,
            [float(values[number]) for values in whole],
            drawn.classes[:, :, number],
            int(images[number]),
            int(support[name]) if common.is_all and name in support else None,
        )
        for number, name in enumerate(common.classes)
    )
