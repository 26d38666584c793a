"""What differs between tasks when a model is tried on pictures: how its answer is said, drawn and saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from desktop.grids.tile import Tile
from desktop.models.drawn_labels import DrawnLabels
from engine.protocol.results import PredictionRecord


@dataclass(frozen=True, slots=True)
class AnswerBar:
    """One line of an answer: a class, an object, and a number beside it."""

    label: str
    value: float
    """0 to 1."""
    is_strong: bool = False
    number: int = -1
    """Of the class, whose colour it has on pictures; -1 where nothing is drawn."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says of one picture, at a threshold."""

    headline: str
    pill: str
    """How sure it is, or how much it found."""
    heading: str
    """What the bars are."""
    bars: tuple[AnswerBar, ...]
    tile: Tile
    why: str = ""
    """Why nothing was found, or nothing is sure."""
    is_unsure: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What a model found in one picture, in numbers by which many pictures are filtered and sorted."""

    classes: NDArray[np.int16]
    """(n,) numbers of classes; -1 for one that nobody knows."""
    scores: NDArray[np.float32]
    """(n,) 0 to 1, the largest first."""
    margin: float = float("nan")
    """How far the first is ahead of the next, where only one can be right; NaN where that is not so."""


class AnswerView(Protocol):
    """How answers of one task are shown. Pure: all that it needs is an argument."""

    measure: str
    """What a score is: confidence, share of the pixels."""
    found_words: tuple[str, str]
    """What is said of pictures with a score above the threshold, and of the others."""
    agrees_from: float
    """Two answers whose `agreement` is as large as this are the same."""
    label_formats: Sequence[str]
    """Layouts in which answers can be written as labels of a dataset, of `engine.datasets.writers.export`."""

    threshold_tip: str
    """What less confidence than the threshold means; empty where confidence plays no part."""
    threshold: float
    """Where it stands at first, 0 to 1."""
    csv_head: Sequence[str]
    """Headings of the table that is saved, between the file and the error."""

    def answer(self, record: PredictionRecord, classes: Sequence[str], threshold: float) -> Answer:
        """Say what the model answered."""
        ...

    def answer_objects(
        self, record: PredictionRecord, classes: Sequence[str], threshold: float
    ) -> DrawnLabels | None:
        """Give what is drawn on a small picture and is known without reading a file. Called while painting."""
        ...

    def answer_labels(self, record: PredictionRecord, classes: Sequence[str]) -> DrawnLabels | None:
        """Give all that is drawn on a picture, of any confidence. May read files: never in the GUI's thread.

        Raises:
            UserError: a mask that cannot be read.
        """
        ...

    def csv_rows(self, record: PredictionRecord, threshold: float) -> list[list[str]]:
        """Give the lines of a picture in the table that is saved, one at least; the cells below `csv_head`."""
        ...

    def told(self, record: PredictionRecord, threshold: float) -> PredictionRecord:
        """Give the record as it is saved at a threshold."""
        ...

    def findings(self, record: PredictionRecord, classes: Sequence[str]) -> Findings:
        """Give all that was found, of any score."""
        ...

    def agreement(self, first: PredictionRecord, second: PredictionRecord, threshold: float) -> float:
        """Say how far two models agree on a picture, 0 to 1. May read files: never in the GUI's thread.

        Raises:
            UserError: a mask that cannot be read.
        """
        ...
