"""What `lensmith data` tells of a dataset: counts of images, objects and pixels, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.datasets.statistics import (
    Counts,
    class_counts,
    images_with_object,
    object_counts,
    pixel_shares,
    split_counts,
)
from engine.errors import UserError
from engine.protocol.results import Problem
from engine.verbs.reply import table

Rows = tuple[Sequence[str], Sequence[Sequence[object]]]
"""Heads of columns, and the rows below."""


def summary(library: Library, manifest: Manifest, *, with_pixels: bool = True) -> dict[str, object]:
    """Give the names that other programs rely on; what a task has beside them follows.

    Args:
        library: which holds the dataset.
        manifest: of it.
        with_pixels: open masks, which takes seconds.
    """
    data: dict[str, object] = {
        "name": manifest.name,
        "task": manifest.task,
        "format": manifest.format,
        "version": manifest.version,
        "classes": list(manifest.classes),
        "splits": split_counts(manifest),
        "images": len(manifest.items),
        "objects": sum(item.label is not None or item.mask is not None for item in manifest.items),
        "class_counts": class_counts(manifest) if manifest.task == "classification" else {},
    }
    if manifest.task != "segmentation" or with_pixels:
        data |= _of_task(library, manifest)
    return {**data, "problems": [p.model_dump() for p in manifest.problems]}


def rows_of(manifest: Manifest, data: Mapping[str, object]) -> Rows:
    """Make the table of classes from a summary."""
    if manifest.task == "segmentation":
        shares = cast("dict[str, float]", data.get("pixel_shares", {}))
        rows = [(name, f"{shares[name]:.1%}" if name in shares else None) for name in manifest.classes]
        return ("Class", "Pixels"), rows
    counts = cast("Counts", data["class_counts"])
    splits = list(counts)
    listed = [(name, *(counts[split][name] for split in splits)) for name in manifest.classes]
    return ("Class", *splits), listed


def problem_table(problems: Sequence[Problem], most: int = 50) -> object:
    rows = [(p.severity, p.file, p.message, p.remedy) for p in problems[:most]]
    shown = table(("Severity", "File", "Problem", "Remedy"), rows)
    if len(problems) > most:
        shown.add_row("", f"and {len(problems) - most} more", "", "See them all with --json.")
    return shown


def _of_task(library: Library, manifest: Manifest) -> dict[str, object]:
    if manifest.task == "segmentation":
        try:
            shares, read = pixel_shares(manifest, library.root(manifest.name, manifest.version))
        except UserError:  # its drive is not connected: what is known without the files is told
            return {}
        return {"pixel_shares": shares, "masks_read": read}
    annotations = library.annotations(manifest)
    if annotations is None:
        return {}
    empty = sum(len(annotations.of(place)) == 0 for place in range(len(annotations)))
    return {
        "objects": len(annotations.labels),
        "class_counts": object_counts(manifest, annotations),
        "images_with_class": images_with_object(manifest, annotations),
        "images_without_object": empty,
        "has_masks": annotations.has_masks,
    }
