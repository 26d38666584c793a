"""What may explain a difference between results: settings that differ, and what changed in the dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.comparison.measured import Measured
from engine.datasets.annotations import load_annotations
from engine.datasets.lineage import Version
from engine.datasets.lineage import compare as compare_versions
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting in which the runs differ."""

    name: str
    values: tuple[object, ...]
    """Of each result; None where its run does not have the setting."""


@dataclass(frozen=True, slots=True)
class DatasetLine:
    """How the dataset of a result differs from the first one's."""

    name: str
    """Of the result."""
    sentences: tuple[str, ...]


def trained_in(home: Home, result: Measured) -> RunFolder:
    """Give the training that a result is of: itself, or the parent of an evaluation."""
    folder = RunFolder(home.runs / result.run)
    parent = folder.job().task_options.get("parent_run")
    return RunFolder(home.runs / parent) if isinstance(parent, str) else folder


def setting_lines(home: Home, measured: Sequence[Measured]) -> list[SettingLine]:
    """Give only the settings in which the trainings differ. A run whose folder is gone has none.

    Reads the run folders.
    """
    configs = [_config(home, result) for result in measured]
    names = sorted({name for config in configs for name in config})
    lines = [SettingLine(name, tuple(config.get(name) for config in configs)) for name in names]
    return [line for line in lines if any(value != line.values[0] for value in line.values[1:])]


def dataset_lines(home: Home, measured: Sequence[Measured]) -> list[DatasetLine]:
    """Say what differs between the datasets that were measured on; nothing where all are one version.

    Reads the manifests, which takes a while for large datasets.
    """
    first = measured[0]
    lines: list[DatasetLine] = []
    for other in measured[1:]:
        if other.summary.dataset_version == first.summary.dataset_version:
            continue
        try:
            found = compare_versions(_version(home, first), _version(home, other)).sentences()
        except UserError as error:
            found = [f"cannot be read: {error.message}"]
        named = f"{other.summary.dataset} {other.summary.dataset_version[:8]}"
        lines.append(DatasetLine(other.name, (f"measured on {named}", *found)))
    return lines


def _config(home: Home, result: Measured) -> dict[str, object]:
    try:
        return trained_in(home, result).effective_config()
    except (UserError, OSError):
        return {}


def _version(home: Home, result: Measured) -> Version:
    folder = RunFolder(home.runs / result.run)
    has_objects = folder.annotations_path.is_file()
    annotations = load_annotations(folder.annotations_path) if has_objects else None
    return Version(Manifest.load(folder.manifest_path), annotations)
