"""Times how long varying one training image with its targets takes: ours against Albumentations, in turn."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import middle

STORED = (340, 255)
"""Width and height of a stored image: what 224 pixels are cut from."""
BOXES, CLASSES, DEGREES = 10, 12, 10.0
KINDS = ("class", "boxes", "mask")
Side = Callable[[int], object]
"""Varies the image for the n-th time."""


@dataclass(frozen=True, slots=True)
class Example:
    """An image with what belongs to it."""

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    """(n, 4) xyxy."""
    mask: NDArray[np.uint8]


def main(arguments: Sequence[str]) -> int:
    """Print milliseconds of processor time an image, and how many times as long Albumentations takes."""
    parser = argparse.ArgumentParser(prog="benchmarks.augmentation", description=__doc__)
    parser.add_argument("--size", type=int, default=224, help="pixels (default 224)")
    parser.add_argument("--images", type=int, default=100, help="images a turn (default 100)")
    parser.add_argument("--turns", type=int, default=7, help="how often each side is timed (default 7)")
    options = parser.parse_args(arguments)
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    import cv2

    cv2.setNumThreads(1)
    example = made(*STORED)
    rows: list[tuple[str, float, float]] = []
    for kind in KINDS:
        sides = (ours(example, kind, options.size), albumentations(example, kind, options.size))
        seconds: tuple[list[float], list[float]] = ([], [])
        for side in sides:
            timed(side, 10)  # what is made at first use
        for _ in range(options.turns):
            for side, found in zip(sides, seconds, strict=True):
                found.append(timed(side, options.images))
        rows.append((kind, middle(seconds[0]), middle(seconds[1])))
    print("\n".join(table(rows)))
    return 0


def made(width: int, height: int) -> Example:
    """Make soft blobs of colour with boxes and a mask of rectangles."""
    import cv2

    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (12, 16, 3)).astype(np.uint8)
    mask = np.zeros((height, width), np.uint8)
    boxes: list[list[int]] = []
    for number in range(BOXES):
        left, top = int(rng.integers(0, width - 60)), int(rng.integers(0, height - 60))
        boxes.append([left, top, left + int(rng.integers(20, 60)), top + int(rng.integers(20, 60))])
        mask[top : boxes[-1][3], left : boxes[-1][2]] = number % CLASSES
    image = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    return Example(image, np.array(boxes, np.float32), mask)


def ours(example: Example, kind: str, size: int) -> Side:
    from engine.config.augmentation import AugmentationConfig
    from engine.data.augmentation import Augmenter
    from engine.data.box_geometry import clip_boxes, cut_boxes, still_visible
    from engine.data.mask_geometry import cut_mask
    from engine.data.streams import sample_generator

    settings = AugmentationConfig(random_rotation=DEGREES)
    augmenter = Augmenter(settings, size, "bilinear", "centre" if kind == "class" else "whole")

    def vary(number: int) -> object:
        image, cut = augmenter.sample(example.image, sample_generator(0, 0, number))
        if kind == "boxes":
            moved = cut_boxes(example.boxes, cut, size)
            clipped = clip_boxes(moved, size, size)
            return image, clipped[still_visible(moved, clipped)]
        return image, cut_mask(example.mask, cut, size) if kind == "mask" else None

    return vary


def albumentations(example: Example, kind: str, size: int) -> Side:
    """The same changes with the same ranges; seeded anew for each image, so that a run can be repeated."""
    import albumentations as A

    steps = [
        A.RandomResizedCrop(size=(size, size), scale=(0.8, 1.0)),
        A.HorizontalFlip(),
        A.Rotate(limit=DEGREES, p=1.0),
        A.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.0, p=1.0),
    ]
    boxes = A.BboxParams(format="pascal_voc", label_fields=["labels"], min_visibility=0.3)
    compose = A.Compose(steps, bbox_params=boxes if kind == "boxes" else None)
    targets: dict[str, Any] = {}
    if kind == "boxes":
        targets = {"bboxes": example.boxes, "labels": list(range(len(example.boxes)))}
    elif kind == "mask":
        targets = {"mask": example.mask}

    def vary(number: int) -> object:
        compose.set_random_seed(number)
        return compose(image=example.image, **targets)

    return vary


def timed(side: Side, images: int) -> float:
    """Processor seconds of one image."""
    began = time.process_time()
    for number in range(images):
        side(number)
    return (time.process_time() - began) / images


def table(rows: Sequence[tuple[str, float, float]]) -> list[str]:
    """Give a line for each kind of target: milliseconds of both sides, and their ratio."""
    lines = [f"{'targets':<8} {'ours':>10} {'albumentations':>16} {'ratio':>7}"]
    for kind, own, other in rows:
        lines.append(f"{kind:<8} {1e3 * own:>7.2f} ms {1e3 * other:>13.2f} ms {other / own:>7.1f}")
    return lines
