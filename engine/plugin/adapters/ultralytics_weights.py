"""Pretrained weights of Ultralytics: a file that is there, or one that its package fetches when there is a network."""

from __future__ import annotations

import socket
import urllib.request
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from engine.checkpoints.read import read_weights, start_from_weights, tensors_of
from engine.errors import PluginError, UserError
from engine.plugin.adapters.ultralytics_package import network_allowed, ultralytics_folder

_HOST = "github.com"
"""Where its package fetches weights from."""


def fill(yolo: nn.Module, architecture: str, source: str, path: str | None, notes: list[str]) -> None:
    """Put weights into a network, as the setting `pretrained` says.

    Args:
        yolo: with weights from chance.
        architecture: its name.
        source: auto, hub, file, off.
        path: of the file.
        notes: gets what the user should read.

    Raises:
        PluginError: `weights_missing`, `weights_unreachable`; UserError: `checkpoint_missing`, `checkpoint_damaged`,
            `checkpoint_mismatch`.
    """
    if source == "off":
        return
    if source == "file":
        if not path:
            raise PluginError(
                "weights_missing",
                "pretrained is `file`, but pretrained_path names none.",
                "Set pretrained_path to a .safetensors, .pt or .pth file.",
            )
        _start(yolo, weights_in(Path(path)), path, notes)
        return
    file = stored_file(architecture)
    if not file.is_file():
        try:
            _fetch(architecture, file)
        except PluginError as error:
            if source == "hub":
                raise
            notes.append(
                f"{error.message} The training starts from chance, which needs more images and epochs."
            )
            return
    _start(yolo, weights_in(file), file.name, notes)


def stored_file(architecture: str) -> Path:
    """Name the place where fetched weights are kept, and where a file may be put by hand."""
    return ultralytics_folder() / "weights_dir" / f"{architecture}.pt"


def weights_in(path: Path) -> dict[str, Tensor]:
    """Read weights from a run's checkpoint, a file of tensors, or a model that Ultralytics saved.

    Of the last kind only classes that its package knows as harmless are loaded.

    Raises:
        UserError: `checkpoint_missing`, `checkpoint_damaged`.
    """
    try:
        return read_weights(path)
    except UserError as error:
        if path.suffix != ".pt" or not path.is_file():
            raise
        unread = error
    from ultralytics.nn.tasks import torch_safe_load  # an optional package

    try:
        stored: dict[str, Any] = torch_safe_load(str(path), safe_only=True)[0]
        model = stored.get("ema") or stored["model"]
        return {name: value.float() for name, value in tensors_of(model).items()}
    except Exception as error:
        # Its package raises many kinds for what it cannot read or does not trust.
        raise unread from error


def _start(yolo: nn.Module, weights: dict[str, Tensor], origin: str, notes: list[str]) -> None:
    left = start_from_weights(yolo, weights, origin)
    if left:
        shown = ", ".join(left[:4]) + (" …" if len(left) > 4 else "")
        notes.append(f"{len(left)} tensors of the network are not in {origin} and start afresh: {shown}.")


def _fetch(architecture: str, file: Path) -> None:
    from ultralytics.utils.downloads import attempt_download_asset  # an optional package

    refusal = PluginError(
        "weights_unreachable",
        f"The weights of {architecture} could not be fetched.",
        f"Connect to the internet, or put {file.name} into {file.parent}, or set pretrained to off.",
    )
    if not _is_found(_HOST):
        raise refusal
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with network_allowed():
            attempt_download_asset(str(file))
    except Exception as error:
        # No network, no such release, a damaged download: each has its own kind there.
        file.unlink(missing_ok=True)
        raise refusal from error
    if not file.is_file():
        raise refusal


def _is_found(host: str) -> bool:
    """Say whether a host has an address; behind a proxy only the proxy knows."""
    if urllib.request.getproxies():
        return True
    try:
        socket.getaddrinfo(host, 443)
    except OSError:
        return False
    return True
