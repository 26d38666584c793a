"""A preview shows what a training's own loader gives, pixel for pixel, with the labels where they belong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.config.train import RunConfig
from engine.data.loader import LoaderSettings, build_loader
from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.datasets.split import with_validation
from engine.errors import UserError
from engine.inference.augmentation_preview import AugmentationPreview, Subject
from engine.inference.preview_wish import Wish
from engine.protocol.home import Home
from engine.tasks.registry import task_named
from tests.engine.datasets.labelled import coco, write_json, write_pictures
from tests.engine.datasets.pictures import write_classes
from tests.engine.jobs.scenes import write_scenes

CONFIG: dict[str, object] = {"image_size": 32, "seed": 5, "augmentation.random_rotation": 10.0}
ONE_CAT = {"image_id": 1, "category_id": 1, "bbox": [4, 3, 20, 16]}


def classes(folder: Path) -> Path:
    return write_classes(folder, {"train/cat": 4, "train/dog": 4})


def boxes(folder: Path) -> Path:
    names = [f"{number}.png" for number in range(1, 7)]
    objects = [ONE_CAT | {"image_id": number, "category_id": 1 + number % 2} for number in range(1, 7)]
    write_pictures(folder, *names)
    write_json(folder / "_annotations.coco.json", coco({name: int(name[0]) for name in names}, objects))
    return folder


def outlined(folder: Path) -> Path:
    write_pictures(folder, "1.png")
    outline = [4, 3, 24, 3, 24, 19, 4, 19]
    crowd = {"iscrowd": 1, "bbox": [0, 0, 40, 30], "segmentation": [[0, 0, 40, 0, 40, 30]]}
    objects = [ONE_CAT | {"segmentation": [outline]}, ONE_CAT | crowd]
    write_json(folder / "_annotations.coco.json", coco({"1.png": 1}, objects))
    return folder


def scenes(folder: Path) -> Path:
    return write_scenes(folder)


@pytest.fixture
def library(lensmith_home: Path) -> Library:
    return Library(Home(lensmith_home).ensure())


def trusting(_plugin: str, config: Mapping[str, object], _manifest: Manifest) -> Subject:
    return Subject(config)


Preview = Callable[..., dict[str, Any]]


@pytest.fixture
def preview(library: Library) -> Preview:
    shown = AugmentationPreview(library, trusting)

    def answer(**wish: Any) -> dict[str, Any]:
        return shown.answer(Wish(**{"plugin": "p", "config": CONFIG, "dataset": "data", **wish}))

    return answer


def pixels(record: Mapping[str, Any], what: str = "image") -> np.ndarray:
    return np.asarray(Image.open(record[what]))


def batches(library: Library, epoch: int) -> dict[int, tuple[np.ndarray, Any]]:
    """What a training sees in an epoch, by position in the manifest."""
    config = RunConfig.from_flat(CONFIG)
    manifest = with_validation(library.get("data"), config.validation.val_split)
    task = task_named(manifest.task)
    settings = LoaderSettings(
        image_size=config.image_size,
        batch_size=3,
        seed=config.seed,
        train=True,
        augmentation=config.augmentation,
        framing=task.framing,
        annotations=library.annotations_file(manifest),
    )
    loader = build_loader(manifest, library.root("data"), "train", settings, task)
    seen: dict[int, tuple[np.ndarray, Any]] = {}
    for batch in loader.start(epoch):
        for number, index in enumerate(batch.indices.tolist()):
            seen[index] = batch.images[number].numpy(), batch.targets[number]
    loader.close()
    return seen


@pytest.mark.parametrize("make", [classes, boxes, scenes])
def test_that_every_picture_is_the_one_that_the_training_sees(
    make: Any, library: Library, preview: Preview, tmp_path: Path
) -> None:
    library.import_dataset(make(tmp_path / "data"), name="data")
    answer = preview(count=3, epochs=(0, 4))

    assert len(answer["pictures"]) == 3
    for epoch, variant in ((0, 0), (4, 1)):
        seen = batches(library, epoch)
        for picture in answer["pictures"]:
            shown = picture["variants"][variant]
            image, target = seen[picture["item"]]
            assert shown["epoch"] == epoch
            assert np.array_equal(pixels(shown), image)
            if make is classes:
                assert shown["label"] == answer["classes"][int(target)]
            elif make is scenes:
                assert np.array_equal(pixels(shown, "mask"), target.numpy())
            else:
                found = [[box[side] for side in ("x0", "y0", "x1", "y1")] for box in shown["boxes"]]
                assert np.allclose(found, target["boxes"].numpy(), atol=0.01)
                assert [box["label"] for box in shown["boxes"]] == [
                    answer["classes"][label] for label in target["labels"].tolist()
                ]


def test_that_outlines_are_numbered_and_crowds_left_out(
    library: Library, preview: Preview, tmp_path: Path
) -> None:
    library.import_dataset(outlined(tmp_path / "data"), name="data")
    still = CONFIG | {"augmentation.enabled": False, "validation.enabled": False}
    answer = preview(config=still)

    (picture,) = answer["pictures"]
    assert len(picture["original"]["boxes"]) == 1
    mask = pixels(picture["original"], "mask")
    assert set(np.unique(mask)) == {0, 1}
    assert mask[10, 14] == 1
    assert mask[28, 38] == 0
    assert answer["notes"] == ["Augment is off: every epoch sees the same picture."]


def test_that_epochs_differ_and_equal_wishes_do_not(
    library: Library, preview: Preview, tmp_path: Path
) -> None:
    library.import_dataset(classes(tmp_path / "data"), name="data")
    one, two = (preview(epochs=(0, 1))["pictures"][0] for _ in range(2))

    assert not np.array_equal(pixels(one["variants"][0]), pixels(one["variants"][1]))
    assert np.array_equal(pixels(one["variants"][1]), pixels(two["variants"][1]))
    assert one["item"] == two["item"]
    assert {preview(pick=number)["pictures"][0]["item"] for number in range(9)} != {one["item"]}


def test_that_large_pictures_are_told_small_with_their_boxes(
    library: Library, preview: Preview, tmp_path: Path
) -> None:
    library.import_dataset(boxes(tmp_path / "data"), name="data")
    still = CONFIG | {"image_size": 64, "augmentation.enabled": False}
    whole = preview(config=still, images=(2,))["pictures"][0]["variants"][0]
    half = preview(config=still, images=(2,), size=32)["pictures"][0]["variants"][0]

    assert (whole["width"], half["width"]) == (64, 32)
    assert pixels(half).shape == (32, 32, 3)
    assert half["boxes"][0]["x1"] == pytest.approx(whole["boxes"][0]["x1"] / 2, abs=0.02)


def test_that_a_file_that_cannot_be_read_is_told_and_left_out(
    library: Library, preview: Preview, tmp_path: Path
) -> None:
    library.import_dataset(classes(tmp_path / "data"), name="data")
    manifest = library.get("data")
    broken = next(number for number, item in enumerate(manifest.items) if item.split == "train")
    (tmp_path / "data" / manifest.items[broken].path).write_bytes(b"nothing")
    still = CONFIG | {"validation.enabled": False}
    answer = preview(config=still, images=(broken,))

    assert answer["pictures"] == []
    assert manifest.items[broken].path in answer["problems"][0]


def test_that_mixing_is_said_to_be_left_out_only_where_it_happens(
    library: Library, preview: Preview, tmp_path: Path
) -> None:
    library.import_dataset(classes(tmp_path / "data"), name="data")
    mixed = CONFIG | {"augmentation.mixup_alpha": 0.2}

    assert "Mixup" in preview(config=mixed)["notes"][0]
    assert preview()["notes"] == []


def test_that_an_augmentation_of_the_plugins_own_is_shown(
    library: Library, preview: Preview, tmp_path: Path
) -> None:
    library.import_dataset(classes(tmp_path / "data"), name="data")

    def gray(stored: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.full((32, 32, 3), rng.integers(100, 101), dtype=np.uint8)

    shown = AugmentationPreview(library, lambda _plugin, config, _manifest: Subject(config, gray))
    answer: Any = shown.answer(Wish(plugin="p", config=CONFIG, dataset="data"))

    assert (pixels(answer["pictures"][0]["variants"][0]) == 100).all()
    assert "itself" in answer["notes"][0]


def test_that_an_image_of_another_split_is_refused(
    library: Library, preview: Preview, tmp_path: Path
) -> None:
    library.import_dataset(scenes(tmp_path / "data"), name="data")
    items = library.get("data").items
    outside = next(number for number, item in enumerate(items) if item.split == "test")

    with pytest.raises(UserError) as refused:
        preview(images=(outside,))
    assert refused.value.code == "image_unknown"


def test_that_files_of_answers_long_ago_go(library: Library, preview: Preview, tmp_path: Path) -> None:
    library.import_dataset(classes(tmp_path / "data"), name="data")
    shown = AugmentationPreview(library, trusting)
    answers: list[Any] = [shown.answer(Wish(plugin="p", config=CONFIG, dataset="data")) for _ in range(5)]
    there = [Path(answer["pictures"][0]["original"]["image"]).is_file() for answer in answers]

    assert there == [False, False, True, True, True]
    assert json.dumps(answers)
