"""What a detector says of pictures that nobody labelled: boxes above a threshold, counted by class, drawn, saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from desktop.grids.tile import Tile
from desktop.models.answer import Answer, AnswerBar, Findings
from desktop.models.drawn_labels import DrawnLabels
from desktop.models.result_labels import masks_of, read_numbers
from engine.protocol.results import PredictionRecord

_MOST_TOLD = 60
_SAME_PLACE = 0.5
"""IoU from which two boxes are about the same object."""


@dataclass(frozen=True, slots=True)
class ToldBox:
    """One box of a record."""

    label: str
    confidence: float
    corners: tuple[float, float, float, float]
    """Left, top, right, bottom, pixels."""


class BoxAnswers:
    """See `AnswerView`."""

    threshold_tip = "Boxes with less confidence are neither shown nor saved"
    threshold = 0.5
    csv_head: Sequence[str] = ("label", "confidence", "left", "top", "right", "bottom")
    measure = "confidence"
    found_words = ("Found", "Nothing found")
    agrees_from = 1.0
    label_formats: Sequence[str] = ("coco", "yolo", "voc")

    def answer(self, record: PredictionRecord, classes: Sequence[str], threshold: float) -> Answer:
        every = boxes_of(record)
        boxes = [box for box in every if box.confidence >= threshold]
        known = _numbers(classes)
        bars = tuple(
            AnswerBar(box.label, box.confidence, is_strong=True, number=known.get(box.label, 0))
            for box in boxes[:_MOST_TOLD]
        )
        if not boxes:
            why = "The model finds nothing here."
            if every:
                why = f"The surest box, {every[0].label}, has {every[0].confidence:.0%}: below the threshold."
            tile = Tile("nothing", "", spoken="Nothing found")
            return Answer("Nothing found", "no box", "Boxes", (), tile, why, is_unsure=bool(every))
        by_class = Counter(box.label for box in boxes).most_common()
        told = " · ".join(f"{count} {label}" for label, count in by_class)
        number = "1 box" if len(boxes) == 1 else f"{len(boxes)} boxes"
        tile = Tile(told, f"{boxes[0].confidence:.0%}", spoken=f"Found {told}")
        return Answer(number, f"surest {boxes[0].confidence:.0%}", "Boxes", bars, tile, told)

    def answer_objects(
        self, record: PredictionRecord, classes: Sequence[str], threshold: float
    ) -> DrawnLabels | None:
        boxes = [box for box in boxes_of(record) if box.confidence >= threshold]
        width, height = record.size or (0, 0)
        known = _numbers(classes)
        return DrawnLabels(
            width,
            height,
            np.array([box.corners for box in boxes], dtype=np.float32).reshape(-1, 4),
            np.array([known.get(box.label, 0) for box in boxes], dtype=np.int64),
            np.array([box.confidence for box in boxes], dtype=np.float32),
        )

    def answer_labels(self, record: PredictionRecord, classes: Sequence[str]) -> DrawnLabels | None:
        plain = self.answer_objects(record, classes, 0.0)
        if record.mask is None or plain is None:
            return plain
        return replace(plain, masks=masks_of(read_numbers(Path(record.mask)), len(plain)))

    def csv_rows(self, record: PredictionRecord, threshold: float) -> list[list[str]]:
        rows = [
            [box.label, f"{box.confidence:.6f}", *(f"{corner:.2f}" for corner in box.corners)]
            for box in boxes_of(record)
            if box.confidence >= threshold
        ]
        return rows or [[""] * len(self.csv_head)]

    def told(self, record: PredictionRecord, threshold: float) -> PredictionRecord:
        kept = tuple(
            entry
            for entry, box in zip(record.boxes or (), boxes_of(record), strict=True)
            if box.confidence >= threshold
        )
        return record.model_copy(update={"boxes": kept})

    def findings(self, record: PredictionRecord, classes: Sequence[str]) -> Findings:
        known, boxes = _numbers(classes), boxes_of(record)
        return Findings(
            np.array([known.get(box.label, -1) for box in boxes], dtype=np.int16),
            np.array([box.confidence for box in boxes], dtype=np.float32),
        )

    def agreement(self, first: PredictionRecord, second: PredictionRecord, threshold: float) -> float:
        """Twice the boxes that both found, of the same class and in the same place, over the boxes of both."""
        ours, theirs = (
            [box for box in boxes_of(record) if box.confidence >= threshold] for record in (first, second)
        )
        left, both = list(theirs), 0
        for box in ours:
            overlaps = [_overlap(box, other) for other in left]
            best = int(np.argmax(overlaps)) if overlaps else -1
            if best >= 0 and overlaps[best] >= _SAME_PLACE:
                both += 1
                del left[best]
        return 2 * both / (len(ours) + len(theirs)) if ours or theirs else 1.0


def _numbers(classes: Sequence[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(classes)}


def boxes_of(record: PredictionRecord) -> list[ToldBox]:
    """Read the boxes of a record, the surest first, as the engine tells them."""
    return [
        ToldBox(
            str(entry.get("label", "")),
            float(cast("float", entry.get("confidence", 0.0))),
            cast("tuple[float, float, float, float]", tuple(cast("list[float]", entry["box"]))),
        )
        for entry in record.boxes or ()
    ]


def _overlap(box: ToldBox, other: ToldBox) -> float:
    """The IoU of two boxes; 0 for different classes."""
    if box.label != other.label:
        return 0.0
    (left, top, right, bottom), (x0, y0, x1, y1) = box.corners, other.corners
    shared = max(0.0, min(right, x1) - max(left, x0)) * max(0.0, min(bottom, y1) - max(top, y0))
    union = (right - left) * (bottom - top) + (x1 - x0) * (y1 - y0) - shared
    return shared / union if union > 0 else 0.0
