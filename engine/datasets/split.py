"""Stratified splits that follow from an image's bytes alone, so that an image never moves between runs."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from engine.datasets.manifest import Item, Manifest

TRAIN, VAL, TEST = "train", "val", "test"
ALL = "all"
"""What is asked for to have the images of every split; no image is filed under it."""


def with_validation(manifest: Manifest, share: float) -> Manifest:
    """Take a share of each class's training images for validation, where the dataset has no such split.

    The version stays: it is the same dataset, looked at with the run's own setting.
    """
    if any(item.split == VAL for item in manifest.items):
        return manifest
    training = [item for item in manifest.items if item.split == TRAIN]
    moved = choose(training, {VAL: share}, seed=0)
    items = [
        item.model_copy(update={"split": VAL})
        if item.split == TRAIN and moved.get(item.sha256) == VAL
        else item
        for item in manifest.items
    ]
    return manifest.model_copy(update={"items": tuple(items)})


def divide(manifest: Manifest, shares: Mapping[str, float], seed: int) -> Manifest:
    """Divide all images anew, of a dataset of labels those that have one; the rest is for training. A new version."""
    divided = [item for item in manifest.items if item.label is not None or manifest.task != "classification"]
    chosen = choose(divided, shares, seed)
    paths = {item.path for item in divided}
    items = [
        item.model_copy(update={"split": chosen.get(item.sha256, TRAIN)}) if item.path in paths else item
        for item in manifest.items
    ]
    return manifest.with_items(items)


def with_strata(items: Sequence[Item], held: Sequence[Sequence[int]]) -> list[Item]:
    """Note with each image the rarest class that it holds.

    Args:
        items: images without a label of their own.
        held: the different classes in each.
    """
    images = Counter(label for labels in held for label in labels)
    return [
        item.model_copy(update={"stratum": min(labels, key=lambda label: (images[label], label))})
        if labels
        else item
        for item, labels in zip(items, held, strict=True)
    ]


def choose(items: Sequence[Item], shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Give the split by content hash of what leaves the training images.

    Within each class (of images that hold several, the rarest) the distinct contents are ordered by a hash with the
    seed, and each split takes its share from the front. Equal files always stay together; every class keeps at least
    one content for training, and gives at least one to each split with a share while it has enough. What is filed
    under several classes is for training.
    """
    by_class: dict[int | None, set[str]] = defaultdict(set)
    for item in items:
        by_class[item.label if item.label is not None else item.stratum].add(item.sha256)
    classes_of = Counter(sha for contents in by_class.values() for sha in contents)
    chosen: dict[str, str] = {}
    for contents in by_class.values():
        own = [sha for sha in contents if classes_of[sha] == 1]
        ordered = sorted(own, key=lambda sha: hashlib.sha256(f"{seed}:{sha}".encode()).hexdigest())
        start = 0
        for split, share in shares.items():
            left = len(ordered) - start - 1
            if share <= 0 or left <= 0:
                continue
            count = min(left, max(1, round(share * len(ordered))))
            chosen.update(dict.fromkeys(ordered[start : start + count], split))
            start += count
    return chosen
