"""All files that were given to the Predict page, with what the model said of each; the order is that of giving."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from desktop.grids.tile import Tile
from desktop.models.predictions import UNSURE, Prediction, spelled
from engine.protocol.results import PredictionRecord


class PredictionBoard:
    """A plain list with an index. A file is in it once."""

    def __init__(self) -> None:
        self._entries: list[Prediction] = []
        self._place: dict[str, int] = {}
        self.threshold = 0.0
        """Below this confidence a label is `unsure`, 0 to 1."""

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
        """How many are answered, below the threshold, and unreadable."""
        answered = [entry for entry in self._entries if entry.is_answered]
        unsure = sum(entry.confidence < self.threshold for entry in answered)
        return len(answered), unsure, sum(bool(entry.error) for entry in self._entries)

    def tile(self, place: int) -> Tile:
        """Give the words under a file's picture."""
        entry = self._entries[place]
        if entry.error:
            return Tile("Unreadable", spoken=entry.error)
        if not entry.is_answered:
            return Tile("Waiting", spoken="Not looked at yet")
        label, note = entry.label(self.threshold), f"{entry.confidence:.0%}"
        if label == UNSURE:
            return Tile(UNSURE, note, spoken=f"Unsure; likeliest {entry.best}, confidence {note}")
        return Tile(label, note, spoken=f"Predicted {label}, confidence {note}")
