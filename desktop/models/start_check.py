"""What stands in the way of a training before it is put in the queue, in a sentence; and what it would be called."""

from __future__ import annotations

from collections.abc import Sequence

from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.catalog import PluginEntry
from engine.store.runs import RunRow

NO_DATASET = "Choose a dataset first, or drop a folder on the Data page."
READING = "The models are being read …"


def pick_trouble(dataset: Manifest | None, entry: PluginEntry) -> str:
    """Say why this plugin cannot be trained on this dataset, whatever the settings; empty when it can."""
    if not entry.is_usable:
        missing = entry.missing_requirements
        if missing:
            names = ", ".join(missing)
            return f"This plugin needs packages that are not installed: {names}. The Plugins page says how to get them."
        return "This plugin has problems; see them on the Plugins page."
    if dataset is None:
        return NO_DATASET
    about = entry.metadata
    if about is not None and about.task_type != dataset.task:
        return f"This model is for {about.task_type}, the dataset for {dataset.task}. Change one of them."
    if not any(item.split == "train" for item in dataset.items):
        return f"The dataset {dataset.name} has no images to train on."
    return ""


def unpicked_trouble(error: UserError | None, *, is_loaded: bool) -> str:
    """Say why no model is chosen yet."""
    if error is not None:
        return str(error)
    return "Choose a model." if is_loaded else READING


def next_name(entry: PluginEntry, rows: Sequence[RunRow]) -> str:
    """Give `timm_classifier 3`: the plugin's name and a number that no run has yet."""
    base = entry.model or entry.id
    taken = {found.name for found in rows}
    number = 1 + sum(found.plugin == entry.id for found in rows)
    while f"{base} {number}" in taken:
        number += 1
    return f"{base} {number}"
