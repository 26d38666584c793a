"""The flat dict that a full-control plugin's constructor gets, also when it goes on in the middle of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

START_EPOCH = "start_epoch"
PluginConfig = dict[str, Any]


def config_of_attempt(config: Mapping[str, object], epochs: int, done: int, source: Path) -> PluginConfig:
    """Give the configuration for the epochs that are left.

    A plugin that reads `start_epoch` gets the number of finished epochs and the whole total. One that knows nothing
    of it gets what is left as its total, and counts from its own zero.

    Args:
        config: the attempt's flat configuration.
        epochs: the run's total.
        done: finished epochs.
        source: the plugin's folder.
    """
    if not done or knows_start_epoch(source):
        return {**config, "epochs": epochs, START_EPOCH: done}
    return {**config, "epochs": max(0, epochs - done), START_EPOCH: 0}


def knows_start_epoch(source: Path) -> bool:
    """Say whether a plugin's source speaks of `start_epoch`."""
    files = source.rglob("*.py")
    return any(START_EPOCH in file.read_text(encoding="utf-8", errors="replace") for file in files)
