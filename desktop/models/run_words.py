"""How a run's state, times and sizes are said: the same words on every page."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.protocol.words import (
    METRIC_WORDS,
    SPLIT_WORDS,
    change_text,
    duration_words,
    is_lower_better,
    is_share,
    metric_phrase,
    metric_text,
    metric_words,
    plural,
    size_words,
)
from engine.store.measurements import CheckpointRow
from engine.store.runs import RunRow

__all__ = [
    "KIND_WORDS",
    "METRIC_WORDS",
    "PHASE_WORDS",
    "SPLIT_WORDS",
    "STATE_WORDS",
    "change_text",
    "device_words",
    "duration_words",
    "is_lower_better",
    "is_share",
    "kind_word",
    "memory_words",
    "metric_phrase",
    "metric_text",
    "metric_words",
    "plural",
    "run_title",
    "size_words",
    "state_words",
    "without_commands",
]
STATE_WORDS: Mapping[str, tuple[str, str]] = {
    "queued": ("Waiting", "muted"),
    "preparing": ("Preparing", "info"),
    "starting": ("Starting", "info"),
    "running": ("Training", "info"),
    "held": ("On hold", "warn"),
    "paused": ("Paused", "warn"),
    "stopping": ("Stopping", "warn"),
    "completed": ("Finished", "ok"),
    "stopped": ("Stopped", "muted"),
    "failed": ("Failed", "bad"),
    "cancelled": ("Discarded", "muted"),
    "lost": ("Not answering", "warn"),
}
"""Word and tone of each state."""
KIND_WORDS: Mapping[str, str] = {
    "train": "Training",
    "evaluate": "Evaluating",
    "export": "Exporting",
    "profile": "Profiling",
}
PHASE_WORDS: Mapping[str, str] = {
    "prepare the machine": "Preparing the machine",
    "import": "Loading the libraries",
    "read_data": "Reading the dataset",
    "load_plugin": "Loading the plugin",
    "build_model": "Building the model",
    "load_weights": "Loading the weights",
    "choose_precision": "Choosing the precision by measurement",
    "build_optimizer": "Building the optimizer",
    "resume": "Loading the checkpoint",
    "cache": "Filling the image cache",
    "compile": "Compiling the model",
    "first_step": "First step",
}
_COMMAND = re.compile(r"(: |, or |:? with )`lensmith [^`]*`")


def state_words(row: RunRow) -> tuple[str, str]:
    """Give the word and the tone for a run's state."""
    word, tone = STATE_WORDS[row.state]
    if row.state == "running":
        word = KIND_WORDS.get(row.kind, "Running")
    return word, tone


def run_title(row: RunRow) -> str:
    """What people call a run: its name, else its model and the end of its id."""
    return row.name or f"{row.model or row.plugin} · {row.run[-4:]}"


def memory_words(size_bytes: float) -> tuple[str, str]:
    """Value and unit of an amount of memory, in powers of two, as GPUs are sold."""
    gigabytes = size_bytes / 2**30
    return (f"{gigabytes:.1f}", "GB") if gigabytes >= 1 else (f"{size_bytes / 2**20:.0f}", "MB")


def device_words(devices: str) -> str:
    """`cpu` → `CPU`, `cuda:0,cuda:1` → `GPU 0, GPU 1`."""
    kinds = [device.partition(":") for device in devices.split(",")]
    return ", ".join(
        f"GPU {number or 0}" if kind == "cuda" else f"{kind}{colon}{number}".upper()
        for kind, colon, number in kinds
    )


def kind_word(checkpoint: CheckpointRow) -> str:
    """The type of a checkpoint."""
    return {"best": "best", "last": "last", "manual": "manual", "auto": "auto"}.get(
        checkpoint.kind, checkpoint.kind
    )


def without_commands(hint: str) -> str:
    """Take the commands out of a hint that was written for the command line too: here are buttons."""
    return _COMMAND.sub("", hint)
