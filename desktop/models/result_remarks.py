"""What has to be known beside the numbers of a test run, in a line."""

from __future__ import annotations

from engine.protocol.results import ResultSummary

_MOST_NAMED = 4


def remarks_on(summary: ResultSummary) -> str:
    """Say which images make the numbers less true or are not in them; empty where there is nothing to say."""
    remarks: list[str] = []
    if summary.seen_in_training:
        remarks.append(f"The model has learnt from {summary.seen_in_training:,} of these images")
    if summary.classes_left_out:
        names = ", ".join(summary.classes_left_out[:_MOST_NAMED])
        rest = len(summary.classes_left_out) - _MOST_NAMED
        remarks.append(f"Left out: {names}{f' and {rest} more' if rest > 0 else ''}")
    if summary.left_out:
        images = "One image" if summary.left_out == 1 else f"{summary.left_out:,} images"
        remarks.append(f"{images} could not be read")
    return "  ·  ".join(remarks)
