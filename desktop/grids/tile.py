"""What a tile of the image grid says about its image, without how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tile:
    """The words of one tile.

    Attributes:
        caption: under the picture, left; cut off where it is too long.
        note: under the picture, right: a number that stays whole.
        is_correct: draws a tick or a cross and its colour; None where nothing is judged.
        spoken: the whole as a sentence, for screen readers and the tooltip.
        remark: on the lower edge of the picture: why it is in a list.
    """

    caption: str
    note: str = ""
    is_correct: bool | None = None
    spoken: str = ""
    remark: str = ""


def judged_tile(truth: str | None, prediction: str, confidence: float) -> Tile:
    """Give the tile of a predicted image: `truth → prediction` where they differ, with a cross.

    Args:
        truth: the right class; None when nobody knows it, and nothing is judged.
        prediction: the class that the model says.
        confidence: 0 to 1.
    """
    note = f"{confidence:.0%}"
    if truth is None:
        return Tile(prediction, note, None, f"Predicted {prediction}, confidence {note}")
    is_correct = truth == prediction
    caption = prediction if is_correct else f"{truth} → {prediction}"
    verdict = "Correct" if is_correct else "Incorrect"
    return Tile(
        caption, note, is_correct, f"{verdict}: true {truth}, predicted {prediction}, confidence {note}"
    )
