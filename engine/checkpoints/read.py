"""Reads a checkpoint back, with its hashes checked, and puts weights into a network that they must fit."""

from __future__ import annotations

import hashlib
import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.checkpoints.recovery import recover_interrupted
from engine.errors import UserError
from engine.protocol.checkpoint import META_NAME, STATE_NAME, WEIGHTS_NAME, CheckpointMeta, read_meta

_UNREADABLE = (
    pickle.UnpicklingError, struct.error, RuntimeError, OSError, EOFError,
    LookupError, ValueError, TypeError, AttributeError, AssertionError, OverflowError,
)  # fmt: skip
"""What torch's own unpickler raises on a file that is none of its kind; the bytes decide which."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredCheckpoint:
    """What a checkpoint holds, on the CPU."""

    weights: dict[str, Tensor]
    state: dict[str, object]
    meta: CheckpointMeta


def read_checkpoint(folder: Path) -> StoredCheckpoint:
    """Read all of a checkpoint. Only for the process that writes the run: mends what a kill left behind.

    Raises:
        UserError: `checkpoint_missing` or `checkpoint_damaged`.
    """
    if not (folder / META_NAME).is_file() and folder.parent.is_dir():
        recover_interrupted(folder.parent)
    meta = read_meta(folder)
    verify_files(folder, meta)
    state = _load_pickled(folder / STATE_NAME)
    return StoredCheckpoint(read_weights(folder / WEIGHTS_NAME), cast("dict[str, object]", state), meta)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read weights from a checkpoint folder, a .safetensors file, or a .pt/.pth file of tensors.

    Raises:
        UserError: `checkpoint_missing` or `checkpoint_damaged`.
    """
    file = path / WEIGHTS_NAME if path.is_dir() else path
    if not file.is_file():
        raise UserError(
            "checkpoint_missing",
            f"There are no weights at {path}.",
            "Give a checkpoint folder, or a .safetensors or .pt file.",
        )
    if file.suffix == ".safetensors":
        try:
            return load_file(file)
        except (SafetensorError, OSError) as error:
            raise _damaged(file, str(error)) from error
    loaded = _load_pickled(file)
    for key in ("state_dict", "model", "model_state_dict"):
        inner = loaded.get(key)
        if isinstance(inner, Mapping):
            loaded = cast("Mapping[str, object]", inner)
            break
    tensors = {name: value for name, value in loaded.items() if isinstance(value, Tensor)}
    if not tensors:
        raise _damaged(file, "it holds no tensors")
    return tensors


def load_weights(network: nn.Module, weights: Mapping[str, Tensor], origin: str) -> None:
    """Put weights into a network that has exactly these tensors.

    Raises:
        UserError: `checkpoint_mismatch` naming what differs first.
    """
    differences = _differences(network, weights)
    if differences:
        shown = "; ".join(differences[:3]) + (" and more" if len(differences) > 3 else "")
        raise UserError(
            "checkpoint_mismatch",
            f"The checkpoint {origin} belongs to another model: {shown}.",
            "Choose a checkpoint of the same plugin, architecture and number of classes.",
        )
    network.load_state_dict(dict(weights), strict=False)


def start_from_weights(network: nn.Module, weights: Mapping[str, Tensor], origin: str) -> list[str]:
    """Begin from the weights of another run: take every tensor that fits and leave the rest as it is.

    Returns:
        The names in the network that were not filled (its head, when the classes differ).

    Raises:
        UserError: `checkpoint_mismatch` when less than half of the network's tensors fit.
    """
    own = tensors_of(network)
    fitting = {
        name: value for name, value in weights.items() if name in own and own[name].shape == value.shape
    }
    if 2 * len(fitting) < len(own):
        raise UserError(
            "checkpoint_mismatch",
            f"Only {len(fitting)} of the network's {len(own)} tensors are in {origin}: it belongs to another model.",
            "Start from weights of the same architecture, or leave start_from empty.",
        )
    network.load_state_dict(fitting, strict=False)
    return [name for name in own if name not in fitting]


def tensors_of(network: nn.Module) -> dict[str, Tensor]:
    """Give a network's parameters and buffers by name, on their device, not copied."""
    state = cast("dict[str, object]", network.state_dict())
    return {name: value for name, value in state.items() if isinstance(value, Tensor)}


def _differences(network: nn.Module, weights: Mapping[str, Tensor]) -> list[str]:
    own = tensors_of(network)
    missing = [f"{name} is missing" for name in own if name not in weights]
    foreign = [f"{name} is unknown" for name in weights if name not in own]
    shapes = [
        f"{name} is {tuple(weights[name].shape)} instead of {tuple(value.shape)}"
        for name, value in own.items()
        if name in weights and weights[name].shape != value.shape
    ]
    return [*shapes, *missing, *foreign]


def verify_files(folder: Path, meta: CheckpointMeta) -> None:
    """See that a checkpoint's files are those that were written.

    Raises:
        UserError: `checkpoint_damaged`.
    """
    for name, expected in meta.files.items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise _damaged(folder, f"{name} cannot be read") from error
        if found != expected:
            raise _damaged(folder, f"{name} is not what was written")


def _load_pickled(file: Path) -> dict[str, object]:
    try:
        loaded: object = torch.load(file, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        why = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise _damaged(file, why) from error
    if not isinstance(loaded, Mapping):
        raise _damaged(file, "it holds no tensors by name")
    return {str(name): value for name, value in cast("Mapping[object, object]", loaded).items()}


def _damaged(path: Path, why: str) -> UserError:
    return UserError(
        "checkpoint_damaged", f"The checkpoint {path} cannot be used: {why}.", "Choose another checkpoint."
    )
