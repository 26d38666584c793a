"""Where a model comes from, as tags: its run, dataset version, the run that it began from, and its exports."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UserError
from engine.protocol.checkpoint import PLUGIN_CHECKPOINT, WEIGHTS_NAME, CheckpointMeta, list_checkpoints
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store

PREFIX = "lensmith."


@dataclass(frozen=True, slots=True)
class WrittenExport:
    """A deployment file that was written of a checkpoint."""

    run: str
    """Of the export."""
    format: str
    path: Path
    is_verified: bool


def lineage_tags(home: Home, folder: RunFolder, checkpoint: str, meta: CheckpointMeta) -> dict[str, str]:
    """Say where a checkpoint comes from, and what was exported of it. Reads the disk."""
    job = folder.job()
    tags = {
        "run": folder.run,
        "checkpoint": checkpoint,
        "epoch": str(meta.epoch),
        "step": str(meta.step),
        "task": meta.task,
        "classes": ", ".join(meta.class_names)[:1000],
        "plugin": job.plugin.id,
        "plugin_hash": meta.plugin_hash,
        "model": job.plugin.model,
        "dataset": job.dataset.name if job.dataset else "",
        "dataset_version": job.dataset.version if job.dataset else "",
        "weights_sha256": meta.files.get(WEIGHTS_NAME, meta.files.get(PLUGIN_CHECKPOINT, "")),
        "parent_run": parent_run(home, folder),
        "exports": ", ".join(
            f"{export.format} of {export.run}{'' if export.is_verified else ' (not verified)'}"
            for export in exports_of(home, folder.run, checkpoint)
        ),
    }
    tags |= {f"metric.{name}": f"{value:.6g}" for name, value in meta.metrics.items()}
    return {f"{PREFIX}{name}": value for name, value in tags.items() if value}


def parent_run(home: Home, folder: RunFolder) -> str:
    """Give the run from whose weights a training began; empty where it began elsewhere, or that run is gone.

    The frozen weights are found again by their bytes among the checkpoints of all runs.
    """
    named = folder.job().config.get("start_from")
    weights = folder.path / named if isinstance(named, str) and named else None
    if weights is None or not weights.is_file():
        return ""
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    for other in sorted(home.runs.iterdir(), reverse=True):
        if other != folder.path and _has_weights(RunFolder(other), digest):
            return other.name
    return ""


def exports_of(home: Home, run: str, checkpoint: str) -> list[WrittenExport]:
    """List the files that were exported of a checkpoint and are still there, oldest first."""
    with Store.open(home.store_path) as store:
        rows = [row for row in reversed(store.runs("export")) if row.parent == run]
        written = [(row.run, entry) for row in rows for entry in store.exports(row.run)]
    found: list[WrittenExport] = []
    for export, entry in written:
        folder = RunFolder(home.runs / export)
        path = folder.path / entry.path
        if path.is_file() and _measured_checkpoint(folder) == checkpoint:
            found.append(WrittenExport(export, entry.format, path, entry.verified))
    return found


def _has_weights(folder: RunFolder, digest: str) -> bool:
    try:
        return any(digest in meta.files.values() for _, meta in list_checkpoints(folder.checkpoints))
    except UserError:
        return False


def _measured_checkpoint(folder: RunFolder) -> str:
    try:
        return str(folder.job().task_options.get("checkpoint", ""))
    except UserError:
        return ""
