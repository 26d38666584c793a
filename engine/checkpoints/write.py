"""Writes a checkpoint: weights, state, and last of all meta.json with their hashes; complete or not there at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from engine.checkpoints.recovery import draft_folder, publish
from engine.protocol.checkpoint import META_NAME, STATE_NAME, WEIGHTS_NAME, CheckpointMeta
from engine.protocol.disk import disk_full, write_error
from engine.protocol.operating_system import free_disk_bytes

_MARGIN = 1.02
_MARGIN_BYTES = 1 << 20
_SIGNS_OF_A_FULL_DISK = ("No space left", "os error 28", "os error 122", "Disk quota", "failed writing file")
"""safetensors and torch.save raise their own classes and keep the cause only in words."""


def write_checkpoint(
    folder: Path, weights: Mapping[str, Tensor], state: Mapping[str, object], meta: CheckpointMeta
) -> CheckpointMeta:
    """Write the checkpoint `folder` in the place of an older one of that name.

    Args:
        folder: where it shall lie, RUN/checkpoints/NAME.
        weights: what inference loads.
        state: tensors, numbers, strings, and dicts, lists and tuples of them: loadable with `weights_only=True`.
        meta: `files`, `size_bytes` and `created` are filled in here.

    Returns:
        The meta record as written.

    Raises:
        UserError: `disk_full` and its like; the older checkpoint is untouched then.
    """
    try:
        _require_room(folder, weights, state)
        draft = draft_folder(folder)
    except OSError as error:
        raise write_error(error, folder) from error
    try:
        save_file(_storable(weights), draft / WEIGHTS_NAME, metadata={"format": "pt"})
        torch.save(dict(state), draft / STATE_NAME)
        return _complete(draft, folder, meta)
    except OSError as error:
        raise write_error(error, folder) from error
    except (SafetensorError, RuntimeError) as error:
        if any(sign in str(error) for sign in _SIGNS_OF_A_FULL_DISK):
            raise disk_full(folder) from error
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def copy_checkpoint(source: Path, target: Path, meta: CheckpointMeta) -> CheckpointMeta:
    """Write `target` with the files of `source` (shared on disk where possible) and another meta record.

    Raises:
        UserError: as `write_checkpoint`.
    """
    try:
        draft = draft_folder(target)
    except OSError as error:
        raise write_error(error, target) from error
    try:
        for name in (WEIGHTS_NAME, STATE_NAME):
            _link_or_copy(source / name, draft / name)
        return _complete(draft, target, meta)
    except OSError as error:
        raise write_error(error, target) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _require_room(folder: Path, weights: Mapping[str, Tensor], state: Mapping[str, object]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    needed = int(_MARGIN * (_tensor_bytes(weights) + _tensor_bytes(state))) + _MARGIN_BYTES
    if free_disk_bytes(folder.parent) < needed:
        raise disk_full(folder)


def _tensor_bytes(value: object) -> int:
    if isinstance(value, Tensor):
        return value.nbytes
    if isinstance(value, Mapping):
        return sum(_tensor_bytes(part) for part in value.values())
    if isinstance(value, list | tuple):
        return sum(_tensor_bytes(part) for part in value)
    return 0


def _storable(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Contiguous CPU tensors, none sharing memory with another (tied weights), as safetensors wants them."""
    stored: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in weights.items():
        plain = tensor.detach().cpu().contiguous()
        address = plain.untyped_storage().data_ptr()
        stored[name] = plain.clone() if address in seen and plain.numel() else plain
        seen.add(address)
    return stored


def _complete(draft: Path, target: Path, meta: CheckpointMeta) -> CheckpointMeta:
    files: dict[str, str] = {}
    size_bytes = 0
    for name in (WEIGHTS_NAME, STATE_NAME):
        with (draft / name).open("r+b") as file:
            files[name] = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        size_bytes += (draft / name).stat().st_size
    created = datetime.now(UTC).isoformat(timespec="seconds")
    written = meta.model_copy(update={"files": files, "size_bytes": size_bytes, "created": created})
    with (draft / META_NAME).open("wb") as file:
        file.write(written.model_dump_json(indent=1).encode())
        file.flush()
        os.fsync(file.fileno())
    publish(draft, target)
    return written


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
