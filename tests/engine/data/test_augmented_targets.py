"""Boxes, instance masks and class maps after every augmentation, against places that the sample's own pixels tell.

The images hold their coordinates: red is the column, green the row, blue is full inside. Whatever the loader does to
such an image, each pixel of the sample says where it came from; what belongs there is then worked out from the
objects' formulas alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from engine.config.augmentation import AugmentationConfig
from engine.config.flat import unflatten
from engine.data.loader import LoaderSettings, build_loader
from engine.data.mask_geometry import IGNORE
from engine.data.preprocessing import FILL
from engine.datasets.formats.registry import read_layout
from engine.datasets.hashing import HashMemory
from engine.datasets.importing import make_dataset
from engine.tasks.registry import task_named

WIDTH, HEIGHT, SIZE = 240, 170, 128
EPOCHS = 12
Box = tuple[int, int, int, int]
OBJECTS: tuple[Box, ...] = (
    (10, 12, 70, 60),
    (150, 5, 235, 50),
    (30, 90, 100, 165),
    (130, 80, 200, 140),
    (0, 0, 30, 170),
)
"""Left, top, right, bottom; the number of each is its class."""
NAMES = tuple(f"object-{number}" for number in range(len(OBJECTS)))
PLAIN: dict[str, object] = {
    "augmentation.random_flip": False,
    "augmentation.random_rotation": 0.0,
    "augmentation.random_crop": False,
    "augmentation.color_jitter.enabled": False,
}
MOVING: dict[str, dict[str, object]] = {
    "off": {"augmentation.enabled": False},
    "nothing": {},
    "flip": {"augmentation.random_flip": True},
    "rotation": {"augmentation.random_rotation": 40.0},
    "crop": {"augmentation.random_crop": True, "augmentation.resize_scale_min": 0.3},
    "small crop": {
        "augmentation.random_crop": True,
        "augmentation.resize_scale_min": 0.15,
        "augmentation.resize_scale_max": 0.2,
    },
    "all": {
        "augmentation.random_flip": True,
        "augmentation.random_rotation": 20.0,
        "augmentation.random_crop": True,
        "augmentation.resize_scale_min": 0.4,
    },
}
COLOURING: dict[str, dict[str, object]] = {
    "jitter": {
        "augmentation.color_jitter.enabled": True,
        "augmentation.color_jitter.brightness": 0.5,
        "augmentation.color_jitter.contrast": 0.5,
        "augmentation.color_jitter.saturation": 0.9,
        "augmentation.color_jitter.hue": 0.4,
    },
    "grayscale": {"augmentation.random_grayscale": 1.0},
    "blur": {"augmentation.gaussian_blur": 1.0},
    "randaugment": {"augmentation.auto_augment": "randaugment"},
    "autoaugment": {"augmentation.auto_augment": "autoaugment"},
    "mixup": {"augmentation.mixup_alpha": 1.0, "augmentation.cutmix_alpha": 1.0},
}


@dataclass(frozen=True)
class Places:
    """Where the pixels of a sample came from."""

    x: NDArray[np.float64]
    """(S, S) columns of the original, as places."""
    y: NDArray[np.float64]
    inside: NDArray[np.bool_]
    """(S, S), surely of the image."""
    outside: NDArray[np.bool_]
    """(S, S), surely not."""

    @classmethod
    def of(cls, sample: NDArray[np.uint8]) -> Places:
        blue = sample[..., 2].astype(int)
        return cls(
            sample[..., 0].astype(np.float64) + 0.5,
            sample[..., 1].astype(np.float64) + 0.5,
            inside=blue > 253,
            outside=abs(blue - FILL) <= 1,
        )

    def of_box(self, box: Box) -> NDArray[np.bool_]:
        left, top, right, bottom = box
        return self.inside & (self.x >= left) & (self.x < right) & (self.y >= top) & (self.y < bottom)

    def of_diamond(self, box: Box, scale: float = 1.0) -> NDArray[np.bool_]:
        left, top, right, bottom = box
        across = abs(self.x - (left + right) / 2) / ((right - left) / 2)
        down = abs(self.y - (top + bottom) / 2) / ((bottom - top) / 2)
        return self.inside & (across + down < scale)

    @property
    def density(self) -> float:
        """Pixels of the original behind a pixel of the sample."""
        rows, columns = np.gradient(np.stack([self.x, self.y]), axis=(1, 2))
        determinant = columns[0] * rows[1] - columns[1] * rows[0]
        return abs(float(determinant[self.inside].mean()))


def bounds(pixels: NDArray[np.bool_]) -> NDArray[np.float64]:
    rows, columns = np.nonzero(pixels)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], dtype=np.float64)


def coordinates() -> NDArray[np.uint8]:
    y, x = np.indices((HEIGHT, WIDTH))
    return np.stack([x, y, np.full_like(x, 255)], axis=-1).astype(np.uint8)


def write_objects(folder: Path, picture: NDArray[np.uint8], with_masks: bool) -> Path:
    """Write one image with all objects, as COCO has it; with masks each object is a diamond in its box."""
    (folder / "train").mkdir(parents=True)
    (folder / "annotations").mkdir()
    Image.fromarray(picture).save(folder / "train" / "a.png")
    annotations = []
    for number, (left, top, right, bottom) in enumerate(OBJECTS):
        middle, centre = (left + right) / 2, (top + bottom) / 2
        diamond = [middle, top, right, centre, middle, bottom, left, centre]
        annotations.append({
            "id": number + 1, "image_id": 1, "category_id": number + 1, "iscrowd": 0,
            "bbox": [left, top, right - left, bottom - top], "area": (right - left) * (bottom - top),
            "segmentation": [diamond] if with_masks else [],
        })  # fmt: skip
    content = {
        "images": [{"id": 1, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}],
        "annotations": annotations,
        "categories": [{"id": number + 1, "name": name} for number, name in enumerate(NAMES)],
    }
    (folder / "annotations" / "instances_train.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def write_map(folder: Path) -> Path:
    """Write one image with a class for each pixel: that of the last box it is in, and ground elsewhere."""
    (folder / "images" / "train").mkdir(parents=True)
    (folder / "masks" / "train").mkdir(parents=True)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for number, (left, top, right, bottom) in enumerate(OBJECTS, start=1):
        mask[top:bottom, left:right] = number
    Image.fromarray(coordinates()).save(folder / "images" / "train" / "a.png")
    Image.fromarray(mask).save(folder / "masks" / "train" / "a.png")
    (folder / "classes.json").write_text(json.dumps(["ground", *NAMES]), encoding="utf-8")
    return folder


def samples(folder: Path, settings: dict[str, object]) -> Iterator[tuple[NDArray[np.uint8], object]]:
    """Load the one image as training does, epoch by epoch: the sample and its target."""
    made = make_dataset(read_layout(folder), folder, "made", HashMemory(None))
    table = folder.parent / f"{folder.name}.npz"
    if made.annotations is not None:
        made.annotations.save(table)
    task = task_named(made.manifest.task)
    flat = {name.removeprefix("augmentation."): value for name, value in (PLAIN | settings).items()}
    varied = unflatten(AugmentationConfig, flat)
    loading = LoaderSettings(
        image_size=SIZE,
        batch_size=1,
        train=True,
        workers=0,
        augmentation=varied,
        framing=task.framing,
        annotations=table,
    )
    loader = build_loader(made.manifest, folder, "train", loading, task)
    try:
        for epoch in range(EPOCHS):
            (batch,) = loader.start(epoch)
            images, targets = task.mix(
                batch.images, batch.targets, np.random.default_rng(epoch), varied, len(NAMES)
            )
            yield images[0].numpy(), targets[0]
    finally:
        loader.close()


def boxes_by_class(target: object) -> dict[int, NDArray[np.float64]]:
    assert isinstance(target, dict)
    labels, boxes = target["labels"].tolist(), target["boxes"].double().numpy()
    assert len(set(labels)) == len(labels)
    return dict(zip(labels, boxes, strict=True))


@pytest.mark.parametrize("name", MOVING)
def test_that_boxes_surround_what_came_from_inside_them(tmp_path: Path, name: str) -> None:
    folder = write_objects(tmp_path / "data", coordinates(), with_masks=False)
    compared = gone = 0
    for sample, target in samples(folder, MOVING[name]):
        places, found = Places.of(sample), boxes_by_class(target)
        for label, (left, top, right, bottom) in enumerate(OBJECTS):
            seen = places.of_box((left, top, right, bottom))
            share = seen.sum() * places.density / ((right - left) * (bottom - top))
            if share > 0.65:
                # A turned rectangle's tightest box is that of its corners while none is cut off.
                slack = 2.5 if share > 0.97 or "rotation" not in name + str(MOVING[name]) else 40.0
                assert (found[label][:2] <= bounds(seen)[:2] + 2.5).all()
                assert (found[label][2:] >= bounds(seen)[2:] - 2.5).all()
                np.testing.assert_allclose(found[label], bounds(seen), atol=slack)
                compared += 1
            elif share < 0.02:
                assert label not in found
                gone += 1
    assert compared > (EPOCHS if name != "small crop" else 0)
    assert (gone > 0) == ("crop" in name or name == "all")


@pytest.mark.parametrize("name", MOVING)
def test_that_instance_masks_are_the_pixels_that_came_from_them(tmp_path: Path, name: str) -> None:
    folder = write_objects(tmp_path / "data", coordinates(), with_masks=True)
    compared = 0
    for sample, target in samples(folder, MOVING[name]):
        places, found = Places.of(sample), boxes_by_class(target)
        assert isinstance(target, dict)
        masks = dict(zip(target["labels"].tolist(), target["masks"].numpy(), strict=True))
        for label, box in enumerate(OBJECTS):
            if label not in masks:
                continue
            mask = masks[label]
            # Along the outline either may be right; half a pixel of the original and of the sample lie between.
            assert not (mask & ~places.of_diamond(box, 1.2) & places.inside).any()
            assert not (~mask & places.of_diamond(box, 0.8)).any()
            assert not (mask & places.outside).any()
            # A box is tightened where a part is cut out; else the diamond's tips may be too thin for a pixel.
            slack = 3.0 if name in ("off", "nothing", "flip") else 1e-3
            np.testing.assert_allclose(found[label], bounds(mask), atol=slack)
            compared += 1
    assert compared > EPOCHS


@pytest.mark.parametrize("name", MOVING)
def test_that_class_maps_are_those_of_the_places_the_pixels_came_from(tmp_path: Path, name: str) -> None:
    folder = write_map(tmp_path / "data")
    for sample, target in samples(folder, MOVING[name]):
        assert isinstance(target, torch.Tensor)
        classes, places = target.numpy(), Places.of(sample)
        expected = np.zeros((SIZE, SIZE), np.uint8)
        for number, box in enumerate(OBJECTS, start=1):
            expected[places.of_box(box)] = number
        agree = classes == expected
        assert agree[places.inside].mean() > 0.97
        # What differs lies on a border between two classes.
        assert not (~agree & places.inside & interior(expected)).any()
        assert (classes[places.outside & interior(places.outside)] == IGNORE).all()
        if name != "rotation" and name != "all":
            assert (classes != IGNORE).all()


def interior(classes: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Pixels whose neighbours within three pixels are all of their class."""
    inner = np.zeros(classes.shape, np.bool_)
    reach = 3
    windows = np.lib.stride_tricks.sliding_window_view(classes, (2 * reach + 1, 2 * reach + 1))
    inner[reach:-reach, reach:-reach] = (windows == windows[..., reach : reach + 1, reach : reach + 1]).all(
        axis=(2, 3)
    )
    return inner


@pytest.mark.parametrize("name", COLOURING)
@pytest.mark.parametrize("moved", ["nothing", "all"])
def test_that_colours_change_no_target_and_move_nothing(tmp_path: Path, name: str, moved: str) -> None:
    picture = np.full((HEIGHT, WIDTH, 3), FILL, np.uint8)
    left, top, right, bottom = OBJECTS[3]
    picture[top:bottom, left:right] = (230, 200, 240)
    folder = write_objects(tmp_path / "data", picture, with_masks=True)
    moving = MOVING[moved]

    compared = 0
    for (_, before), (sample, after) in zip(
        samples(folder, moving), samples(folder, moving | COLOURING[name]), strict=True
    ):
        assert isinstance(before, dict)
        assert isinstance(after, dict)
        assert before.keys() == after.keys()
        assert all(torch.equal(before[key], after[key]) for key in before)
        whole = np.flatnonzero(after["labels"].numpy() == 3)
        if len(whole) == 0:
            continue
        gray = sample.astype(np.float64).mean(axis=2)
        ground = np.median(gray)
        far = np.abs(gray - ground)
        if far.max() < 20:
            continue  # solarized or brightened until nothing is left to see
        seen = bounds(far > far.max() / 2)
        box = rectangle(after, int(whole[0]), moved)
        assert (seen[:2] >= box[:2] - 3).all()
        assert (seen[2:] <= box[2:] + 3).all()
        compared += 1
    assert compared >= EPOCHS // 3


def rectangle(target: dict[str, torch.Tensor], row: int, moved: str) -> NDArray[np.float64]:
    """The bounds in which the drawn rectangle must lie, of which the target's mask is the inner diamond."""
    box = target["boxes"][row].double().numpy()
    if moved == "nothing":
        return box
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    # A turned rectangle reaches further than the diamond in it.
    return np.concatenate([middle - 1.6 * half, middle + 1.6 * half])
