"""What one model said of all pictures on the Predict page: records packed small, and their findings in columns."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from desktop.models.answer import Answer, AnswerView
from desktop.models.drawn_labels import DrawnLabels
from desktop.models.predictions_columns import AnswerColumns
from engine.protocol.results import PredictionRecord

MOST_UNPACKED = 256
"""Records that are kept ready to be drawn; a detector's may hold hundreds of boxes."""
MOST_ON_TILE = 16
_QUICK = 1


def unpacked(packed: bytes) -> PredictionRecord:
    """Give a record back. In any thread."""
    return PredictionRecord.model_validate_json(zlib.decompress(packed))


class ModelAnswers:
    """Grows with the pictures, by place."""

    def __init__(self) -> None:
        self.view: AnswerView | None = None
        """How the answers are told; None while no model is chosen."""
        self.classes: Sequence[str] = ()
        """Of the model that answered last."""
        self.columns = AnswerColumns()
        self._packed: list[bytes | None] = []
        self._errors: dict[int, str] = {}
        self._unpacked: OrderedDict[int, PredictionRecord] = OrderedDict()

    def __len__(self) -> int:
        return len(self._packed)

    @property
    def unpacked_count(self) -> int:
        return len(self._unpacked)

    def grow(self, count: int) -> None:
        """Have places for so many pictures."""
        self._packed.extend([None] * (count - len(self._packed)))
        self.columns.grow(count)

    def put(self, place: int, record: PredictionRecord) -> None:
        """Note what the model said of a picture."""
        self._packed[place] = zlib.compress(record.model_dump_json(exclude_none=True).encode(), _QUICK)
        self._errors.pop(place, None)
        if record.error:
            self._errors[place] = record.error
        is_told = self.view is not None and not record.error
        self.columns.put(
            place, self.view.findings(record, self.classes) if is_told and self.view is not None else None
        )
        self._keep(place, record)

    def forget(self) -> None:
        """All pictures wait again: another model shall answer."""
        self._packed = [None] * len(self._packed)
        self._errors.clear()
        self._unpacked.clear()
        self.columns.forget()

    def clear(self) -> None:
        """There are no pictures any more."""
        self._packed = []
        self._errors.clear()
        self._unpacked.clear()
        self.columns = AnswerColumns()

    def has(self, place: int) -> bool:
        """Say whether anything is known of a picture."""
        return self._packed[place] is not None

    def packed(self) -> tuple[bytes | None, ...]:
        """Give all records, for `unpacked` in another thread."""
        return tuple(self._packed)

    def packed_at(self, place: int) -> bytes | None:
        return self._packed[place]

    def error(self, place: int) -> str:
        """Say why a picture could not be read; empty where it could, or waits."""
        return self._errors.get(place, "")

    def peek(self, place: int) -> PredictionRecord | None:
        """Give what is known of a picture without keeping it unpacked. In any thread."""
        packed = self._packed[place]
        return None if packed is None else unpacked(packed)

    def record(self, place: int) -> PredictionRecord | None:
        """Give what is known of a picture; None while it waits."""
        packed = self._packed[place]
        if packed is None:
            return None
        if place not in self._unpacked:
            self._keep(place, unpacked(packed))
        self._unpacked.move_to_end(place)
        return self._unpacked[place]

    def answer(self, place: int, threshold: float) -> Answer | None:
        """Give what the model says of a picture at a threshold; None where there is no answer."""
        record = self._told(place)
        return (
            None if record is None or self.view is None else self.view.answer(record, self.classes, threshold)
        )

    def objects(self, place: int, threshold: float) -> DrawnLabels | None:
        """Give what is drawn on a small picture: the surest, for many would only hide it."""
        record = self._told(place)
        labels = (
            None
            if record is None or self.view is None
            else self.view.answer_objects(record, self.classes, threshold)
        )
        if labels is None or len(labels) <= MOST_ON_TILE:
            return labels
        few = slice(MOST_ON_TILE)
        return replace(
            labels, boxes=labels.boxes[few], classes=labels.classes[few], scores=labels.scores[few]
        )

    def _told(self, place: int) -> PredictionRecord | None:
        return None if place >= len(self) or self.error(place) else self.record(place)

    def _keep(self, place: int, record: PredictionRecord) -> None:
        self._unpacked[place] = record
        while len(self._unpacked) > MOST_UNPACKED:
            self._unpacked.popitem(last=False)
