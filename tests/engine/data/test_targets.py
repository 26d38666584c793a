"""Masks through the loader: what a batch holds follows from seed, epoch and batch alone, for targets as for images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.config.augmentation import AugmentationConfig
from engine.data.batch import Batch, first_targets, move_targets
from engine.data.loader import Loader, LoaderSettings, build_loader
from engine.datasets.manifest import Item, Manifest
from engine.errors import PluginError, UserError
from engine.tasks.segmentation.segmentation import Segmentation

SIDE = 32
SIZES = [(40, 60), (70, 30), (33, 33), (20, 90), (1, 1), (64, 48), (50, 50)]
DARK, LIGHT = 40, 220


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images whose light pixels are of class 1, with their masks."""
    folder = tmp_path_factory.mktemp("masks")
    for index, (height, width) in enumerate(SIZES):
        mask = np.zeros((height, width), dtype=np.uint8)
        mask[height // 4 : height // 2 + 1, width // 3 : width] = 1
        image = np.where(mask == 1, LIGHT, DARK).astype(np.uint8)
        Image.fromarray(np.repeat(image[..., None], 3, axis=2)).save(folder / f"{index}.png")
        Image.fromarray(mask).save(folder / f"{index}-mask.png")
    return folder


def manifest(sizes_known: bool = True) -> Manifest:
    items = tuple(
        Item(
            path=f"{index}.png",
            label=None,
            split="train",
            sha256=f"{index:064x}",
            width=width if sizes_known else 0,
            height=height if sizes_known else 0,
            mask=f"{index}-mask.png",
        )
        for index, (height, width) in enumerate(SIZES)
    )
    return Manifest(
        name="masks", task="segmentation", format="masks", version="1", classes=("dark", "light"), items=items
    )


def opened(root: Path, *, sizes_known: bool = True, **changes: object) -> Loader:
    settings = LoaderSettings(
        **{
            "image_size": SIDE,
            "batch_size": 3,
            "train": True,
            "workers": 0,
            "framing": "whole",
            "augmentation": AugmentationConfig(random_rotation=20.0, color_jitter=None),
            **changes,
        }  # type: ignore[arg-type]  # named in LoaderSettings
    )
    return build_loader(manifest(sizes_known), root, "train", settings, Segmentation())


def same(one: list[Batch], other: list[Batch]) -> bool:
    return len(one) == len(other) and all(
        torch.equal(a.images, b.images)
        and torch.equal(a.targets, b.targets)
        and torch.equal(a.indices, b.indices)
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("changes", [{"workers": 3}, {"prefetch": 1, "workers": 2}, {"cache": "off"}])
def test_that_threads_and_cache_change_no_target(root: Path, changes: dict[str, Any]) -> None:
    plain = opened(root)
    changed = opened(root, **changes)
    try:
        for epoch in (0, 1):
            assert same(list(plain.start(epoch)), list(changed.start(epoch)))
    finally:
        changed.close()


def test_that_an_epoch_goes_on_in_the_middle_with_the_same_targets(root: Path) -> None:
    loader = opened(root)

    assert same(list(loader.start(2))[1:], list(opened(root).start(2, 1)))
    assert not same(list(loader.start(2)), list(loader.start(3)))


def test_that_each_mask_belongs_to_its_image(root: Path) -> None:
    loader = opened(root, resize_method="nearest")

    for epoch in range(4):
        for batch in loader.start(epoch):
            light = batch.images[..., 0] > (DARK + LIGHT) // 2
            known = batch.targets != 255
            assert batch.targets.dtype == torch.uint8
            assert float((light == (batch.targets == 1))[known].float().mean()) > 0.95


@pytest.mark.parametrize("sizes_known", [True, False])
def test_that_a_batch_tells_the_sizes_of_the_originals(root: Path, sizes_known: bool) -> None:
    loader = opened(root, train=False, sizes_known=sizes_known)

    sizes = torch.cat([batch.sizes for batch in loader.start(0) if batch.sizes is not None])

    assert sizes.tolist() == [list(size) for size in SIZES]


def test_that_validation_sees_the_whole_image(root: Path) -> None:
    (batch,) = opened(root, train=False, batch_size=7).start(0)

    for mask, (height, width) in zip(batch.targets, SIZES, strict=True):
        share = ((height // 2 + 1 - height // 4) / height) * ((width - width // 3) / width)
        assert float((mask == 1).float().mean()) == pytest.approx(share, abs=0.06)


def test_that_an_augmentation_of_images_alone_is_refused(root: Path) -> None:
    with pytest.raises(PluginError) as raised:
        opened(root).augment_with(lambda image, _rng: image)

    assert raised.value.code == "augmentation_wrong"


def test_that_images_without_masks_make_no_split(root: Path) -> None:
    bare = manifest()
    bare = bare.model_copy(
        update={"items": tuple(item.model_copy(update={"mask": None}) for item in bare.items)}
    )

    with pytest.raises(UserError) as raised:
        build_loader(bare, root, "train", LoaderSettings(SIDE, 3, framing="whole"), Segmentation())

    assert raised.value.code == "split_empty"


def test_that_targets_of_every_form_are_moved_and_shortened() -> None:
    boxes = [{"boxes": torch.zeros(n, 4), "labels": torch.zeros(n)} for n in range(3)]

    moved = move_targets(boxes, torch.device("meta"))

    assert {part["boxes"].device.type for part in moved} == {"meta"}
    assert [len(part["labels"]) for part in moved] == [0, 1, 2]
    assert len(first_targets(boxes, 2)) == len(first_targets(torch.zeros(5), 2)) == 2
