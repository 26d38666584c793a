"""What is drawn on a picture: objects with boxes and masks, or a class for every pixel. Plain columns, no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

NOTHING = 255
"""The class of a pixel that is not drawn."""

Ring = NDArray[np.float64]
"""(n, 2) x and y of a polygon's corners, pixels."""


def _no_boxes() -> NDArray[np.float32]:
    return np.zeros((0, 4), np.float32)


def _no_classes() -> NDArray[np.int64]:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnLabels:
    """The labels of one image, of people or of a model. Everything is in pixels of `width` × `height`.

    Attributes:
        width: of the picture that the numbers speak of; it may be shown in another size.
        height: the same.
        boxes: (n, 4) left, top, right, bottom.
        classes: (n,) numbers of classes.
        scores: (n,) 0 to 1; empty where there are none.
        words: for each object, what its tag says beside the class; empty for nothing.
        rings: for each object its polygons; empty where no object has any.
        masks: (n, height, width) of objects whose masks are pixels; None where there are none.
        class_map: (height, width) the class of each pixel, in any size; `NOTHING` draws nothing.
        faint: (n,) objects of which less is drawn: crowds, difficult ones; empty for none.
        wrong: (n,) objects that were missed, and boxes where none is; empty where nothing was judged.
    """

    width: int
    height: int
    boxes: NDArray[np.float32] = field(default_factory=_no_boxes)
    classes: NDArray[np.int64] = field(default_factory=_no_classes)
    scores: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    words: Sequence[str] = ()
    rings: Sequence[Sequence[Ring]] = ()
    masks: NDArray[np.bool_] | None = None
    class_map: NDArray[np.uint8] | None = None
    faint: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    wrong: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def has_masks(self) -> bool:
        return self.masks is not None or self.class_map is not None or any(len(own) > 0 for own in self.rings)

    def part(self, kept: NDArray[np.bool_]) -> DrawnLabels:
        """Give the same with some of the objects only: (n,)."""
        rows = np.flatnonzero(kept)
        return replace(
            self,
            boxes=self.boxes[rows] if len(self.boxes) else self.boxes,
            classes=self.classes[rows],
            scores=self.scores[rows] if len(self.scores) else self.scores,
            words=[self.words[row] for row in rows] if self.words else (),
            rings=[self.rings[row] for row in rows] if self.rings else (),
            masks=self.masks[rows] if self.masks is not None else None,
            faint=self.faint[rows] if len(self.faint) else self.faint,
            wrong=self.wrong[rows] if len(self.wrong) else self.wrong,
        )

    def is_faint(self, number: int) -> bool:
        return len(self.faint) > 0 and bool(self.faint[number])

    def word(self, number: int) -> str:
        """Give what the tag of an object says beside its class."""
        if len(self.words) > number and self.words[number]:
            return self.words[number]
        return f"{float(self.scores[number]):.0%}" if len(self.scores) > number else ""

    def at(self, x: float, y: float, shown: NDArray[np.bool_]) -> int:
        """Give the smallest object at a point among those shown (n,); -1 for none."""
        if not len(self.boxes):
            return -1
        left, top, right, bottom = self.boxes.T
        inside = shown & (left <= x) & (x <= right) & (top <= y) & (y <= bottom)
        if not inside.any():
            return -1
        areas = np.where(inside, (right - left) * (bottom - top), np.inf)
        return int(areas.argmin())


@dataclass(frozen=True, slots=True)
class LabelLook:
    """How much of the labels is shown.

    Attributes:
        boxes: draw boxes.
        masks: draw masks and classes of pixels.
        names: write the classes beside the objects.
        opacity: of masks, 0 to 1.
        hidden_layers: layers that are not drawn, by name.
        hidden_classes: classes that are not drawn, by number.
        floor: objects with a smaller score are not drawn.
    """

    boxes: bool = True
    masks: bool = True
    names: bool = True
    opacity: float = 0.5
    hidden_layers: frozenset[str] = frozenset()
    hidden_classes: frozenset[int] = frozenset()
    floor: float = 0.0

    def shown(self, labels: DrawnLabels) -> NDArray[np.bool_]:
        """Say of each object whether it is drawn: (n,)."""
        mask = np.ones(len(labels), np.bool_)
        if self.hidden_classes:
            mask &= ~np.isin(labels.classes, list(self.hidden_classes))
        if self.floor > 0 and len(labels.scores):
            mask &= labels.scores >= self.floor
        return mask


def only_errors(truth: DrawnLabels, prediction: DrawnLabels) -> tuple[DrawnLabels, DrawnLabels]:
    """Leave of both what differs: pixels of which they say another class, objects missed, boxes where none is.

    Pixels whose class nobody knows are no errors.
    """
    if truth.class_map is None or prediction.class_map is None:
        return _wrong_part(truth), _wrong_part(prediction)
    said = _stretched(prediction.class_map, truth.class_map.shape)
    differs = (said != truth.class_map) & (truth.class_map != NOTHING)
    shown = (np.where(differs, classes, np.uint8(NOTHING)) for classes in (truth.class_map, said))
    return replace(truth, class_map=next(shown)), replace(prediction, class_map=next(shown))


def _wrong_part(labels: DrawnLabels) -> DrawnLabels:
    return labels.part(labels.wrong) if len(labels.wrong) == len(labels) else labels


def _stretched(classes: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The same classes in another size; the nearest pixels."""
    if classes.shape == shape:
        return classes
    rows, columns = (
        (np.arange(wanted) + 0.5) * there // wanted
        for wanted, there in zip(shape, classes.shape, strict=True)
    )
    return classes[rows.astype(np.intp)][:, columns.astype(np.intp)]
