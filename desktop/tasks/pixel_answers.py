"""What a segmenter says of pictures that nobody labelled: the class of each pixel, and the share that each has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from desktop.grids.tile import Tile
from desktop.models.answer import Answer, AnswerBar, Findings
from desktop.models.drawn_labels import NOTHING, DrawnLabels
from desktop.models.result_labels import read_numbers
from engine.protocol.results import PredictionRecord


class PixelAnswers:
    """See `AnswerView`."""

    threshold_tip = ""
    threshold = 0.0
    csv_head = ("class", "share")
    measure = "share"
    found_words = ("Found", "Nothing found")
    agrees_from = 0.95
    label_formats: Sequence[str] = ("masks",)

    def answer(
        self,
        record: PredictionRecord,
        classes: Sequence[str],
        threshold: float,  # noqa: ARG002  # nothing is unsure
    ) -> Answer:
        known = {name: number for number, name in enumerate(classes)}
        shares = list((record.shares or {}).items())
        bars = tuple(
            AnswerBar(name, share, place == 0, known.get(name, 0))
            for place, (name, share) in enumerate(shares)
        )
        if not shares:
            return Answer("No pixels", "", "Share of the pixels", (), Tile("no pixels"))
        name, share = shares[0]
        tile = Tile(name, f"{share:.0%}", spoken=f"Mostly {name}, {share:.0%} of the pixels")
        number = "1 class" if len(shares) == 1 else f"{len(shares)} classes"
        return Answer(f"Mostly {name}", number, "Share of the pixels", bars, tile)

    def answer_objects(
        self,
        record: PredictionRecord,  # noqa: ARG002  # all of it is in a file
        classes: Sequence[str],  # noqa: ARG002  # the same
        threshold: float,  # noqa: ARG002  # the same
    ) -> DrawnLabels | None:
        return None

    def answer_labels(
        self,
        record: PredictionRecord,
        classes: Sequence[str],  # noqa: ARG002  # numbers are classes already
    ) -> DrawnLabels | None:
        return None if record.mask is None else pixels_of(read_numbers(Path(record.mask)))

    def csv_rows(self, record: PredictionRecord, threshold: float) -> list[list[str]]:  # noqa: ARG002  # the same
        return [[name, f"{share:.6f}"] for name, share in (record.shares or {}).items()] or [["", ""]]

    def told(self, record: PredictionRecord, threshold: float) -> PredictionRecord:  # noqa: ARG002  # the same
        return record

    def findings(self, record: PredictionRecord, classes: Sequence[str]) -> Findings:
        shares = record.shares or {}
        known = {name: number for number, name in enumerate(classes)}
        return Findings(
            np.array([known.get(name, -1) for name in shares], np.int16),
            np.array(list(shares.values()), np.float32),
        )

    def agreement(self, first: PredictionRecord, second: PredictionRecord, threshold: float) -> float:  # noqa: ARG002  # a pixel has one class at any
        """The share of the pixels to which both give the same class."""
        if first.mask is None or second.mask is None:
            return 1.0 if first.shares == second.shares else 0.0
        ours, theirs = read_numbers(Path(first.mask)), read_numbers(Path(second.mask))
        return float((ours == theirs).mean()) if ours.shape == theirs.shape else 0.0


def pixels_of(classes: NDArray[np.integer]) -> DrawnLabels:
    """Give what is drawn for the classes of pixels, (h, w)."""
    height, width = classes.shape
    return DrawnLabels(width, height, class_map=np.minimum(classes, NOTHING).astype(np.uint8))
