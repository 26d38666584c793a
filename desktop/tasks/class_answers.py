"""What a classifier says of pictures that nobody labelled: the likeliest class, unsure below a threshold, saved."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from desktop.grids.tile import Tile
from desktop.models.answer import Answer, AnswerBar, Findings
from desktop.models.drawn_labels import DrawnLabels
from engine.protocol.results import PredictionRecord

UNSURE = "unsure"
TOP_SAVED = 5
_NO_NUMBER = "The model's answer is no number: its training went astray. Choose an earlier checkpoint."


class ClassAnswers:
    """See `AnswerView`."""

    threshold_tip = "Answers with less confidence are shown as unsure"
    threshold = 0.0
    csv_head = (
        "label",
        "confidence",
        *(f"top{place}{part}" for place in range(1, TOP_SAVED + 1) for part in ("", "_confidence")),
    )
    measure = "confidence"
    found_words = ("Sure", "Unsure")
    agrees_from = 1.0
    label_formats: Sequence[str] = ()

    def answer(
        self,
        record: PredictionRecord,
        classes: Sequence[str],  # noqa: ARG002  # the record has names
        threshold: float,
    ) -> Answer:
        confidence = record.confidence or 0.0
        if math.isnan(confidence):
            tile = Tile(UNSURE, "–", spoken="The model's answer is no number")
            return Answer("Unsure", "no number", "Likeliest classes", (), tile, _NO_NUMBER, is_unsure=True)
        best = record.top[0].label if record.top else record.label or ""
        bars = tuple(
            AnswerBar(scored.label, scored.confidence, is_strong=place == 0)
            for place, scored in enumerate(record.top)
        )
        note = f"{confidence:.0%}"
        if confidence >= threshold:
            tile = Tile(best, note, spoken=f"Predicted {best}, confidence {note}")
            return Answer(best, f"{confidence:.1%} confidence", "Likeliest classes", bars, tile)
        tile = Tile(UNSURE, note, spoken=f"Unsure; likeliest {best}, confidence {note}")
        why = f"The likeliest class, {best}, is below the threshold of {threshold:.0%}."
        return Answer("Unsure", f"{confidence:.1%}", "Likeliest classes", bars, tile, why, is_unsure=True)

    def answer_objects(
        self,
        record: PredictionRecord,  # noqa: ARG002  # nothing lies on a picture
        classes: Sequence[str],  # noqa: ARG002  # the same
        threshold: float,  # noqa: ARG002  # the same
    ) -> DrawnLabels | None:
        return None

    def answer_labels(
        self,
        record: PredictionRecord,  # noqa: ARG002  # the same
        classes: Sequence[str],  # noqa: ARG002  # the same
    ) -> DrawnLabels | None:
        return None

    def csv_rows(self, record: PredictionRecord, threshold: float) -> list[list[str]]:
        confidence = record.confidence or 0.0
        best = record.top[0].label if record.top else record.label or ""
        top = [
            part for scored in record.top[:TOP_SAVED] for part in (scored.label, f"{scored.confidence:.6f}")
        ]
        top += [""] * (2 * TOP_SAVED - len(top))
        return [[best if confidence >= threshold else UNSURE, f"{confidence:.6f}", *top]]

    def told(self, record: PredictionRecord, threshold: float) -> PredictionRecord:
        best = record.top[0].label if record.top else record.label
        is_sure = (record.confidence or 0.0) >= threshold
        return record.model_copy(update={"label": best if is_sure else None})

    def findings(self, record: PredictionRecord, classes: Sequence[str]) -> Findings:
        """The likeliest class alone."""
        if not record.top:
            return Findings(np.zeros(0, np.int16), np.zeros(0, np.float32))
        best, *rest = record.top
        number = classes.index(best.label) if best.label in classes else -1
        margin = best.confidence - (rest[0].confidence if rest else 0.0)
        return Findings(np.array([number], np.int16), np.array([best.confidence], np.float32), margin)

    def agreement(self, first: PredictionRecord, second: PredictionRecord, threshold: float) -> float:  # noqa: ARG002  # the likeliest class is told at any
        """1 where the likeliest class is the same; else the less, the surer both are."""
        if not first.top or not second.top:
            return float(first.label == second.label)
        ours, theirs = first.top[0], second.top[0]
        return 1.0 if ours.label == theirs.label else (1 - min(ours.confidence, theirs.confidence)) / 2
