"""Checkpoints of full-control plugins: what the plugin saved, our own state beside it, complete or not there at all."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import torch

from engine.channel.reporter import Reporter
from engine.checkpoints.prune import BEST, LAST, epoch_name, manual_name, prune
from engine.checkpoints.read import verify_files
from engine.checkpoints.recovery import recover_interrupted
from engine.checkpoints.write import checkpoint_draft, complete_draft, copy_checkpoint
from engine.config.supervision import CheckpointConfig
from engine.device.randomness import capture_randomness, restore_randomness, untouched_randomness
from engine.errors import PluginError
from engine.plugin.contract import BaseModel
from engine.protocol.checkpoint import META_NAME, PLUGIN_CHECKPOINT, CheckpointKind, CheckpointMeta, read_meta
from engine.protocol.events import CheckpointRemoved, CheckpointSaved
from engine.training.job import BestRecord
from engine.training.state import Position

OWN_STATE = "lensmith.json"
RANDOMNESS = "randomness.pt"
_SECONDS_A_MINUTE = 60


@dataclass(slots=True)
class OwnState:
    """What we know of a plugin's training beside the plugin itself."""

    position: Position = field(default_factory=Position)
    stopping: Mapping[str, object] = field(default_factory=dict[str, object])
    """Of `engine.training.patience.Patience`."""
    substitute: str | None = None
    """Name of the metric that decides in the place of a chosen one that the plugin does not give."""


class PluginSaver:
    """Writes a run's checkpoints through the plugin's `save_checkpoint`.

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

    def save_epoch(self, model: BaseModel, state: OwnState, is_best: bool) -> None:
        """Save after an epoch: `best` first where it is one, then `last`, then the numbered one."""
        if is_best:
            self._write(BEST, "best", model, state)
            self._copy(BEST, LAST, "last")
        else:
            self._write(LAST, "last", model, state)
        self._saved_at = self._clock()
        epoch = state.position.epoch
        if self._numbered and self._config.every_epochs and epoch % self._config.every_epochs == 0:
            self._copy(LAST, epoch_name(epoch), "auto")
            for name in prune(self._folder, self._config.keep_last):
                self._reporter.emit(CheckpointRemoved(name=name))

    def save_last(self, model: BaseModel, state: OwnState) -> None:
        """Save in mid-epoch: what the plugin can say of itself there."""
        self._write(LAST, "last", model, state)
        self._saved_at = self._clock()

    def save_manual(self, model: BaseModel, state: OwnState) -> str:
        """Save at the user's wish; gives the checkpoint's name."""
        name = manual_name(state.position.step)
        self._write(name, "manual", model, state)
        return name

    def _write(self, name: str, kind: CheckpointKind, model: BaseModel, state: OwnState) -> None:
        position, target = state.position, self._folder / name
        # A process that is killed right after this goes on from here: what was said before is never said again.
        self._reporter.flush()
        with checkpoint_draft(target) as draft:
            torch.save(capture_randomness(random_device()), draft / RANDOMNESS)
            path = draft / PLUGIN_CHECKPOINT
            path.parent.mkdir(parents=True)
            with untouched_randomness(random_device()):
                model.save_checkpoint(str(path), position.epoch, dict(position.metrics))
            if not any(entry.is_file() for entry in path.parent.rglob("*")):
                raise PluginError(
                    "plugin_saved_nothing",
                    "The plugin's save_checkpoint wrote nothing to the path it was given.",
                    "Let it write a file to `path`.",
                )
            (draft / OWN_STATE).write_text(json.dumps(asdict(state)), encoding="utf-8")
            meta = self._template.model_copy(
                update={
                    "kind": kind,
                    "epoch": position.epoch,
                    "batch": position.batch,
                    "step": position.step,
                    "metrics": dict(position.metrics),
                }
            )
            self._tell(name, complete_draft(draft, target, meta))

    def _copy(self, source: str, name: str, kind: CheckpointKind) -> None:
        meta = read_meta(self._folder / source).model_copy(update={"kind": kind})
        self._tell(name, copy_checkpoint(self._folder / source, self._folder / name, meta))

    def _tell(self, name: str, written: CheckpointMeta) -> None:
        self._reporter.emit(
            CheckpointSaved(
                name=name,
                kind=written.kind,
                epoch=written.epoch,
                step=written.step,
                metrics=written.metrics,
                size_bytes=written.size_bytes,
            )
        )


def read_own_state(checkpoint: Path) -> OwnState:
    """Read how far a training was, and what it was waiting for; the plugin's own part is left to the plugin.

    A checkpoint of mid-epoch leads back to the beginning of that epoch: its images come again.

    Raises:
        UserError: `checkpoint_missing`, `checkpoint_damaged`.
    """
    if not (checkpoint / META_NAME).is_file() and checkpoint.parent.is_dir():
        recover_interrupted(checkpoint.parent)
    meta = read_meta(checkpoint)
    verify_files(checkpoint, meta)
    stored: dict[str, Any] = {}
    if (checkpoint / OWN_STATE).is_file():
        stored = json.loads((checkpoint / OWN_STATE).read_text(encoding="utf-8"))
    position = cast("dict[str, Any]", stored.get("position", {}))
    best = position.get("best")
    return OwnState(
        position=Position(
            epoch=meta.epoch,
            step=meta.step - meta.batch,
            elapsed_s=float(position.get("elapsed_s", 0.0)),
            best=BestRecord(**best) if best else None,
            metrics=dict(meta.metrics),
            last_command=int(position.get("last_command", 0)),
        ),
        stopping=cast("Mapping[str, object]", stored.get("stopping", {})),
        substitute=stored.get("substitute"),
    )


def restore_plugin_randomness(checkpoint: Path) -> None:
    """Put the random state back with which the training would have gone on."""
    if (checkpoint / RANDOMNESS).is_file():
        state = torch.load(checkpoint / RANDOMNESS, map_location="cpu", weights_only=True)
        # Also where the plugin has not touched the GPU yet: it may move its network only when it trains.
        was_on_gpu = "cuda" in state and torch.cuda.is_available()
        restore_randomness(state, torch.device("cuda") if was_on_gpu else random_device())


def random_device() -> torch.device:
    """Name the device whose random state counts: a plugin puts its network where it likes."""
    return torch.device("cuda" if torch.cuda.is_available() and torch.cuda.is_initialized() else "cpu")
