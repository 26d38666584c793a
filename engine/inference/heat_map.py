"""Where a model looks: the heat map of one image and class, and its answer as a small picture in a file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.datasets.decode import decode_image
from engine.errors import UserError
from engine.inference.predictor import Predictable
from engine.protocol.disk import write_error

LONGER_SIDE = 224
"""Of the picture that is written, pixels: a network's own map has seven to thirty."""


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """How much each part of an image speaks for a class."""

    values: NDArray[np.float32]
    """(h, w), 0 to 1, the most telling part 1; all 0 where nothing speaks for the class."""
    area: tuple[float, float, float, float]
    """Left, top, right, bottom of what it covers, pixels of the image: a model may look at its middle alone."""
    label: int
    """Number of the class."""


@runtime_checkable
class Explainable(Protocol):
    """A model that can say where it looks."""

    def explain(self, image: np.ndarray, label: int | None = None) -> HeatMap:
        """Take an upright RGB uint8 (H, W, 3) image; without a class explain the one that is predicted.

        Raises:
            UserError: `explanation_unavailable`.
        """
        ...


def explain_file(model: Predictable, path: Path, label: str | None, folder: Path) -> dict[str, object]:
    """Explain a class of an image file; the map goes into a gray PNG in `folder`.

    Raises:
        UserError: `class_unknown`, `explanation_unavailable`, `disk_full` and its like, or what is wrong with the
            image.
    """
    if label is not None and label not in model.class_names:
        raise UserError(
            "class_unknown",
            f"The model has no class {label!r}.",
            "Choose one of the classes that it answers with.",
        )
    if not isinstance(model, Explainable):
        raise unavailable("This model cannot say where it looks.")
    image = decode_image(path)
    heat = model.explain(image, None if label is None else model.class_names.index(label))
    shown = model.class_names[heat.label]
    return {
        "map": str(_written(heat, folder, f"{path}\n{shown}")),
        "area": [round(edge, 2) for edge in heat.area],
        "size": [image.shape[1], image.shape[0]],
        "label": shown,
        "is_empty": not heat.values.any(),
    }


def unavailable(reason: str) -> UserError:
    """The refusal of a model that cannot be explained.

    Args:
        reason: a full sentence.
    """
    return UserError(
        "explanation_unavailable",
        reason,
        "A plugin may say its own heat map: see `explain` in the plugin guide.",
    )


def _written(heat: HeatMap, folder: Path, named: str) -> Path:
    height, width = heat.values.shape
    scale = LONGER_SIDE / max(height, width)
    if scale > 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        values = cv2.resize(heat.values, size, interpolation=cv2.INTER_CUBIC)
    else:
        values = heat.values
    gray = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    file = folder / f"heat-{hashlib.sha256(named.encode(errors='replace')).hexdigest()[:16]}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(cv2.imencode(".png", gray)[1].tobytes())
    except OSError as error:
        raise write_error(error, folder) from error
    return file
