"""Masks of objects as COCO's run lengths: small enough to keep all of an evaluation, and quick to compare."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError

RunLengths = dict[str, Any]
"""`{"size": [height, width], "counts": bytes}`, as pycocotools writes one mask."""
Masks = NDArray[np.bool_] | Sequence[RunLengths]
"""(n, H, W), or n run lengths."""

LIBRARIES = ("hotcoco", "faster_coco_eval")
"""Those that compare masks and compute COCO's average precision, the quickest first."""


def coco_library(names: Sequence[str] = LIBRARIES) -> ModuleType:
    """Import the first library that is installed.

    Raises:
        UserError: `coco_tools_missing` when none is.
    """
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise UserError(
        "coco_tools_missing",
        f"Detections cannot be judged: {' and '.join(names)} cannot be imported.",
        "Install one of them: python3 dev.py setup, or pip install hotcoco.",
    )


def encode(masks: Masks) -> list[RunLengths]:
    """Give (n, H, W) masks as run lengths; what is run lengths already stays."""
    if not isinstance(masks, np.ndarray):
        return list(masks)
    if not len(masks):
        return []
    upright = np.asfortranarray(np.moveaxis(masks, 0, -1).astype(np.uint8))
    return list(_mask_module().encode(upright))


def areas_of(masks: Sequence[RunLengths]) -> NDArray[np.float64]:
    """(n,) pixels."""
    if not masks:
        return np.zeros(0, dtype=np.float64)
    return np.asarray(_mask_module().area(list(masks)), dtype=np.float64).reshape(-1)


def mask_overlaps(
    predicted: Sequence[RunLengths], true: Sequence[RunLengths], crowd: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """(P, T) intersection over union; over the predicted mask's own area where the true one is a crowd."""
    if not predicted or not true:
        return np.zeros((len(predicted), len(true)), dtype=np.float64)
    flags = [int(flag) for flag in crowd]
    return np.asarray(_mask_module().iou(list(predicted), list(true), flags), dtype=np.float64)


def _mask_module() -> ModuleType:
    return importlib.import_module(f"{coco_library().__name__}.mask")
