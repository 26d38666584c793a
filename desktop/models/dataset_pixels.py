"""Counts of pixels by class, read from masks in the background and kept for the next time."""

from __future__ import annotations

from collections.abc import Callable

from desktop.models.dataset_overview import DatasetOverview, Labelling
from engine.datasets.mask_counts import MaskCounts, count_masks, counts_path, evenly
from engine.protocol.home import Home

FIRST_READ = 120
"""Masks opened for the first answer."""


def lacks_counts(overview: DatasetOverview, most: int) -> bool:
    """Say whether more masks can be opened than were, when at most so many are."""
    if overview.labelling is not Labelling.PIXELS or overview.trouble is not None:
        return False
    masked = int(overview.is_masked.sum())
    return masked > 0 and (overview.pixels is None or overview.pixels.read < evenly(masked, most))


def read_mask_counts(
    home: Home, overview: DatasetOverview, most: int, is_wanted: Callable[[], bool]
) -> MaskCounts | None:
    """Open at most so many masks, and keep what they show. None when it is not wanted any more."""
    counts = count_masks(overview.manifest, overview.root, most, is_wanted)
    if counts is not None:
        try:
            counts.save(counts_path(home, overview.manifest))
        except OSError:  # a full disk: they are counted again the next time
            return counts
    return counts
