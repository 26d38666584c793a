"""How long a validation takes, from a few of its images and from more."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from engine.jobs.rehearsal_figures import extrapolate
from engine.jobs.timed_loader import TimedLoader, TrialDesk
from engine.jobs.train import TrainingData

_FEW_IMAGES: Final = 8


def validation_seconds(
    desk: TrialDesk,
    data: TrainingData,
    image_s: float,
    most_s: float,
    measure: Callable[[TrialDesk, TimedLoader], object],
) -> float:
    """Give the seconds of one validation; 0 where nothing is validated.

    Args:
        desk: of the training.
        data: the training's.
        image_s: seconds of training on one image: validating takes no longer than that.
        most_s: about how long to measure.
        measure: validates all images of a loader.
    """
    if data.val is None:
        return 0.0
    count = data.val.images
    affordable = max(1, math.floor(most_s / max(image_s, 1e-9)))
    few = min(count, _FEW_IMAGES, affordable)
    more = min(count, affordable)
    times: list[tuple[int, float]] = []
    for images in dict.fromkeys((few, more)):
        short = desk.with_changes({}, most_val=images)
        loader = short.loader("val", train=False, pin_memory=data.device.type == "cuda")
        try:
            began = time.perf_counter()
            measure(short, loader)
            times.append((images, time.perf_counter() - began))
        finally:
            loader.close()
        if times[-1][1] > most_s:
            break
    return extrapolate(times[0], times[-1], count)
