"""Write Pascal VOC: JPEGImages, an XML file an image in Annotations, lists of the splits, and labels.txt."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from engine.datasets.writers.tree import Placed, Source, Tree


def write_voc(tree: Tree) -> None:
    """Write boxes; masks and crowds have no place in this layout."""
    tree.notes.extend(voc_losses(tree.source))
    for split, images in tree.splits(across=True).items():
        for placed in images:
            tree.put(placed.item.path, f"JPEGImages/{placed.name}")
            tree.write(f"Annotations/{Path(placed.name).stem}.xml", _xml(tree, placed))
        stems = "".join(f"{Path(placed.name).stem}\n" for placed in images)
        tree.write(f"ImageSets/Main/{split}.txt", stems)
    tree.write("labels.txt", "".join(f"{name}\n" for name in tree.source.manifest.classes))


def voc_losses(source: Source) -> list[str]:
    """Say what has no place in the layout."""
    table = source.annotations
    notes: list[str] = []
    if table is not None and table.has_masks:
        notes.append("Masks of objects are left out: Pascal VOC holds boxes.")
    if table is not None and bool(table.crowd.any()):
        notes.append(f"{int(table.crowd.sum())} crowds are left out: Pascal VOC holds single objects.")
    return notes


def _xml(tree: Tree, placed: Placed) -> str:
    item, objects = placed.item, tree.objects(placed)
    lines = [
        "<annotation>",
        f"\t<folder>JPEGImages</folder>\n\t<filename>{escape(placed.name)}</filename>",
        f"\t<size><width>{item.width}</width><height>{item.height}</height><depth>3</depth></size>",
    ]
    for place in range(len(objects)):
        if objects.crowd[place]:
            continue
        name = escape(tree.source.manifest.classes[int(objects.labels[place])])
        corners = zip(("xmin", "ymin", "xmax", "ymax"), objects.boxes[place], strict=True)
        box = "".join(f"<{tag}>{_number(value)}</{tag}>" for tag, value in corners)
        lines.append(
            f"\t<object>\n\t\t<name>{name}</name>\n\t\t<difficult>{int(objects.difficult[place])}</difficult>"
            f"\n\t\t<bndbox>{box}</bndbox>\n\t</object>"
        )
    return "\n".join([*lines, "</annotation>\n"])


def _number(value: np.float32) -> str:
    """As short as it can be read back the same."""
    return np.format_float_positional(value, unique=True, trim="-")
