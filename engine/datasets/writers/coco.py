"""Write COCO: a folder of images a split, and annotations/instances_SPLIT.json."""

from __future__ import annotations

import json
from typing import TextIO

from engine.datasets.annotations import Annotations
from engine.datasets.polygons import text_of_runs
from engine.datasets.writers.tree import Placed, Tree


def write_coco(tree: Tree) -> None:
    """Write boxes, polygons and run lengths; nothing is lost but the mark of difficult objects of other programs."""
    folder = tree.folder / "annotations"
    folder.mkdir(parents=True)
    number = 0
    for split, images in tree.splits(distinct_stems=False).items():
        with (folder / f"instances_{split}.json").open("w", encoding="utf-8", newline="\n") as file:
            file.write('{"images":[')
            for place, placed in enumerate(images):
                tree.put(placed.item.path, f"{split}/{placed.name}")
                _write_image(file, placed, place)
            file.write('\n],"annotations":[')
            separator = "\n"
            for place, placed in enumerate(images):
                for entry in _entries(tree, placed):
                    number += 1
                    file.write(separator + json.dumps({"id": number, "image_id": place + 1, **entry}))
                    separator = ",\n"
            classes = enumerate(tree.source.manifest.classes, start=1)
            categories = [{"id": key, "name": name} for key, name in classes]
            file.write(f'\n],"categories":{json.dumps(categories, ensure_ascii=False)}}}\n')


def _write_image(file: TextIO, placed: Placed, place: int) -> None:
    item = placed.item
    entry = {"id": place + 1, "file_name": placed.name, "width": item.width, "height": item.height}
    file.write(("," if place else "") + "\n" + json.dumps(entry, ensure_ascii=False))


def _entries(tree: Tree, placed: Placed) -> list[dict[str, object]]:
    table = tree.source.annotations
    assert table is not None
    first = int(table.object_starts[placed.index])
    objects = tree.objects(placed)
    entries: list[dict[str, object]] = []
    for place in range(len(objects)):
        left, top, right, bottom = objects.boxes[place].astype(float).tolist()
        entry: dict[str, object] = {
            "category_id": int(objects.labels[place]) + 1,
            "bbox": [left, top, right - left, bottom - top],
            "area": float(objects.areas[place]),
            "iscrowd": int(objects.crowd[place]),
        }
        if objects.difficult[place]:
            entry["difficult"] = 1
        mask = _segmentation(table, first + place)
        if mask:
            entry["segmentation"] = mask
        entries.append(entry)
    return entries


def _segmentation(table: Annotations, number: int) -> object:
    runs = table.object_runs(number)
    if runs is not None:
        return {"size": list(runs[1]), "counts": text_of_runs(runs[0])}
    return [ring.reshape(-1).tolist() for ring in table.rings(number)]
