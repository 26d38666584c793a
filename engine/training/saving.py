"""Saves the state under the names that runs know: last, best, epoch-XXXX, manual-…; and tells of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from engine.channel.reporter import Reporter
from engine.checkpoints.prune import BEST, LAST, epoch_name, manual_name, prune
from engine.checkpoints.write import copy_checkpoint, write_checkpoint
from engine.config.supervision import CheckpointConfig
from engine.protocol.checkpoint import CheckpointKind, CheckpointMeta
from engine.protocol.events import CheckpointRemoved, CheckpointSaved
from engine.training.loss_log import not_finite
from engine.training.state import TrainingState

_SECONDS_A_MINUTE = 60


class Saver:
    """Writes one run's checkpoints.

    Args:
        template: what every meta.json says; position, kind and metrics are filled in.
        numbered: whether to keep `epoch-XXXX` checkpoints.
    """

    def __init__(
        self,
        folder: Path,
        reporter: Reporter,
        template: CheckpointMeta,
        config: CheckpointConfig,
        numbered: bool,
    ) -> None:
        self._folder = folder
        self._reporter = reporter
        self._template = template
        self._config = config
        self._numbered = numbered
        self._clock: Callable[[], float] = time.monotonic
        self._saved_at = self._clock()

    @property
    def is_due(self) -> bool:
        """Whether it is time for `last` in mid-epoch."""
        every_s = self._config.every_minutes * _SECONDS_A_MINUTE
        return every_s > 0 and self._clock() - self._saved_at >= every_s

    def save_last(self, state: TrainingState) -> None:
        """Save between two steps."""
        self._write(LAST, "last", state)
        self._saved_at = self._clock()

    def save_manual(self, state: TrainingState) -> str:
        """Save at the user's wish; gives the checkpoint's name."""
        name = manual_name(state.position.step)
        self._write(name, "manual", state)
        return name

    def save_epoch(self, state: TrainingState, is_best: bool) -> None:
        """Save after an epoch. `best` comes first: killed after it, the epoch is done again and saves the same."""
        if is_best:
            self._write(BEST, "best", state)
            self._copy(BEST, LAST, "last", state)
        else:
            self._write(LAST, "last", state)
        self._saved_at = self._clock()
        epoch = state.position.epoch
        if self._numbered and self._config.every_epochs and epoch % self._config.every_epochs == 0:
            self._copy(LAST, epoch_name(epoch), "auto", state)
            for name in prune(self._folder, self._config.keep_last):
                self._reporter.emit(CheckpointRemoved(name=name))

    def _write(self, name: str, kind: CheckpointKind, state: TrainingState) -> None:
        weights = state.weights()
        if not _are_finite(weights):
            raise not_finite(f"Some weights are not finite after step {state.position.step}")
        # A process that is killed right after this goes on from here: what was said before is never said again.
        self._reporter.flush()
        written = write_checkpoint(self._folder / name, weights, state.capture(), self._meta(kind, state))
        self._tell(name, written)

    def _copy(self, source: str, name: str, kind: CheckpointKind, state: TrainingState) -> None:
        written = copy_checkpoint(self._folder / source, self._folder / name, self._meta(kind, state))
        self._tell(name, written)

    def _meta(self, kind: CheckpointKind, state: TrainingState) -> CheckpointMeta:
        position = state.position
        return self._template.model_copy(
            update={
                "kind": kind,
                "epoch": position.epoch,
                "batch": position.batch,
                "step": position.step,
                "metrics": dict(position.metrics),
            }
        )

    def _tell(self, name: str, meta: CheckpointMeta) -> None:
        self._reporter.emit(
            CheckpointSaved(
                name=name,
                kind=meta.kind,
                epoch=meta.epoch,
                step=meta.step,
                metrics=meta.metrics,
                size_bytes=meta.size_bytes,
            )
        )


def _are_finite(weights: Mapping[str, Tensor]) -> bool:
    """Find the largest of each on its device, which NaN and infinity show in, and wait for the device once."""
    largest = [
        tensor.abs().amax().double()
        for tensor in weights.values()
        if tensor.is_floating_point() and tensor.numel()
    ]
    return not largest or bool(torch.isfinite(torch.stack(largest)).all())
