"""Counts over a manifest."""

from __future__ import annotations

from engine.datasets.manifest import Manifest

_ORDER = ("train", "val", "test")


def class_counts(manifest: Manifest) -> dict[str, dict[str, int]]:
    """Count the labelled images by split (train, val, test first), then by class in the manifest's order."""
    there = {item.split for item in manifest.items}
    splits = [split for split in _ORDER if split in there] + sorted(there - set(_ORDER))
    counts = {split: dict.fromkeys(manifest.classes, 0) for split in splits}
    for item in manifest.items:
        if item.label is not None:
            counts[item.split][manifest.classes[item.label]] += 1
    return counts
