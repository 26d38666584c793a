"""The demo pictures: shapes drawn at run time, with labels for classification, detection and segmentation."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

CLASSES = ("arrow", "circle", "cross", "heart", "ring", "square", "star", "triangle")
PER_CLASS = {"train": 60, "val": 15, "test": 15}
SIDE = 96
_OVERSAMPLED = 3
_NOISE = 12.0
_SEED = 20_26


def write_demo_dataset(folder: Path, seed: int = _SEED) -> None:
    """Draw the pictures, the same ones for the same seed, in the place of what was there.

    Lays out `classification/SPLIT/CLASS/*.jpg`; for the same pictures `detection/annotations_SPLIT.json` (COCO) and
    `segmentation/masks/SPLIT/*.png` (0 is background, then the classes) with `segmentation/classes.json`.
    """
    draft = folder.with_name(f".draft-{folder.name}")
    shutil.rmtree(draft, ignore_errors=True)
    for number, (split, count) in enumerate(PER_CLASS.items()):
        _write_split(draft, split, count, np.random.default_rng([seed, number]))
    names = dict(enumerate(("background", *CLASSES)))
    (draft / "segmentation" / "classes.json").write_text(json.dumps(names, indent=1), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def _write_split(folder: Path, split: str, count: int, rng: np.random.Generator) -> None:
    masks = folder / "segmentation" / "masks" / split
    masks.mkdir(parents=True)
    images: list[dict[str, object]] = []
    boxes: list[dict[str, object]] = []
    for label, name in enumerate(CLASSES, start=1):
        place = folder / "classification" / split / name
        place.mkdir(parents=True)
        for index in range(count):
            pixels, mask = draw_picture(name, rng)
            file = f"{name}-{index:03d}"
            Image.fromarray(pixels).save(place / f"{file}.jpg", quality=90)
            Image.fromarray(np.where(mask, label, 0).astype(np.uint8)).save(masks / f"{file}.png")
            number = len(images) + 1
            images.append({"id": number, "file_name": f"{name}/{file}.jpg", "width": SIDE, "height": SIDE})
            boxes.append(_annotation(number, label, mask))
    categories = [{"id": label, "name": name} for label, name in enumerate(CLASSES, start=1)]
    document = {"images": images, "annotations": boxes, "categories": categories}
    path = folder / "detection" / f"annotations_{split}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")


def draw_picture(name: str, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Draw one shape at a random place, size, angle and colour: (S, S, 3) pixels and the (S, S) mask of the shape."""
    large = SIDE * _OVERSAMPLED
    radius = float(rng.uniform(0.2, 0.38)) * large
    centre = rng.uniform(radius, large - radius, 2)
    angle = float(rng.uniform(-0.35, 0.35))
    mask = Image.new("L", (large, large), 0)
    _draw(ImageDraw.Draw(mask), name, radius, (float(centre[0]), float(centre[1])), angle)
    share = np.asarray(mask.resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.float64)[..., None] / 255
    back, front = _two_colours(rng)
    light = np.linspace(-1, 1, SIDE)[:, None, None] * float(rng.uniform(-25, 25))
    pixels = back * (1 - share) + front * share + light + rng.normal(0, _NOISE, (SIDE, SIDE, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8), share[..., 0] >= 0.5


def _two_colours(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A background and a shape that can be told apart."""
    while True:
        back, front = rng.uniform(20, 235, 3), rng.uniform(20, 235, 3)
        if abs(float(back.mean() - front.mean())) > 60:
            return back, front


def _draw(
    draw: ImageDraw.ImageDraw, name: str, radius: float, centre: tuple[float, float], angle: float
) -> None:
    x, y = centre
    if name in ("circle", "ring"):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        if name == "ring":
            hole = 0.55 * radius
            draw.ellipse((x - hole, y - hole, x + hole, y + hole), fill=0)
        return
    cosine, sine = math.cos(angle), math.sin(angle)
    points = [
        (x + radius * (cosine * px - sine * py), y + radius * (sine * px + cosine * py))
        for px, py in _outline(name)
    ]
    draw.polygon(points, fill=255)


def _outline(name: str) -> list[tuple[float, float]]:
    """Corners within the unit circle, y downwards."""
    if name == "square":
        return [(-0.7, -0.7), (0.7, -0.7), (0.7, 0.7), (-0.7, 0.7)]
    if name == "triangle":
        return [(0, -1), (0.87, 0.5), (-0.87, 0.5)]
    if name == "cross":
        a, b = 0.3, 0.95
        return [
            (-a, -b),
            (a, -b),
            (a, -a),
            (b, -a),
            (b, a),
            (a, a),
            (a, b),
            (-a, b),
            (-a, a),
            (-b, a),
            (-b, -a),
            (-a, -a),
        ]
    if name == "arrow":
        return [(-0.9, -0.25), (0.1, -0.25), (0.1, -0.7), (0.95, 0), (0.1, 0.7), (0.1, 0.25), (-0.9, 0.25)]
    if name == "star":
        turns = [math.pi * step / 5 - math.pi / 2 for step in range(10)]
        return [
            (
                math.cos(turn) * (1.0 if step % 2 == 0 else 0.4),
                math.sin(turn) * (1.0 if step % 2 == 0 else 0.4),
            )
            for step, turn in enumerate(turns)
        ]
    # The heart curve of the textbooks, scaled into the unit circle.
    turns = [2 * math.pi * step / 60 for step in range(60)]
    return [
        (
            16 * math.sin(turn) ** 3 / 18,
            -(13 * math.cos(turn) - 5 * math.cos(2 * turn) - 2 * math.cos(3 * turn) - math.cos(4 * turn))
            / 18,
        )
        for turn in turns
    ]


def _annotation(number: int, label: int, mask: NDArray[np.bool_]) -> dict[str, object]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    width, height = int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top
    return {
        "id": number,
        "image_id": number,
        "category_id": label,
        "bbox": [left, top, width, height],
        "area": int(mask.sum()),
        "iscrowd": 0,
    }
