"""Writes a checkpoint: weights, state, and last of all meta.json with their hashes; complete or not there at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor
from torch.serialization import get_crc32_options, set_crc32_options

from engine.checkpoints.recovery import draft_folder, publish, remove_draft
from engine.protocol.checkpoint import META_NAME, STATE_NAME, WEIGHTS_NAME, CheckpointMeta, read_meta
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
    except OSError as error:
        raise write_error(error, folder) from error
    with checkpoint_draft(folder) as draft:
        save_file(_storable(weights), draft / WEIGHTS_NAME, metadata={"format": "pt"})
        _save_state(dict(state), draft / STATE_NAME)
        return complete_draft(draft, folder, meta)


def copy_checkpoint(source: Path, target: Path, meta: CheckpointMeta) -> CheckpointMeta:
    """Write `target` with the files of `source` (shared on disk where possible) and another meta record.

    What is shared is the same file, whose hash is known; what had to be copied is hashed anew.

    Raises:
        UserError: as `write_checkpoint`.
    """
    with checkpoint_draft(target) as draft:
        known = read_meta(source).files
        shared: dict[str, str] = {}
        # Not copytree: it forgets that the disk was full.
        for path in sorted(entry for entry in source.rglob("*") if entry.is_file()):
            name = path.relative_to(source)
            if name != Path(META_NAME):
                (draft / name).parent.mkdir(parents=True, exist_ok=True)
                if _is_linked(path, draft / name) and name.as_posix() in known:
                    shared[name.as_posix()] = known[name.as_posix()]
        return complete_draft(draft, target, meta, shared)


@contextmanager
def checkpoint_draft(target: Path) -> Iterator[Path]:
    """Give an empty folder to write the checkpoint `target` in; what is not completed goes away.

    Raises:
        UserError: `disk_full` and its like, for what writing in the block raises.
    """
    try:
        yield draft_folder(target)
    except OSError as error:
        raise write_error(error, target) from error
    except (SafetensorError, RuntimeError) as error:
        if any(sign in str(error) for sign in _SIGNS_OF_A_FULL_DISK):
            raise disk_full(target) from error
        raise
    finally:
        remove_draft(target)


def complete_draft(
    draft: Path, target: Path, meta: CheckpointMeta, known: Mapping[str, str] | None = None
) -> CheckpointMeta:
    """Hash all files of a draft, write its meta.json, and give it its name. Returns the meta record as written.

    Args:
        draft: the folder with the files.
        target: where it shall lie.
        meta: what is said of it beside its files.
        known: sha256 by name of files that lie on the disk already.
    """
    files: dict[str, str] = {}
    size_bytes = 0
    for path in sorted(entry for entry in draft.rglob("*") if entry.is_file()):
        name = path.relative_to(draft).as_posix()
        if known is not None and name in known:
            files[name] = known[name]
        else:
            with path.open("r+b") as file:
                files[name] = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
        size_bytes += path.stat().st_size
    created = datetime.now(UTC).isoformat(timespec="seconds")
    written = meta.model_copy(update={"files": files, "size_bytes": size_bytes, "created": created})
    with (draft / META_NAME).open("wb") as file:
        file.write(written.model_dump_json(indent=1).encode())
        file.flush()
        os.fsync(file.fileno())
    publish(draft, target)
    return written


def _require_room(folder: Path, weights: Mapping[str, Tensor], state: Mapping[str, object]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    needed = int(_MARGIN * stored_bytes(weights, state)) + _MARGIN_BYTES
    if free_disk_bytes(folder.parent) < needed:
        raise disk_full(folder)


def stored_bytes(weights: Mapping[str, Tensor], state: Mapping[str, object]) -> int:
    """About what a checkpoint takes on disk: the bytes of its tensors."""
    return _tensor_bytes(weights) + _tensor_bytes(state)


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


def _is_linked(source: Path, target: Path) -> bool:
    """Give a file a second name where the disk can, else copy it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
        return False
    return True


def _save_state(state: dict[str, object], path: Path) -> None:
    """Leave out the check sums of the archive's own: the whole file is hashed."""
    earlier = get_crc32_options()
    set_crc32_options(False)
    try:
        torch.save(state, path)
    finally:
        set_crc32_options(earlier)
