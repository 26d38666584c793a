"""When an answer of each task counts as right, and how hard an image is: for lists over all validations of a run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from desktop.models.result import Column
from desktop.models.result_history_lists import HistoryRule, Judged

Stored = Mapping[str, Column]
Counts = NDArray[np.int64]
_GOOD = 0.5
"""The IoU of a good image, where none is chosen."""


def _class_judged(stored: Stored, _bound: float | None) -> Judged:
    # A NaN is the worst that there is.
    loss = np.nan_to_num(stored["loss"].astype(np.float64), nan=np.inf)
    return Judged(stored["correct"].astype(np.bool_), loss)


def _objects_judged(stored: Stored, bound: float | None) -> Judged:
    """The difficulty is 1 − F1 of the image; an empty image in which nothing is found has none."""
    partners, scores = stored["box_partners"].astype(np.int64), stored["box_scores"].astype(np.float32)
    ignored = stored["object_ignored"].astype(np.bool_)
    shown = np.asarray(scores >= (0.0 if bound is None else bound))
    has_partner = partners >= 0
    taken = partners[shown & has_partner]
    is_right = shown & has_partner
    is_right[has_partner] &= ~ignored[partners[has_partner]]
    seen = np.zeros(len(ignored), dtype=np.bool_)
    seen[taken] = True
    found = _by_image(is_right, stored["box_offsets"])
    wrong = _by_image(shown & ~has_partner, stored["box_offsets"])
    missed = _by_image(~ignored & ~seen, stored["object_offsets"])
    told = 2 * found + wrong + missed
    f1 = np.divide(2.0 * found, told, out=np.ones(len(told)), where=told > 0)
    return Judged((wrong + missed) == 0, 1.0 - f1)


def _pixels_judged(stored: Stored, bound: float | None) -> Judged:
    overlap = stored["iou"].astype(np.float64)
    return Judged(np.asarray(overlap >= (_GOOD if bound is None else bound)), 1.0 - overlap)


def _by_image(flags: NDArray[np.bool_], offsets: Column) -> Counts:
    """How many of the rows of each image are marked."""
    upto = np.concatenate([[0], np.cumsum(flags, dtype=np.int64)])
    starts = offsets.astype(np.int64)
    return upto[starts[1:]] - upto[starts[:-1]]


CLASSES_OVER_TIME = HistoryRule(
    ("correct", "loss"), (), "Right: the true class was predicted.", "loss", _class_judged
)
OBJECTS_OVER_TIME = HistoryRule(
    (),
    ("box_offsets", "box_scores", "box_partners", "object_offsets", "object_ignored"),
    "Right: at the confidence that is chosen, every object is found and no box is false.",
    "1 − F1",
    _objects_judged,
)
PIXELS_OVER_TIME = HistoryRule(
    ("iou",),
    (),
    "Right: the mean IoU of the image reaches the bound that is chosen.",
    "1 − IoU",
    _pixels_judged,
)
