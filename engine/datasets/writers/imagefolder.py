"""Write a folder a class below a folder a split."""

from __future__ import annotations

from engine.datasets.writers.tree import Tree


def write_imagefolder(tree: Tree) -> None:
    """Write labelled images; those without a label have no place in this layout."""
    manifest = tree.source.manifest
    bare = sum(item.label is None for item in manifest.items)
    if bare:
        tree.notes.append(f"{bare} images without a label are left out.")
    for split, images in tree.splits(distinct_stems=False).items():
        for placed in images:
            if placed.item.label is not None:
                tree.put(placed.item.path, f"{split}/{manifest.classes[placed.item.label]}/{placed.name}")
