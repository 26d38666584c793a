"""Write masks: images and masks a split, and classes.json."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from engine.datasets.annotations import Annotations
from engine.datasets.masks import IGNORE
from engine.datasets.writers.tree import Placed, Source, Tree
from engine.errors import UserError

BACKGROUND = "background"


def write_masks(tree: Tree) -> None:
    """Take mask files as they are; objects with masks are drawn, the smaller over the larger.

    Raises:
        UserError: `export_impossible` for a dataset of boxes.
    """
    table = tree.source.annotations
    if table is not None:
        _require_masks(tree, table)
    tree.notes.extend(masks_losses(tree.source))
    for split, images in tree.splits().items():
        for placed in images:
            tree.put(placed.item.path, f"images/{split}/{placed.name}")
            stem = f"masks/{split}/{Path(placed.name).stem}"
            if table is not None:
                place = tree.folder / f"{stem}.png"
                place.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(_drawn(table, placed)).save(place)
            elif placed.item.mask is not None:
                tree.put(placed.item.mask, f"{stem}{Path(placed.item.mask).suffix}")
    tree.write("classes.json", json.dumps({"classes": _classes(tree)}, ensure_ascii=False, indent=1) + "\n")


def _require_masks(tree: Tree, table: Annotations) -> None:
    if not table.has_masks:
        raise UserError(
            "export_impossible",
            f"The dataset {tree.source.manifest.name} holds boxes, from which no masks follow.",
            "Export it to coco, voc or yolo.",
        )


def masks_losses(source: Source) -> list[str]:
    """Say what has no place in the layout."""
    if source.annotations is not None:
        return ["Objects of one class are not told apart any more, and crowds do not count."]
    bare = sum(item.mask is None for item in source.manifest.items)
    return [f"{bare} images without a mask are written without one."] if bare else []


def _drawn(table: Annotations, placed: Placed) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    height, width = placed.item.height, placed.item.width
    drawn = np.zeros((height, width), np.uint8)
    objects = table.of(placed.index)
    first = int(table.object_starts[placed.index])
    crowds_first = sorted(range(len(objects)), key=lambda n: (not objects.crowd[n], -objects.areas[n]))
    for number in crowds_first:
        value = IGNORE if objects.crowd[number] else int(objects.labels[number]) + 1
        drawn[table.object_mask(first + number, height, width)] = value
    return drawn


def _classes(tree: Tree) -> list[dict[str, object]]:
    manifest = tree.source.manifest
    if tree.source.annotations is not None:
        names: list[str] = [BACKGROUND, *manifest.classes]
        rows: list[dict[str, object]] = [{"id": number, "name": name} for number, name in enumerate(names)]
        return [*rows, {"id": IGNORE, "name": "ignored", "ignore": True}]
    rows = []
    values = manifest.mask_values
    for entry in values:
        name = "ignored" if entry.label is None else manifest.classes[entry.label]
        row: dict[str, object] = {"name": name}
        if entry.value is not None:
            row["id"] = entry.value
        if entry.colour is not None:
            row["color"] = list(entry.colour)
        if entry.label is None:
            row["ignore"] = True
        rows.append(row)
    return rows or [{"id": number, "name": name} for number, name in enumerate(manifest.classes)]
