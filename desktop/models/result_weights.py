"""Which checkpoint holds the weights that a result was measured with, as far as one is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.protocol.checkpoint import WEIGHTS_NAME, is_whole, list_checkpoints
from engine.protocol.home import Home
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Weights:
    """Where the weights of a result lie."""

    checkpoint: Path | None
    reason: str = ""
    """Why there is none, a full sentence."""


def weights_of(home: Home, run: str, summary: ResultSummary) -> Weights:
    """Look for the checkpoint of a result among those of its training. Reads the disk: never in the GUI's thread.

    Args:
        home: of the user.
        run: the training.
        summary: of the result; without a hash of the weights the step tells them.
    """
    folder = RunFolder(home.runs / run).checkpoints
    for name, meta in list_checkpoints(folder):
        is_same = (
            meta.files.get(WEIGHTS_NAME) == summary.weights_sha256
            if summary.weights_sha256
            else meta.step == summary.step
        )
        if is_same and is_whole(folder / name, meta):
            return Weights(folder / name)
    return Weights(
        None,
        f"No checkpoint is kept with the weights of epoch {summary.epoch}: choose a validation of one that is, "
        "or evaluate one.",
    )
