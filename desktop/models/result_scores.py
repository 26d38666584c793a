"""How sure a classifier was of each class in an image, whichever way it was kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from desktop.models.result import Result, damaged_result


def class_scores(result: Result, image: int) -> NDArray[np.float64]:
    """Give the probabilities of an image, (C,). Of many classes only the likely ones are kept: the others are 0.

    Raises:
        UserError: `result_damaged`.
    """
    whole = result.columns.get("scores")
    if whole is not None:
        return whole[image].astype(np.float64)
    scores = np.zeros(len(result.classes))
    offsets, classes, values = (
        result.arrays.get(f"score_{name}") for name in ("offsets", "classes", "values")
    )
    if offsets is None or classes is None or values is None:
        return scores
    part = slice(int(offsets[image]), int(offsets[image + 1])) if image + 1 < len(offsets) else slice(0, 0)
    numbers = classes[part].astype(np.int64)
    if len(numbers) != len(values[part]) or (
        len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(scores)
    ):
        folder = result.places.folder if result.places is not None else Path()
        raise damaged_result(folder, "its scores do not fit its classes")
    scores[numbers] = values[part]
    return scores
