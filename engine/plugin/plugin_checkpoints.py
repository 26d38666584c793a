"""Checkpoints of full-control plugins: what the plugin saved, our own state beside it, complete or not there at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from engine.channel.reporter import Reporter
from engine.checkpoints.prune import BEST, LAST, epoch_name, manual_name, prune
from engine.checkpoints.recovery import draft_folder, publish, recover_interrupted
from engine.config.supervision import CheckpointConfig
from engine.errors import PluginError
from engine.plugin.contract import BaseModel
from engine.protocol.checkpoint import META_NAME, PLUGIN_CHECKPOINT, CheckpointKind, CheckpointMeta, read_meta
from engine.protocol.disk import write_error
from engine.protocol.events import CheckpointRemoved, CheckpointSaved
from engine.training.job import BestRecord
from engine.training.patience import Patience
from engine.training.state import Position

OWN_STATE = "lensmith.json"


@dataclass(frozen=True, slots=True, eq=False)
class PluginSaver:
    """Writes a run's checkpoints through the plugin's `save_checkpoint`.

    Attributes:
        template: what every meta.json says; position, kind and metrics are filled in.
        numbered: whether to keep `epoch-XXXX` checkpoints.
    """

    folder: Path
    reporter: Reporter
    template: CheckpointMeta
    config: CheckpointConfig
    numbered: bool

    def save_epoch(self, model: BaseModel, position: Position, stopping: Patience, is_best: bool) -> None:
        """Save after an epoch: `best` first where it is one, then `last`, then the numbered one."""
        first = BEST if is_best else LAST
        self._write(first, "best" if is_best else "last", model, position, stopping)
        if is_best:
            self._copy(BEST, LAST, "last")
        epoch = position.epoch
        if self.numbered and self.config.every_epochs and epoch % self.config.every_epochs == 0:
            self._copy(LAST, epoch_name(epoch), "auto")
            for name in prune(self.folder, self.config.keep_last):
                self.reporter.emit(CheckpointRemoved(name=name))

    def save_last(self, model: BaseModel, position: Position, stopping: Patience) -> None:
        self._write(LAST, "last", model, position, stopping)

    def save_manual(self, model: BaseModel, position: Position, stopping: Patience) -> str:
        """Save at the user's wish; gives the checkpoint's name."""
        name = manual_name(position.step)
        self._write(name, "manual", model, position, stopping)
        return name

    def _write(
        self, name: str, kind: CheckpointKind, model: BaseModel, position: Position, stopping: Patience
    ) -> None:
        target = self.folder / name
        try:
            draft = draft_folder(target)
            path = draft / PLUGIN_CHECKPOINT
            path.parent.mkdir(parents=True)
            model.save_checkpoint(str(path), position.epoch, dict(position.metrics))
            if not any(entry.is_file() for entry in path.parent.rglob("*")):
                raise PluginError(
                    "plugin_saved_nothing",
                    "The plugin's save_checkpoint wrote nothing to the path it was given.",
                    "Let it write a file to `path`.",
                )
            state = {"position": asdict(position), "stopping": stopping.state_dict()}
            (draft / OWN_STATE).write_text(json.dumps(state), encoding="utf-8")
            meta = self.template.model_copy(
                update={
                    "kind": kind,
                    "epoch": position.epoch,
                    "step": position.step,
                    "metrics": dict(position.metrics),
                }
            )
            self._complete(draft, target, meta)
        except OSError as error:
            raise write_error(error, target) from error
        finally:
            shutil.rmtree(target.with_name(f".draft-{name}"), ignore_errors=True)

    def _copy(self, source: str, name: str, kind: CheckpointKind) -> None:
        target = self.folder / name
        try:
            draft = draft_folder(target)
            shutil.copytree(self.folder / source, draft, copy_function=_link_or_copy, dirs_exist_ok=True)
            (draft / META_NAME).unlink()
            meta = read_meta(self.folder / source).model_copy(update={"kind": kind})
            self._complete(draft, target, meta)
        except OSError as error:
            raise write_error(error, target) from error

    def _complete(self, draft: Path, target: Path, meta: CheckpointMeta) -> None:
        files = sorted(entry for entry in draft.rglob("*") if entry.is_file())
        hashes: dict[str, str] = {}
        for file in files:
            with file.open("r+b") as opened:
                hashes[file.relative_to(draft).as_posix()] = hashlib.file_digest(opened, "sha256").hexdigest()
                os.fsync(opened.fileno())
        size = sum(file.stat().st_size for file in files)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        written = meta.model_copy(update={"files": hashes, "size_bytes": size, "created": created})
        with (draft / META_NAME).open("wb") as opened:
            opened.write(written.model_dump_json(indent=1).encode())
            opened.flush()
            os.fsync(opened.fileno())
        publish(draft, target)
        self.reporter.emit(
            CheckpointSaved(
                name=target.name,
                kind=written.kind,
                epoch=written.epoch,
                step=written.step,
                metrics=written.metrics,
                size_bytes=size,
            )
        )


def read_position(checkpoint: Path, stopping: Patience) -> Position:
    """Read how far a training was, and what it was waiting for; the plugin's own part is left to the plugin.

    Raises:
        UserError: `checkpoint_missing`, `checkpoint_damaged`.
    """
    if not (checkpoint / META_NAME).is_file() and checkpoint.parent.is_dir():
        recover_interrupted(checkpoint.parent)
    meta = read_meta(checkpoint)
    state: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        state = json.loads((checkpoint / OWN_STATE).read_text(encoding="utf-8"))
    stopping.load_state_dict(cast("Mapping[str, object]", state.get("stopping", {})))
    stored = cast("dict[str, Any]", state.get("position", {}))
    best = stored.get("best")
    return Position(
        epoch=meta.epoch,
        step=meta.step,
        elapsed_s=float(stored.get("elapsed_s", 0.0)),
        best=BestRecord(**best) if best else None,
        metrics=dict(meta.metrics),
        last_command=int(stored.get("last_command", 0)),
    )


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
