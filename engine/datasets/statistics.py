"""Counts over a manifest, its objects and its masks."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from engine.datasets.annotations import Annotations
from engine.datasets.manifest import Item, Manifest
from engine.datasets.masks import IGNORE, read_mask
from engine.errors import UserError

THREADS = 4
_ORDER = ("train", "val", "test")

Counts = dict[str, dict[str, int]]
"""By split (train, val, test first), then by class in the manifest's order."""


def class_counts(manifest: Manifest) -> Counts:
    """Count the labelled images by split (train, val, test first), then by class in the manifest's order."""
    counts = _zeros(manifest)
    for item in manifest.items:
        if item.label is not None:
            counts[item.split][manifest.classes[item.label]] += 1
    return counts


def split_counts(manifest: Manifest) -> dict[str, int]:
    """Count the images by split, those without a label too."""
    counts = dict.fromkeys(_splits(manifest), 0)
    for item in manifest.items:
        counts[item.split] += 1
    return counts


def object_counts(manifest: Manifest, annotations: Annotations) -> Counts:
    """Count the objects by split and class; crowds, being no single object, are left out."""
    return _counted(manifest, annotations, per_image=False)


def images_with_object(manifest: Manifest, annotations: Annotations) -> Counts:
    """Count the images that hold at least one object, by split and class."""
    return _counted(manifest, annotations, per_image=True)


def pixel_shares(manifest: Manifest, root: Path, most: int = 200) -> tuple[dict[str, float], int]:
    """Give each class's share of the pixels that count in masks for training, and how many masks were read.

    Args:
        manifest: of a dataset with masks.
        root: where they are.
        most: how many masks are read, taken evenly; all of a large dataset would take minutes.
    """
    items = [item for item in manifest.items if item.mask is not None and item.split == "train"]
    items = items[:: max(1, -(-len(items) // most))]
    with ThreadPoolExecutor(THREADS, thread_name_prefix="mask") as pool:
        counted = list(pool.map(partial(_pixels, manifest, root), items))
    total = np.sum([np.zeros(IGNORE + 1, np.int64), *counted], axis=0)[: len(manifest.classes)]
    whole = max(1, int(total.sum()))
    shares = {name: int(count) / whole for name, count in zip(manifest.classes, total.tolist(), strict=True)}
    return shares, len(items)


def training_counts(
    items: Sequence[Item], classes: Sequence[str], annotations: Annotations | None
) -> list[int] | None:
    """Count what there is to train on of each class: images, or objects; None where only masks could tell."""
    if annotations is None and all(item.label is None for item in items):
        return None
    counts = np.zeros(len(classes), np.int64)
    for place, item in enumerate(items):
        if item.split != "train":
            continue
        if annotations is not None:
            counts += np.bincount(annotations.of(place).labels, minlength=len(classes))
        elif item.label is not None:
            counts[item.label] += 1
    return counts.tolist()


def _counted(manifest: Manifest, annotations: Annotations, *, per_image: bool) -> Counts:
    width = len(manifest.classes)
    totals = {split: np.zeros(width, np.int64) for split in _splits(manifest)}
    for place, item in enumerate(manifest.items):
        objects = annotations.of(place)
        found = np.bincount(objects.labels[~objects.crowd], minlength=width)
        totals[item.split] += (found > 0) if per_image else found
    return {
        split: dict(zip(manifest.classes, total.tolist(), strict=True)) for split, total in totals.items()
    }


def _pixels(manifest: Manifest, root: Path, item: Item) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    try:
        return np.bincount(read_mask(root, item, manifest).reshape(-1), minlength=IGNORE + 1)
    except UserError:  # gone since; a check tells
        return np.zeros(IGNORE + 1, np.int64)


def _zeros(manifest: Manifest) -> Counts:
    return {split: dict.fromkeys(manifest.classes, 0) for split in _splits(manifest)}


def _splits(manifest: Manifest) -> list[str]:
    there = {item.split for item in manifest.items}
    return [split for split in _ORDER if split in there] + sorted(there - set(_ORDER))
