"""All files that were given to the Predict page, with what the model said of each; the order is that of giving."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from desktop.grids.tile import Tile
from desktop.models.answer import Answer, AnswerView
from desktop.models.drawn_labels import DrawnLabels
from desktop.models.predictions import Prediction, spelled
from engine.protocol.results import PredictionRecord


class PredictionBoard:
    """A plain list with an index. A file is in it once."""

    def __init__(self) -> None:
        self._entries: list[Prediction] = []
        self._place: dict[str, int] = {}
        self.threshold = 0.0
        """What is less sure does not count, 0 to 1."""
        self.answers: AnswerView | None = None
        """How the chosen model's answers are told; None while no model is chosen."""
        self.classes: Sequence[str] = ()
        """Of the model that answered last."""

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self) -> Sequence[Prediction]:
        return self._entries

    def entry(self, place: int) -> Prediction:
        return self._entries[place]

    def paths(self) -> tuple[str, ...]:
        return tuple(str(entry.path) for entry in self._entries)

    def place_of(self, path: Path) -> int:
        """The place of a file; -1 when it is not on the board."""
        return self._place.get(spelled(path), -1)

    def add(self, files: Iterable[Path]) -> list[Path]:
        """Take files in; gives those that were not there yet."""
        new: list[Path] = []
        for path in files:
            if spelled(path) not in self._place:
                self._place[spelled(path)] = len(self._entries)
                self._entries.append(Prediction(path))
                new.append(path)
        return new

    def answer(self, records: Iterable[PredictionRecord]) -> list[int]:
        """Note what the model said; gives the places that changed."""
        places: list[int] = []
        for record in records:
            place = self._place.get(record.file)
            if place is not None:
                self._entries[place] = Prediction(self._entries[place].path, record)
                places.append(place)
        return places

    def forget_answers(self) -> list[Path]:
        """Another model shall answer: gives all files."""
        self._entries = [Prediction(entry.path) for entry in self._entries]
        return [entry.path for entry in self._entries]

    def unanswered(self) -> list[Path]:
        """The files of which nothing is known yet."""
        return [entry.path for entry in self._entries if entry.record is None]

    def clear(self) -> None:
        self._entries = []
        self._place = {}

    def counts(self) -> tuple[int, int, int]:
        """How many are answered, of how many nothing is sure, and how many are unreadable."""
        answered = [answer for entry in self._entries if (answer := self._answer(entry)) is not None]
        unsure = sum(answer.is_unsure for answer in answered)
        return len(answered), unsure, sum(bool(entry.error) for entry in self._entries)

    def answer_of(self, place: int) -> Answer | None:
        """Give what the model says of a file at the threshold; None where there is no answer."""
        return self._answer(self._entries[place])

    def objects_of(self, place: int) -> DrawnLabels | None:
        """Give what is drawn on a file's small picture."""
        entry = self._entries[place]
        if self.answers is None or entry.record is None or entry.error:
            return None
        return self.answers.answer_objects(entry.record, self.classes, self.threshold)

    def tile(self, place: int) -> Tile:
        """Give the words under a file's picture."""
        entry = self._entries[place]
        if entry.error:
            return Tile("Unreadable", spoken=entry.error)
        answer = self._answer(entry)
        return Tile("Waiting", spoken="Not looked at yet") if answer is None else answer.tile

    def _answer(self, entry: Prediction) -> Answer | None:
        if self.answers is None or entry.record is None or entry.error:
            return None
        return self.answers.answer(entry.record, self.classes, self.threshold)
