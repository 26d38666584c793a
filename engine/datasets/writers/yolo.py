"""Write YOLO: images and labels a split, and data.yaml."""

from __future__ import annotations

import json
from pathlib import Path

from engine.datasets.annotations import Annotations
from engine.datasets.writers.tree import Placed, Source, Tree

_DECIMALS = 9
"""Of shares of the image: far below a thousandth of a pixel."""


def write_yolo(tree: Tree) -> None:
    """Write boxes, or polygons for a dataset with masks; what has no place in this layout is noted."""
    table = tree.source.annotations
    assert table is not None
    tree.notes.extend(yolo_losses(tree.source))
    splits = tree.splits()
    for split, images in splits.items():
        for placed in images:
            tree.put(placed.item.path, f"images/{split}/{placed.name}")
            tree.write(f"labels/{split}/{Path(placed.name).stem}.txt", _lines(table, placed))
    names = "".join(
        f"  {number}: {json.dumps(name, ensure_ascii=False)}\n"  # quotes of JSON are quotes of YAML
        for number, name in enumerate(tree.source.manifest.classes)
    )
    places = "".join(f"{split}: images/{split}\n" for split in splits)
    tree.write("data.yaml", f"path: .\n{places}nc: {len(tree.source.manifest.classes)}\nnames:\n{names}")


def _lines(table: Annotations, placed: Placed) -> str:
    first, after = (int(value) for value in table.object_starts[placed.index : placed.index + 2])
    width, height = placed.item.width, placed.item.height
    lines: list[str] = []
    for number in range(first, after):
        if table.crowd[number]:
            continue
        left, top, right, bottom = table.boxes[number].astype(float).tolist()
        rings = table.rings(number)
        if rings:
            ring = max(rings, key=lambda points: len(points))
            shares = [value for x, y in ring.tolist() for value in (x / width, y / height)]
        elif table.has_masks:
            corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
            shares = [value for x, y in corners for value in (x / width, y / height)]
        else:
            shares = [
                (left + right) / 2 / width,
                (top + bottom) / 2 / height,
                (right - left) / width,
                (bottom - top) / height,
            ]
        spelled = " ".join(f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".") for value in shares)
        lines.append(f"{int(table.labels[number])} {spelled}\n")
    return "".join(lines)


def yolo_losses(source: Source) -> list[str]:
    """Say what has no place in the layout."""
    table = source.annotations
    notes: list[str] = []
    if table is None:
        return notes
    crowds = int(table.crowd.sum())
    if crowds:
        notes.append(f"{crowds} crowds are left out: YOLO holds single objects.")
    if bool(table.difficult.any()):
        notes.append("Marks of difficult objects are left out: YOLO has none.")
    several = int(((table.ring_starts[1:] - table.ring_starts[:-1]) > 1).sum())
    if several:
        notes.append(
            f"Of {several} objects in several parts only one part is kept: YOLO holds one polygon each."
        )
    if len(table.runs) > 0 and bool((~table.crowd & (table.run_sizes[:, 0] > 0)).any()):
        notes.append("Masks given as run lengths are written as boxes: YOLO holds polygons.")
    return notes
