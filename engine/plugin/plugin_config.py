"""The flat dict that a full-control plugin's constructor gets, also when it goes on in the middle of a run."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

START_EPOCH = "start_epoch"
PluginConfig = dict[str, Any]


def config_of_attempt(config: Mapping[str, object], epochs: int, done: int, goes_on: bool) -> PluginConfig:
    """Give the configuration for the epochs that are left.

    A plugin that reads `start_epoch` gets the number of finished epochs and the whole total. One that knows nothing
    of it gets what is left as its total, and counts from its own zero.

    Args:
        config: the attempt's flat configuration.
        epochs: the run's total.
        done: finished epochs.
        goes_on: whether the plugin reads `start_epoch`.
    """
    if not done or goes_on:
        return {**config, "epochs": epochs, START_EPOCH: done}
    return {**config, "epochs": max(0, epochs - done), START_EPOCH: 0}


def knows_start_epoch(source: Path) -> bool:
    """Say whether a plugin's code uses the name `start_epoch`; what comments and docstrings say does not count."""
    return any(
        _uses_name(file.read_text(encoding="utf-8", errors="replace")) for file in source.rglob("*.py")
    )


def _uses_name(text: str) -> bool:
    if START_EPOCH not in text:
        return False
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return False  # a file that cannot be imported either
    return any(
        (isinstance(node, ast.Constant) and node.value == START_EPOCH)
        or (isinstance(node, ast.Attribute) and node.attr == START_EPOCH)
        or (isinstance(node, ast.Name) and node.id == START_EPOCH)
        or (isinstance(node, ast.arg | ast.keyword) and node.arg == START_EPOCH)
        for node in ast.walk(tree)
    )
