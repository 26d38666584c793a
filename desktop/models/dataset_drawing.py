"""The labels of one image of a dataset, as they are drawn on it."""

from __future__ import annotations

import numpy as np

from desktop.models.dataset_overview import DatasetOverview, Labelling
from desktop.models.drawn_labels import NOTHING, DrawnLabels, Ring
from engine.datasets.annotations import Annotations
from engine.datasets.manifest import Item
from engine.datasets.masks import IGNORE, read_mask

_MOST_ON_TILE = 200
"""Objects drawn on a small picture, the largest."""


def has_drawing(overview: DatasetOverview) -> bool:
    """Say whether labels lie somewhere on the image."""
    return overview.labelling is not Labelling.CLASSES


def has_masks(overview: DatasetOverview) -> bool:
    """Say whether what is drawn covers pixels, of images or of single objects."""
    is_of_objects = overview.objects is not None and overview.objects.has_masks
    return is_of_objects or overview.labelling is Labelling.PIXELS


def labels_of_image(overview: DatasetOverview, image: int) -> DrawnLabels | None:
    """Give all labels of an image. Masks are read and drawn: for the background.

    Raises:
        UserError: the mask cannot be read.
    """
    if image >= len(overview.manifest.items):
        return None
    item = overview.manifest.items[image]
    if overview.annotations is not None:
        return drawn_objects(overview.annotations, image, item)
    if item.mask is None:
        return None
    classes = read_mask(overview.root, item, overview.manifest)
    return DrawnLabels(
        classes.shape[1], classes.shape[0], class_map=np.where(classes == IGNORE, NOTHING, classes)
    )


def labels_on_tile(overview: DatasetOverview, image: int) -> DrawnLabels | None:
    """Give the objects of an image for a small picture: boxes and polygons of the largest. Quick; reads no file."""
    table = overview.annotations
    if table is None or image >= len(overview.manifest.items):
        return None
    item = overview.manifest.items[image]
    objects = table.of(image)
    first = int(table.object_starts[image])
    order = np.argsort(-objects.areas, kind="stable")[:_MOST_ON_TILE]
    rings = [table.rings(first + int(number)) for number in order] if len(table.points) else []
    return DrawnLabels(
        item.width,
        item.height,
        objects.boxes[order],
        objects.labels[order],
        rings=rings,
        faint=objects.crowd[order],
    )


def drawn_objects(table: Annotations, image: int, item: Item) -> DrawnLabels:
    """Give the objects of a dataset's item at `image`, with all that is known of them."""
    objects = table.of(image)
    first = int(table.object_starts[image])
    rings: list[list[Ring]] = [table.rings(first + number) for number in range(len(objects))]
    words = [
        "crowd" if crowd else "difficult" if difficult else ""
        for crowd, difficult in zip(objects.crowd.tolist(), objects.difficult.tolist(), strict=True)
    ]
    return DrawnLabels(
        width=item.width,
        height=item.height,
        boxes=objects.boxes,
        classes=objects.labels,
        words=words,
        rings=rings if any(rings) else (),
        class_map=_run_masks(table, image, item),
        faint=objects.crowd | objects.difficult,
    )


def _run_masks(
    table: Annotations, image: int, item: Item
) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]] | None:
    """Lay masks that are told as run lengths over each other, small ones on top: one picture however many."""
    first = int(table.object_starts[image])
    objects = table.of(image)
    told = [number for number in range(len(objects)) if table.object_runs(first + number) is not None]
    if not told:
        return None
    drawn = np.full((item.height, item.width), NOTHING, np.uint8)
    for number in sorted(told, key=lambda place: -float(objects.areas[place])):
        drawn[table.object_mask(first + number, item.height, item.width)] = (
            int(objects.labels[number]) % NOTHING
        )
    return drawn
