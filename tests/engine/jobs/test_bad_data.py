"""Bad input given to training directly: it trains on what is sound and says what is not, or ends in a sentence."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.datasets.manifest import Manifest
from engine.protocol.events import MetricsLogged, Notice
from tests.engine.jobs.run_maker import REPOSITORY, MadeRun, make_run, write_pictures
from tests.engine.jobs.scenes import write_scenes
from tests.engine.tasks.detection.detection_run import make_detection_run, write_squares

DETECTOR = REPOSITORY / "plugins" / "torchvision_detector"
SEGMENTER = REPOSITORY / "plugins" / "timm_segmenter"
TORCHVISION_SEGMENTER = REPOSITORY / "plugins" / "torchvision_segmenter"
SMALL_DETECTOR: dict[str, object] = {
    "backbone": "resnet10t",
    "pretrained": "off",
    "pyramid_channels": 32,
    "head_depth": 1,
    "least_score": 0.0,
}
SMALL_SEGMENTER: dict[str, object] = {
    "architecture": "resnet10t",
    "pretrained": "off",
    "decoder_width": 32,
    "epochs": 1,
    "image_size": 32,
}


def edit(data: Path, split: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what a COCO file says."""
    path = data / "annotations" / f"instances_{split}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def annotation(number: int, **told: object) -> dict[str, object]:
    return {
        "id": number, "image_id": 0, "category_id": 1, "bbox": [1, 1, 5, 5], "area": 25, "iscrowd": 0, **told
    }  # fmt: skip


def measured(run: MadeRun) -> MetricsLogged:
    """The last validation of a run that came to its end; all its numbers are numbers."""
    assert run.work().failure is None
    logged = [event for event in run.events() if isinstance(event, MetricsLogged)]
    for event in logged:
        values = [*event.values.values(), *(v for table in event.per_class.values() for v in table.values())]
        assert all(math.isfinite(value) for value in values), event
    return [event for event in logged if event.scope == "validation"][-1]


def notices(run: MadeRun) -> dict[str, str]:
    return {event.code: event.message for event in run.events() if isinstance(event, Notice)}


def test_that_a_detector_is_trained_on_the_sound_part_of_bad_annotations(tmp_path: Path) -> None:
    data = write_squares(tmp_path / "data", {"train": 8, "val": 4})
    boxes = [
        [10, 10, 0, 0], [10, 10, 0, 5], [50, 50, -20, -20], [80, 50, 100, 100], [200, 200, 10, 10],
        [math.nan, 1, 2, 3], [1e30, 1, 2, 3], [1, 2, 3], ["a", 1, 2, 3], None,
    ]  # fmt: skip

    def spoil(content: dict[str, Any]) -> None:
        content["annotations"] += [annotation(100 + n, bbox=box) for n, box in enumerate(boxes)]
        content["annotations"] += [annotation(900, category_id=77), annotation(901, image_id=555)]
        content["images"].append({"id": 70, "file_name": "gone.png", "width": 9, "height": 9})

    edit(data, "train", spoil)
    edit(data, "val", spoil)
    run = make_detection_run(tmp_path / "home", data, DETECTOR, SMALL_DETECTOR)

    # Three images with two squares each, of 4; the inverted box and the one that sticks out are put right.
    assert measured(run).per_class["support"] == {"light": 5.0, "dark": 3.0}


@pytest.mark.parametrize("architecture", ["fcos", "retinanet", "ssdlite", "faster_rcnn"])
def test_that_a_detector_learns_nothing_and_says_so_where_no_object_is(
    tmp_path: Path, architecture: str
) -> None:
    data = write_squares(tmp_path / "data", {"train": 4, "val": 4})
    edit(data, "train", lambda content: content.update(annotations=[]))
    run = make_detection_run(
        tmp_path / "home", data, DETECTOR, SMALL_DETECTOR | {"architecture": architecture}
    )

    measured(run)

    assert "2 of the classes: light, dark" in notices(run)["class_absent"]


def test_that_a_class_without_an_object_to_learn_from_is_told_by_name(tmp_path: Path) -> None:
    data = write_squares(tmp_path / "data", {"train": 8, "val": 4})

    def leave_light(content: dict[str, Any]) -> None:
        for one in content["annotations"]:
            # A crowd is not learnt from.
            one["iscrowd"] = int(one["category_id"] == 2)

    edit(data, "train", leave_light)
    run = make_detection_run(tmp_path / "home", data, DETECTOR, SMALL_DETECTOR)

    assert measured(run).per_class["support"]["dark"] == 3.0
    assert "1 of the classes: dark" in notices(run)["class_absent"]


@pytest.mark.parametrize("architecture", ["fcos", "mask_rcnn"])
def test_that_an_image_of_one_pixel_is_no_obstacle_to_a_detector(tmp_path: Path, architecture: str) -> None:
    data = write_squares(tmp_path / "data", {"train": 4, "val": 4}, with_masks=True)

    def shrink(content: dict[str, Any]) -> None:
        content["images"][1].update(width=1, height=1)
        kept = [one for one in content["annotations"] if one["image_id"] != 1]
        corners = [0, 0, 1, 0, 1, 1, 0, 1]
        one = annotation(99, image_id=1, bbox=[0, 0, 1, 1], area=1, segmentation=[corners])
        content["annotations"] = [*kept, one]

    for split in ("train", "val"):
        Image.new("RGB", (1, 1)).save(data / split / "001.png")
        edit(data, split, shrink)
    config = SMALL_DETECTOR | {"architecture": architecture, "augmentation.random_rotation": 20.0}
    run = make_detection_run(tmp_path / "home", data, DETECTOR, config)

    assert measured(run).per_class["support"] == {"light": 3.0, "dark": 2.0}


def test_that_a_detector_takes_a_batch_larger_than_the_split(tmp_path: Path) -> None:
    data = write_squares(tmp_path / "data", {"train": 5, "val": 4})
    measured(make_detection_run(tmp_path / "home", data, DETECTOR, SMALL_DETECTOR | {"batch_size": 64}))


def test_that_a_segmenter_is_trained_on_the_sound_masks(tmp_path: Path) -> None:
    data = write_scenes(tmp_path / "data", train=10)
    images, masks = data / "images" / "train", data / "masks" / "train"
    Image.fromarray(np.zeros((24, 36), np.float32)).save(masks / "0.tiff")
    (masks / "0.png").unlink()
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(masks / "1.png")
    Image.fromarray(np.full((24, 36), 77, np.uint8)).save(masks / "2.png")
    Image.fromarray(np.zeros((24, 36), np.uint8)).save(masks / "3.jpg")
    (masks / "3.png").unlink()
    (masks / "4.png").unlink()
    (masks / "5.png").write_bytes(b"no picture")
    Image.new("RGB", (1, 1)).save(images / "6.png")
    Image.new("L", (1, 1)).save(masks / "6.png")
    Image.new("L", (36, 24)).save(masks / "none.png")
    run = make_run(tmp_path / "home", data, SMALL_SEGMENTER, SEGMENTER)

    measured(run)

    items = Manifest.load(run.folder.manifest_path).items
    usable = [item.path for item in items if item.mask and item.split == "train"]
    assert [Path(path).stem for path in usable] == ["2", "6", "7", "8", "9"]


@pytest.mark.parametrize(
    ("value", "told"), [(0, "1 of the classes: thing"), (9, "2 of the classes: ground, thing")]
)
def test_that_a_segmenter_says_what_its_masks_do_not_show(tmp_path: Path, value: int, told: str) -> None:
    data = write_scenes(tmp_path / "data")
    for path in (data / "masks" / "train").glob("*.png"):
        Image.fromarray(np.full((24, 36), value, np.uint8)).save(path)
    run = make_run(tmp_path / "home", data, SMALL_SEGMENTER, SEGMENTER)

    assert measured(run).per_class["iou"]["thing"] < 0.5

    assert told in notices(run)["class_absent"]


def test_that_nothing_is_told_of_classes_that_are_all_there(tmp_path: Path) -> None:
    run = make_run(tmp_path / "home", write_scenes(tmp_path / "data"), SMALL_SEGMENTER, SEGMENTER)
    measured(run)
    assert "class_absent" not in notices(run)


def test_that_masks_in_which_nothing_is_known_give_no_class_a_score(tmp_path: Path) -> None:
    data = write_scenes(tmp_path / "data")
    for path in (data / "masks" / "val").glob("*.png"):
        Image.fromarray(np.full((24, 36), 9, np.uint8)).save(path)
    validation = measured(make_run(tmp_path / "home", data, SMALL_SEGMENTER, SEGMENTER))
    assert validation.per_class["iou"] == {}
    assert validation.values["val/miou"] == 0.0


@pytest.mark.parametrize("batch_size", [1, 64])
def test_that_a_segmenter_takes_any_batch_size(tmp_path: Path, batch_size: int) -> None:
    data = write_scenes(tmp_path / "data", train=5)
    measured(
        make_run(
            tmp_path / "home", data, SMALL_SEGMENTER | {"batch_size": batch_size, "image_size": 64}, SEGMENTER
        )
    )


def test_that_a_network_that_needs_several_images_says_so(tmp_path: Path) -> None:
    data = write_scenes(tmp_path / "data", train=2)
    config: dict[str, object] = {
        "architecture": "deeplabv3_mobilenet_v3_large", "pretrained": "off", "epochs": 1, "image_size": 32,
        "batch_size": 1,
    }  # fmt: skip

    failure = make_run(tmp_path / "home", data, config, TORCHVISION_SEGMENTER).work().failure

    assert failure is not None
    assert (failure.cause, failure.code) == ("data", "batch_of_one")
    assert "batch_size to 2" in (failure.hint or "")


def test_that_a_classifier_takes_one_pixel_an_absent_class_and_a_large_batch(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data")
    for split in ("train", "val"):
        Image.new("RGB", (1, 1)).save(data / split / "dark" / "0.png")
        (data / split / "purple").mkdir()
    Image.new("RGB", (9, 9)).save(data / "val" / "purple" / "0.png")
    run = make_run(tmp_path / "home", data, {"batch_size": 64})

    validation = measured(run)

    assert validation.per_class["recall"]["purple"] == 0.0
    assert validation.per_class["support"] == {"dark": 3.0, "light": 3.0, "purple": 1.0}
    assert "1 of the classes: purple" in notices(run)["class_absent"]


def test_that_one_image_alone_can_be_learnt_from(tmp_path: Path) -> None:
    data = write_scenes(tmp_path / "data", train=1)
    measured(make_run(tmp_path / "home", data, SMALL_SEGMENTER | {"image_size": 64}, SEGMENTER))
