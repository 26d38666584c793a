"""Which boxes and missed objects of a detector's result are asked for by cell, confidence and overlap."""

from __future__ import annotations

import numpy as np

from desktop.tasks.detection_figures import CONFIDENCE
from desktop.tasks.found_objects import Flags, FoundObjects, Meetings
from desktop.tasks.object_overlaps import nearest_overlaps
from desktop.tasks.task import Selection


def fitting(found: FoundObjects, met: Meetings, selection: Selection) -> Flags:
    """Say of each box and missed object whether all that is asked for holds of it at once: (K,).

    A missed object has neither confidence nor overlap: it lies in no range.
    """
    fits = np.ones(len(met.image), dtype=np.bool_)
    if selection.true is not None:
        fits &= met.true == selection.true
    if selection.predicted is not None:
        fits &= met.predicted == selection.predicted
    rows = np.where(met.is_missed, 0, met.row)
    for span in selection.spans:
        values = found.scores if span.key == CONFIDENCE else nearest_overlaps(found)
        held = span.holds(values)
        fits &= ~met.is_missed
        fits[fits] = held[rows[fits]]
    return fits
