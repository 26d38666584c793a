"""Every box and every object of a result one by one: what became of it, where it lies, and which are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from desktop.grids.tile import Tile
from desktop.models.drawn_labels import DrawnLabels
from desktop.models.result import Result
from desktop.models.result_labels import true_object
from desktop.models.result_masks import predicted_masks
from desktop.tasks.found_objects import Flags, FoundObjects, Numbers, found_objects, verdicts
from desktop.tasks.measures import Span
from desktop.tasks.object_overlaps import nearest_overlaps
from desktop.tasks.task import ALL, Choice, Selection
from desktop.viewers.label_view import PREDICTION, TRUTH

FOUND, MADE_UP, MISSED = "found", "made_up", "missed"
KINDS = (
    Choice(ALL, "All"),
    Choice(MADE_UP, "False", "Boxes where no such object is"),
    Choice(MISSED, "Missed", "Objects that no box found"),
    Choice(FOUND, "Found", "Boxes that found an object of their class"),
)
SORTS = (
    Choice("worst", "Worst first"),
    Choice("sure", "Highest confidence"),
    Choice("unsure", "Lowest confidence"),
    Choice("overlap", "Lowest IoU"),
    Choice("small", "Smallest first"),
    Choice("large", "Largest first"),
)
_NOT_THERE, _FOUND, _MADE_UP, _MISSED = -1, 0, 1, 2
_NUMBERS = {FOUND: _FOUND, MADE_UP: _MADE_UP, MISSED: _MISSED}
_KEPT = 2


@dataclass(frozen=True, slots=True, eq=False)
class ObjectParts:
    """P boxes, then T objects: K parts of images, whose numbers stay the same at every confidence."""

    image: Numbers
    """(K,) number of the image."""
    boxes: NDArray[np.float32]
    """(K, 4) left, top, right, bottom, pixels of the image."""
    labels: Numbers
    """(K,) of a box the predicted class, of an object its own."""
    scores: NDArray[np.float64]
    """(K,) NaN of an object."""
    kinds: NDArray[np.int8]
    """(K,) what became of it at the confidence; -1 of what does not count."""
    true: Numbers
    """(K,) the true class of what the matrix counts; the number behind the last class where nothing is."""
    predicted: Numbers
    """(K,) the predicted one; behind the last class where nothing was found, -1 where a box of another class was."""
    shown: Flags
    """(P,) boxes that are sure enough to be drawn."""
    found: FoundObjects
    result: Result
    """That they are of."""
    part_kinds: Sequence[Choice] = KINDS
    part_sorts: Sequence[Choice] = SORTS

    def __len__(self) -> int:
        return len(self.image)

    @property
    def first_object(self) -> int:
        """How many boxes there are; the objects come behind them."""
        return len(self.found.boxes)

    def counted(self) -> dict[str, int]:
        """Count the parts of each kind."""
        counts = np.bincount(self.kinds[self.kinds >= 0], minlength=3)
        return {kind: int(counts[number]) for kind, number in _NUMBERS.items()}

    def chosen(self, selection: Selection, kind: str = ALL) -> Flags:
        """Say of each part whether it is asked for by kind, cell and ranges; verdicts are of images."""
        mask = self.kinds == _NUMBERS[kind] if kind in _NUMBERS else self.kinds >= 0
        if selection.true is not None:
            mask = mask & (self.true == selection.true)
        if selection.predicted is not None:
            mask = mask & (self.predicted == selection.predicted)
        for span in selection.spans:
            mask = mask & span.holds(self._values(span))
        return mask

    def order(self, sort: str) -> NDArray[np.generic] | None:
        """Give a number for each part, smallest shown first."""
        sides = self.boxes[:, 2:] - self.boxes[:, :2]
        areas = sides.prod(axis=1).astype(np.float64)
        match sort:
            case "sure":
                return -self.scores
            case "unsure":
                return self.scores
            case "overlap":
                return self._overlaps()
            case "small":
                return areas
            case "large":
                return -areas
            case _:
                return self._worst(areas)

    def mark(self, part: int) -> tuple[str, int]:
        """Give the layer of a part on its image, and its number within it."""
        image = int(self.image[part])
        if part >= self.first_object:
            return TRUTH, part - self.first_object - self.found.objects_of(image).start
        return PREDICTION, int(self.shown[self.found.boxes_of(image).start : part].sum())

    def drawn(self, part: int) -> DrawnLabels | None:
        """Read a part with its mask as it lies on its image; None where it has only a box.

        Raises:
            UserError: `result_damaged` or `annotations_damaged`.
        """
        image = int(self.image[part])
        if part >= self.first_object:
            there = self.found.objects_of(image)
            number = part - self.first_object - there.start
            return true_object(self.result, image, number, there.stop - there.start)
        masks = predicted_masks(self.result, image, [part], self.found.boxes_of(image).start)
        if masks is None:
            return None
        width, height = (int(side) for side in self.result.sizes[image])
        box = slice(part, part + 1)
        return DrawnLabels(width, height, self.boxes[box], self.labels[box], masks=masks)

    def tile(self, classes: Sequence[str], part: int) -> Tile:
        """Give the words under its picture."""
        kind, name = int(self.kinds[part]), classes[int(self.labels[part])]
        if kind == _MISSED:
            return Tile(name, "missed", False, f"Missed: {name}")
        note = f"{self.scores[part]:.0%}"
        if kind == _FOUND:
            return Tile(name, note, True, f"Found: {name}, confidence {note}")
        true = int(self.true[part])
        is_taken = true < len(classes) and true != int(self.labels[part])
        caption = f"{classes[true]} → {name}" if is_taken else name
        why = f"a {classes[true]} taken for {name}" if is_taken else f"{name} where no such object is"
        return Tile(caption, note, False, f"False: {why}, confidence {note}")

    def _values(self, span: Span) -> NDArray[np.generic]:
        return self.scores if span.key == "confidence" else self._overlaps()

    def _overlaps(self) -> NDArray[np.float64]:
        rest = np.full(len(self) - self.first_object, np.nan)
        return np.concatenate([nearest_overlaps(self.found), rest])

    def _worst(self, areas: NDArray[np.float64]) -> NDArray[np.float64]:
        """The surest false boxes first, then what is missed, the largest first, then what is found, least well."""
        largest = max(1.0, float(areas.max(initial=1.0)))
        by_kind = {
            _MADE_UP: -self.scores,
            _MISSED: 1 - areas / largest,
            _FOUND: 2 + np.nan_to_num(self._overlaps()),
        }
        return np.select([self.kinds == kind for kind in by_kind], list(by_kind.values()), 4.0)


def object_parts(result: Result) -> ObjectParts | None:
    """Give the parts of a result at its bound; None where the run kept no objects."""
    found = found_objects(result)
    return None if found is None else _parts_of(result, found)


@lru_cache(maxsize=_KEPT)
def _parts_of(result: Result, found: FoundObjects) -> ObjectParts:
    told, classes = verdicts(found, result.bound or 0.0), len(result.classes)
    kinds = np.full(len(found.boxes) + len(found.objects), _NOT_THERE, dtype=np.int8)
    of_boxes, of_objects = kinds[: len(found.boxes)], kinds[len(found.boxes) :]
    of_boxes[told.right] = _FOUND
    of_boxes[told.wrong] = _MADE_UP
    of_objects[~told.found & ~found.ignored] = _MISSED
    taker = np.full(len(found.objects), classes)
    taken = told.shown & (found.partners_any >= 0)
    taker[found.partners_any[taken]] = -1  # its cell is that of the box
    partner = found.partners_any
    true = np.full(len(found.boxes), classes)
    true[partner >= 0] = found.object_labels[partner[partner >= 0]]
    return ObjectParts(
        image=np.concatenate([found.box_image, found.object_image]),
        boxes=np.concatenate([found.boxes, found.objects]),
        labels=np.concatenate([found.labels, found.object_labels]),
        scores=np.concatenate([found.scores.astype(np.float64), np.full(len(found.objects), np.nan)]),
        kinds=kinds,
        true=np.concatenate([true, found.object_labels]),
        predicted=np.concatenate([found.labels, taker]),
        shown=told.shown,
        found=found,
        result=result,
    )
