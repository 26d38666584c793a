"""The files that a model can be taken from: checkpoints of a training, and ONNX files that were exported from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from desktop.models.exports import ExportFact, list_exports
from desktop.models.result_checkpoints import CheckpointFact, TrainedRun, trained_runs
from engine.protocol.home import Home

_FORMAT = "onnx"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One of a training's models."""

    key: str
    """Name of the checkpoint, or of the run that exported."""
    title: str
    path: Path
    fact: CheckpointFact | None = None
    """None for an exported file."""


@dataclass(frozen=True, slots=True)
class Offered:
    """All trainings with a model, newest first, and what was exported of each."""

    runs: tuple[TrainedRun, ...] = ()
    exports: Mapping[str, Sequence[ExportFact]] | None = None
    """Those whose file is there, by training."""

    def files(self, run: TrainedRun) -> tuple[ModelFile, ...]:
        """List the models of a training: checkpoints as they are, then exported files, the newest first."""
        kept = [ModelFile(fact.name, fact.title, run.path(fact.name), fact) for fact in run.checkpoints]
        exported = (self.exports or {}).get(run.row.run, ())
        twice = [fact.checkpoint for fact in exported]
        for fact in exported:
            if fact.path is not None:
                number = f" ({fact.run})" if twice.count(fact.checkpoint) > 1 else ""
                kept.append(ModelFile(fact.run, f"ONNX of {fact.checkpoint or 'best'}{number}", fact.path))
        return tuple(kept)


def offered_models(home: Home) -> Offered:
    """List them all. Reads the disk: never in the GUI's thread.

    Raises:
        UserError: one of the store's.
    """
    exports: dict[str, list[ExportFact]] = {}
    for fact in list_exports(home):
        if fact.path is not None and fact.format == _FORMAT and fact.row.parent:
            exports.setdefault(fact.row.parent, []).append(fact)
    return Offered(tuple(trained_runs(home)), exports)


def offered_runs(trained: Sequence[TrainedRun]) -> Offered:
    """Offer checkpoints alone."""
    return Offered(tuple(trained))
