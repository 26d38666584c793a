"""All files that were given to the Predict page, with what one or two models said of each, in the order of giving."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from desktop.grids.tile import Tile
from desktop.models.answer import Answer, AnswerView
from desktop.models.drawn_labels import DrawnLabels
from desktop.models.predictions import Prediction, Predictions, spelled
from desktop.models.predictions_answers import ModelAnswers
from desktop.models.predictions_columns import NAME, AnswerFilter, chosen, order
from desktop.models.predictions_regions import Region
from engine.protocol.results import PredictionRecord


class PredictionBoard:
    """A plain list with an index. A file is in it once."""

    def __init__(self) -> None:
        self._paths: list[Path] = []
        self._regions: dict[int, Region] = {}
        self._place: dict[str, int] = {}
        self._agreement: NDArray[np.float64] = np.zeros(0)
        self.threshold = 0.0
        """What is less sure does not count, 0 to 1."""
        self.first = ModelAnswers()
        self.second = ModelAnswers()
        """Of the model that is compared with the first."""
        self.is_compared = False
        """Whether a second model is asked too."""

    @property
    def answers(self) -> AnswerView | None:
        """How the chosen model's answers are told; None while no model is chosen."""
        return self.first.view

    @answers.setter
    def answers(self, view: AnswerView | None) -> None:
        self.first.view = self.second.view = view

    @property
    def classes(self) -> Sequence[str]:
        """Of the model that answered last."""
        return self.first.classes

    @classes.setter
    def classes(self, names: Sequence[str]) -> None:
        self.first.classes = names

    def __len__(self) -> int:
        return len(self._paths)

    def entries(self) -> Predictions:
        """Give all as they stand now, for another thread too."""
        return Predictions(tuple(self._paths), self.first.packed(), dict(self._regions))

    def entry(self, place: int) -> Prediction:
        return Prediction(self._paths[place], self.first.record(place), self._regions.get(place))

    def second_entry(self, place: int) -> Prediction:
        """Give a file with what the second model said."""
        return Prediction(self._paths[place], self.second.record(place), self._regions.get(place))

    def peek(self, place: int) -> Prediction | None:
        """Give an entry without keeping its record unpacked; None when there is none any more. In any thread."""
        try:
            path, record = self._paths[place], self.first.peek(place)
        except IndexError:  # taken off the page meanwhile
            return None
        return Prediction(path, record, self._regions.get(place))

    def files(self, places: Iterable[int]) -> list[Path]:
        return [self._paths[place] for place in places]

    def paths(self) -> tuple[str, ...]:
        return tuple(str(path) for path in self._paths)

    def place_of(self, path: Path) -> int:
        """The place of a file; -1 when it is not on the board."""
        return self._place.get(spelled(path), -1)

    def add(self, files: Iterable[Path]) -> list[Path]:
        """Take files in; gives those that were not there yet."""
        new: list[Path] = []
        for path in files:
            if spelled(path) not in self._place:
                self._place[spelled(path)] = len(self._paths)
                self._paths.append(path)
                new.append(path)
        for model in (self.first, self.second):
            model.grow(len(self._paths))
        return new

    def add_region(self, path: Path, region: Region) -> int:
        """Take a part of a picture in, and give its place."""
        self.add([path])
        place = self.place_of(path)
        self._regions[place] = region
        return place

    def answer(self, records: Iterable[PredictionRecord], model: ModelAnswers | None = None) -> list[int]:
        """Note what a model said, the first by default; gives the places that changed."""
        into = self.first if model is None else model
        places: list[int] = []
        for record in records:
            place = self._place.get(record.file)
            if place is not None:
                into.put(place, record)
                places.append(place)
        return places

    def forget_answers(self, model: ModelAnswers | None = None) -> list[Path]:
        """Another model shall answer: gives all files."""
        (self.first if model is None else model).forget()
        self._agreement = np.zeros(0)
        return list(self._paths)

    @property
    def has_answers(self) -> bool:
        """Whether anything is known of any file."""
        return any(self.first.has(place) for place in range(len(self)))

    def unanswered(self, model: ModelAnswers | None = None) -> list[Path]:
        """The files of which nothing is known yet."""
        of = self.first if model is None else model
        return [path for place, path in enumerate(self._paths) if not of.has(place)]

    def clear(self) -> None:
        self._paths, self._regions, self._place = [], {}, {}
        self._agreement = np.zeros(0)
        for model in (self.first, self.second):
            model.clear()

    def counts(self) -> tuple[int, int, int]:
        """How many are answered, of how many nothing is sure, and how many are unreadable."""
        return self.first.columns.counts(self.threshold)

    # Filter and order

    @property
    def agreement(self) -> NDArray[np.float64]:
        """How far the two models agree on each picture; NaN where both have not answered."""
        known = np.full(len(self), np.nan)
        known[: len(self._agreement)] = self._agreement[: len(self)]
        return known

    def note_agreement(self, places: Sequence[int], values: Sequence[float]) -> None:
        """Take in how far the two models agree on some pictures."""
        known = self.agreement
        known[list(places)] = values
        self._agreement = known

    def differing(self) -> NDArray[np.bool_]:
        """Say of each picture whether the two models differ on it."""
        return self.agreement < (self.answers.agrees_from if self.answers is not None else 1.0)

    def arranged(self, wanted: AnswerFilter) -> tuple[NDArray[np.bool_], NDArray[np.generic] | None]:
        """Give which pictures are looked at, and a number for each, smallest first."""
        columns = self.first.columns
        mask = chosen(columns, wanted, self.threshold, self.differing() if self.is_compared else None)
        if wanted.sort == NAME:
            names = np.array([path.name.casefold() for path in self._paths], np.str_)
            return mask, np.unique(names, return_inverse=True)[1]
        return mask, order(columns, wanted, self.threshold, self.agreement if self.is_compared else None)

    def pair(self, place: int) -> tuple[bytes, bytes] | None:
        """Give what both models said of a file, packed; None where one of them did not yet, or the file is gone."""
        if not 0 <= place < len(self):
            return None
        first, second = self.first.packed_at(place), self.second.packed_at(place)
        return None if first is None or second is None else (first, second)

    # One picture

    def answer_of(self, place: int) -> Answer | None:
        """Give what the model says of a file at the threshold; None where there is no answer."""
        return self.first.answer(place, self.threshold)

    def objects_of(self, place: int) -> DrawnLabels | None:
        """Give what is drawn on a file's small picture."""
        return self.first.objects(place, self.threshold)

    def tile(self, place: int) -> Tile:
        """Give the words under a file's picture."""
        error = self.first.error(place)
        if error:
            return Tile("Unreadable", spoken=error)
        answer = self.answer_of(place)
        if answer is None:
            return Tile("Waiting", spoken="Not looked at yet")
        other = self.second.answer(place, self.threshold) if self.is_compared else None
        agreement = float(self._agreement[place]) if place < len(self._agreement) else float("nan")
        tile = answer.tile
        if place in self._regions:
            tile = replace(
                tile, caption=f"part: {tile.caption}", spoken=f"{self._regions[place].title}. {tile.spoken}"
            )
        if other is None or np.isnan(agreement) or self.answers is None:
            return tile
        return _compared(tile, other.tile, agreement, is_same=agreement >= self.answers.agrees_from)


def _compared(first: Tile, second: Tile, agreement: float, *, is_same: bool) -> Tile:
    caption = first.caption if first.caption == second.caption else f"{first.caption} | {second.caption}"
    words = "The models agree" if is_same else f"The models differ, agreement {agreement:.0%}"
    return Tile(caption, f"{agreement:.0%}", is_same, f"{words}. {first.spoken}; {second.spoken}")
