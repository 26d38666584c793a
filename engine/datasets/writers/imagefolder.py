"""Write a folder a class below a folder a split."""

from __future__ import annotations

from engine.datasets.writers.tree import Source, Tree


def write_imagefolder(tree: Tree) -> None:
    """Write labelled images; those without a label have no place in this layout."""
    manifest = tree.source.manifest
    tree.notes.extend(imagefolder_losses(tree.source))
    for split, images in tree.splits(distinct_stems=False).items():
        for placed in images:
            if placed.item.label is not None:
                tree.put(placed.item.path, f"{split}/{manifest.classes[placed.item.label]}/{placed.name}")


def imagefolder_losses(source: Source) -> list[str]:
    """Say what has no place in the layout."""
    bare = sum(item.label is None for item in source.manifest.items)
    return [f"{bare} images without a label are left out."] if bare else []
