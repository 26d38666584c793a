"""Small detection datasets for tests, and what a reader tells of them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.datasets.annotations import Objects
from engine.datasets.formats.layout import Found
from engine.datasets.formats.registry import read_layout
from engine.datasets.hashing import HashMemory
from engine.datasets.importing import Imported, make_dataset
from tests.engine.datasets.pictures import write_picture

SIZE = (40, 30)
"""Width and height of every picture."""


def write_json(path: Path, told: object, indent: int | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=indent))
    return path


def coco(
    images: Mapping[str, int], objects: Sequence[Mapping[str, object]], **more: object
) -> dict[str, object]:
    """Tell images by name and id, and objects with defaults for what a test does not speak of."""
    return {
        "images": [
            {"id": key, "file_name": name, "width": SIZE[0], "height": SIZE[1]}
            for name, key in images.items()
        ],
        "annotations": [
            {"id": number, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "iscrowd": 0, **each}
            for number, each in enumerate(objects, start=1)
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    } | more


def write_pictures(root: Path, *names: str) -> Path:
    """Write pictures of one size, different ones for different names."""
    for name in names:
        write_picture(root / name, zlib.crc32(name.encode()), SIZE)
    return root


def voc_xml(*objects: str, name: str = "x.png", size: tuple[int, int] = SIZE) -> str:
    """Write what a labelling tool writes; each object is `cat 1 2 3 4`."""
    told = "".join(
        "\n<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox>"
        "</object>".format(*each.split())
        for each in objects
    )
    sizes = f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>"
    return f"<annotation><filename>{name}</filename>\n{sizes}{told}\n</annotation>\n"


def made(root: Path, format: str = "auto") -> Imported:
    """Read and index a tree as an import does."""
    return make_dataset(read_layout(root, format), root, "made", HashMemory(None))


def objects_of(imported: Imported, path: str) -> Objects:
    assert imported.annotations is not None
    place = next(place for place, item in enumerate(imported.manifest.items) if item.path == path)
    return imported.annotations.of(place)


def told(found: Found | Imported, but: tuple[str, ...] = ()) -> list[tuple[str, str, int | None]]:
    """Give code, file and line of each problem, but for small classes, which all these datasets have."""
    problems = found.problems if isinstance(found, Found) else found.manifest.problems
    left_out = ("class_tiny", "classes_uneven", *but)
    return [(p.code, p.file, p.line) for p in problems if p.code not in left_out]
