"""COCO files are read in their several trees; what is wrong in them is told by file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faster_coco_eval.core import mask as tool
from PIL import Image

from engine.datasets.check import check_dataset
from engine.datasets.formats import coco_file
from engine.datasets.formats.registry import layout_of, read_layout
from engine.datasets.importing import Imported
from engine.errors import UserError
from tests.engine.datasets.labelled import coco, made, objects_of, told, write_json, write_pictures


@pytest.mark.parametrize(
    ("files", "images"),
    [
        ("annotations/instances_{}.json", "{}/{}.png"),
        ("annotations/instances_{}2017.json", "{}2017/{}.png"),
        ("annotations/{}.json", "images/{}/{}.png"),
        ("{}/_annotations.coco.json", "{}/{}.png"),
        ("{}.json", "images/{}_{}.png"),
        ("d/annotations/instances_{}.json", "d/images/{}/{}.png"),
    ],
)
def test_that_the_trees_of_common_tools_are_read(files: str, images: str, tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        image = write_pictures(tmp_path, images.format(split, split)) / images.format(split, split)
        write_json(tmp_path / files.format(split), coco({image.name: 1}, [{}, {"category_id": 2}]))

    imported = made(tmp_path)

    assert (imported.manifest.format, imported.manifest.classes) == ("coco", ("cat", "dog"))
    assert told(imported, but=("image_in_two_splits",)) == []
    assert sorted((item.split, item.path) for item in imported.manifest.items) == sorted(
        (split, images.format(split, split)) for split in ("train", "val", "test")
    )
    assert objects_of(imported, images.format("val", "val")).boxes.tolist() == [[1, 2, 4, 6]] * 2


def test_that_splits_of_other_names_mean_the_same(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        write_pictures(tmp_path, f"{split}/{split}.png")
        write_json(tmp_path / split / "_annotations.coco.json", coco({f"{split}.png": 1}, [{}]))

    assert {image.split for image in read_layout(tmp_path).images} == {"train", "val"}


def test_that_paths_of_another_machine_are_found_by_name(tmp_path: Path) -> None:
    write_pictures(tmp_path, "pictures/one/a.png", "pictures/two/a.png")
    names = {"C:\\work\\one\\a.png": 1, "/home/me/two/a.png": 2}
    write_json(tmp_path / "labels.json", coco(names, [{"image_id": 2}]))

    imported = made(tmp_path)

    assert len(objects_of(imported, "pictures/two/a.png")) == 1
    assert len(objects_of(imported, "pictures/one/a.png")) == 0


def test_that_nothing_outside_the_dataset_is_read(tmp_path: Path) -> None:
    write_pictures(tmp_path, "secret.png", "d/a.png")
    write_json(tmp_path / "d" / "a.json", coco({"../secret.png": 1, "a.png": 2}, [{"image_id": 2}]))

    found = read_layout(tmp_path / "d")

    assert [image.path.name for image in found.images] == ["a.png"]
    assert told(found) == [("label_without_image", "a.json", 1)]


def test_that_the_files_of_captions_and_keypoints_are_passed_over(tmp_path: Path) -> None:
    write_pictures(tmp_path, "train2017/a.png")
    told = coco({"a.png": 1}, [{}])
    write_json(tmp_path / "annotations/instances_train2017.json", told)
    write_json(tmp_path / "annotations/person_keypoints_train2017.json", told)
    captions = {"images": told["images"], "annotations": [{"id": 1, "image_id": 1, "caption": "x"}]}
    write_json(tmp_path / "annotations/captions_train2017.json", captions)

    imported = made(tmp_path)

    assert len(objects_of(imported, "train2017/a.png")) == 1


def test_that_classes_are_joined_by_name_whatever_their_ids(tmp_path: Path) -> None:
    write_pictures(tmp_path, "train/a.png", "val/b.png")
    write_json(tmp_path / "train.json", coco({"a.png": 1}, [{"category_id": 2}]))
    other = [{"id": 7, "name": "dog"}, {"id": 90, "name": "bird"}]
    write_json(
        tmp_path / "val.json", coco({"b.png": 1}, [{"category_id": 7}, {"category_id": 90}], categories=other)
    )

    imported = made(tmp_path)

    assert imported.manifest.classes == ("cat", "dog", "bird")
    assert objects_of(imported, "train/a.png").labels.tolist() == [1]
    assert objects_of(imported, "val/b.png").labels.tolist() == [1, 2]
    assert told(imported) == [("ids_sparse", "val.json", None)]


def test_that_a_group_without_objects_is_no_class(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    groups = [
        {"id": 0, "name": "cells", "supercategory": "none"},
        {"id": 1, "name": "red", "supercategory": "cells"},
        {"id": 2, "name": "white", "supercategory": "cells"},
    ]
    write_json(tmp_path / "a.json", coco({"a.png": 1}, [{"category_id": 2}], categories=groups))

    imported = made(tmp_path)

    assert imported.manifest.classes == ("red", "white")
    assert objects_of(imported, "a.png").labels.tolist() == [1]


def test_that_polygons_and_crowds_are_masks(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    crowd = {"size": [30, 40], "counts": [0, 60, 1140]}
    write_json(
        tmp_path / "a.json",
        coco(
            {"a.png": 1},
            [
                {"bbox": [0, 0, 2, 30], "segmentation": crowd, "iscrowd": 1, "area": 60},
                {"bbox": [1, 1, 4, 4], "segmentation": [[1, 1, 5, 1, 5, 5, 1, 5], [8, 8, 10, 8, 10, 10]]},
                {"bbox": [1, 1, 4, 4], "segmentation": []},
                {"bbox": [], "segmentation": [[1, 1, 5, 1, 5, 6]]},
            ],
        ),
    )

    imported = made(tmp_path)

    objects = objects_of(imported, "a.png")
    assert imported.annotations is not None
    masks = imported.annotations.masks(0, 30, 40)
    assert masks is not None
    assert objects.crowd.tolist() == [True, False, False, False]
    assert objects.boxes[3].tolist() == [1, 1, 5, 6]
    assert masks.reshape(4, -1).sum(axis=1).tolist()[:3] == [60, 16 + int(masks[1, 6:].sum()), 16]
    assert masks[0, :, :2].all()
    assert masks[1, 6:].any()


def entry(**told: object) -> dict[str, object]:
    return told


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (entry(bbox=[1, 2, 0, 4]), "box_empty"),
        (entry(bbox=[5, 5, -3, 4]), "box_inverted"),
        (entry(bbox=[30, 20, 50, 50]), "box_outside"),
        (entry(bbox=[50, 20, 50, 50]), "box_outside"),
        (entry(bbox=[1, 2, 3]), "box_invalid"),
        (entry(bbox=[1, 2, 3, None]), "box_invalid"),
        (entry(bbox="box"), "box_invalid"),
        (entry(category_id=9), "class_unknown"),
        (entry(image_id=9), "object_without_image"),
        (entry(image_id=None), "annotations_invalid"),
        (entry(id=1), "id_repeated"),
        (entry(bbox=[1, 2, 3, 4]), "box_repeated"),
        (entry(bbox=[2, 2, 3, 4], segmentation=[[1, 2, 3]]), "mask_invalid"),
        (entry(bbox=[2, 2, 3, 4], segmentation=[["a", 2, 3, 4, 5, 6]]), "mask_invalid"),
        (entry(bbox=[2, 2, 3, 4], segmentation={"size": [30, 40], "counts": [9999]}), "mask_invalid"),
        (entry(bbox=[2, 2, 3, 4], segmentation={"size": [40, 30], "counts": [1, 1199]}), "mask_size"),
        (entry(bbox=[2, 2, 3, 4], segmentation={"counts": "x"}), "mask_invalid"),
    ],
)
def test_that_what_is_wrong_with_an_object_is_told_with_its_line(
    wrong: dict[str, object], code: str, tmp_path: Path
) -> None:
    write_pictures(tmp_path, "a.png")
    good = '{"id":1,"image_id":1,"category_id":1,"bbox":[1,2,3,4]}'
    bad = json.dumps({"id": 2, "image_id": 1, "category_id": 1, "bbox": [2, 2, 3, 4], **wrong})
    (tmp_path / "a.json").write_text(
        '{"categories":[{"id":1,"name":"cat"}],"images":[{"id":1,"file_name":"a.png"}],\n'
        f'"annotations":[\n{good},\n{bad}]}}'
    )

    imported = made(tmp_path)

    assert told(imported) == [(code, "a.json", 4)]
    assert objects_of(imported, "a.png").boxes[0].tolist() == [1, 2, 4, 6]
    assert told_of_check(tmp_path) == [(code, "a.json", 4)]


def told_of_check(root: Path) -> list[tuple[str, str, int | None]]:
    codes = ("class_tiny", "classes_uneven")
    return [(p.code, p.file, p.line) for p in check_dataset(root) if p.code not in codes]


def test_that_boxes_are_put_right_and_clipped(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    boxes: list[dict[str, object]] = [
        {"bbox": [5, 5, -3, 4]}, {"bbox": [30, 20, 50, 50]}, {"bbox": [-0.5, 0, 5, 30.7]}, {"bbox": [0, 0, 0, 5]},
    ]  # fmt: skip
    write_json(tmp_path / "a.json", coco({"a.png": 1}, boxes))

    imported = made(tmp_path)

    assert objects_of(imported, "a.png").boxes.tolist() == [[2, 5, 5, 9], [30, 20, 40, 30], [0, 0, 4.5, 30]]
    assert [code for code, _, _ in told(imported)] == ["box_inverted", "box_empty", "box_outside"]


def test_that_images_and_labels_without_each_other_are_told(tmp_path: Path) -> None:
    write_pictures(tmp_path, "train/a.png", "train/stray.png", "train/bare.png")
    names = {"a.png": 1, "gone.png": 2, "bare.png": 3}
    write_json(tmp_path / "train.json", coco(names, [{}, {"image_id": 2}]))

    imported = made(tmp_path)

    assert told(imported) == [
        ("label_without_image", "train.json", 1), ("image_without_label", "train/stray.png", None),
    ]  # fmt: skip
    assert [(i.path, len(objects_of(imported, i.path))) for i in imported.manifest.items] == [
        ("train/a.png", 1), ("train/bare.png", 0),
    ]  # fmt: skip


def test_that_an_image_in_two_splits_is_told_by_name_and_by_content(tmp_path: Path) -> None:
    write_pictures(tmp_path, "images/a.png", "images/b.png")
    write_json(tmp_path / "train.json", coco({"a.png": 1}, [{}]))
    write_json(tmp_path / "val.json", coco({"a.png": 1, "b.png": 2}, [{}]))
    (tmp_path / "images" / "b.png").write_bytes((tmp_path / "images" / "a.png").read_bytes())

    imported = made(tmp_path)

    assert [code for code, _, _ in told(imported, but=("box_repeated",))] == ["image_in_two_splits"] * 2


def test_that_another_size_than_the_files_is_told(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    images = [{"id": 1, "file_name": "a.png", "width": 80, "height": 60}]
    write_json(tmp_path / "a.json", {**coco({}, [{}]), "images": images})

    assert told(made(tmp_path)) == [("size_differs", "a.png", None)]


def test_that_repeated_ids_of_images_and_classes_are_told(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png", "b.png")
    images = [{"id": 1, "file_name": "a.png"}, {"id": 1, "file_name": "b.png"}, {"file_name": "b.png"}, 7]
    categories = [{"id": 1, "name": "cat"}, {"id": 1, "name": "dog"}, {"id": 3}]
    write_json(tmp_path / "a.json", {**coco({}, [{}]), "images": images, "categories": categories})

    codes = [code for code, _, _ in told(read_layout(tmp_path))]

    assert sorted(codes) == ["annotations_invalid"] * 3 + ["id_repeated"] * 2 + ["image_without_label"]


def test_that_many_problems_of_a_kind_are_summed(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    empty: list[dict[str, object]] = [{"bbox": [place % 30, 0, 0, 5]} for place in range(500)]
    write_json(tmp_path / "a.json", coco({"a.png": 1}, [{}, *empty]))

    problems = [p for p in made(tmp_path).manifest.problems if p.code == "box_empty"]

    assert len(problems) == 21
    assert problems[-1].message == "480 more have the same problem."


def test_that_a_file_that_is_cut_off_is_refused_with_its_line(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    whole = json.dumps(coco({"a.png": 1}, [{}]), indent=1)
    (tmp_path / "a.json").write_text(whole[:-120])

    with pytest.raises(UserError, match=r"a\.json, line \d\d: ") as refusal:
        read_layout(tmp_path)
    assert refusal.value.code == "annotations_invalid"


def test_that_names_that_no_record_can_hold_are_spelled_otherwise(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    content = coco({"a.png": 1, "\ud800.png": 2}, [{}], categories=[{"id": 1, "name": "c\ud800t"}])
    write_json(tmp_path / "a.json", content)

    manifest = made(tmp_path).manifest

    assert manifest.classes == ("c?t",)
    assert json.loads(manifest.model_dump_json())["problems"][0]["code"] == "label_without_image"


def test_that_numbers_beyond_all_measure_do_no_harm(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    far = [[1, 1, 1e300, 1, 5, 1e300]]
    boxes: list[dict[str, object]] = [
        {"bbox": [0, 0, 1e308, 1e308]}, {"bbox": [0, 0, 10**400, 1]}, {"bbox": [0, 0, 9, 9], "segmentation": far},
    ]  # fmt: skip
    write_json(tmp_path / "a.json", coco({"a.png": 1}, boxes))

    imported = made(tmp_path)

    assert objects_of(imported, "a.png").boxes.tolist() == [[0, 0, 40, 30], [0, 0, 9, 9]]
    assert [code for code, _, _ in told(imported)] == ["box_invalid", "box_outside"]


def test_that_a_file_larger_than_what_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pictures(tmp_path, "a.png")
    write_json(tmp_path / "a.json", coco({"a.png": 1}, [{}]))
    monkeypatch.setattr(coco_file, "MOST_BYTES", 100)

    with pytest.raises(UserError) as refusal:
        read_layout(tmp_path)
    assert refusal.value.code == "annotations_too_large"


@pytest.mark.parametrize(
    "order", [("images", "categories", "annotations"), ("annotations", "categories", "images")]
)
def test_that_a_long_file_is_recognised_by_its_ends(order: tuple[str, ...], tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    content = coco(
        {"a.png": 1} | {f"{number:04}_{'x' * 200}.png": number for number in range(2, 700)}, [{}] * 2000
    )
    write_json(tmp_path / "a.json", {key: content[key] for key in order})

    assert layout_of(tmp_path).name == "coco"


def test_that_ids_may_be_words_and_numbers_in_quotes(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    content = {
        "annotations": [{"image_id": "x", "category_id": "c", "bbox": ["1", "2", "3.5", "4"], "area": "14"}],
        "images": [{"id": "x", "file_name": "a.png"}],
        "categories": [{"id": "c", "name": "cat"}],
    }
    write_json(tmp_path / "a.json", content)

    objects = objects_of(made(tmp_path), "a.png")

    assert (objects.boxes.tolist(), objects.areas.tolist()) == ([[1, 2, 4.5, 6]], [14])


def test_that_the_reference_annotations_of_coco_are_read_whole(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "metric_refs" / "coco_val2014_100" / "instances_val2014_100.json"
    reference = json.loads(source.read_text())
    write_json(tmp_path / "annotations" / "instances_val2014.json", reference)
    for image in reference["images"]:
        write_small(tmp_path / "val2014" / image["file_name"], image["width"], image["height"])

    imported = made(tmp_path)

    assert layout_of(tmp_path).name == "coco"
    table = imported.annotations
    assert table is not None
    assert (len(imported.manifest.items), len(table.labels)) == (100, len(reference["annotations"]))
    assert int(table.crowd.sum()) == sum(entry["iscrowd"] for entry in reference["annotations"])
    assert np.sort(table.areas) == pytest.approx(
        np.sort([e["area"] for e in reference["annotations"]]), rel=1e-6
    )
    check_masks_against_reference(imported, reference)


def write_small(path: Path, width: int, height: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (width, height)).save(path)


def check_masks_against_reference(imported: Imported, reference: dict[str, list[dict[str, Any]]]) -> None:
    """Every tenth mask is pixel for pixel that of the compiled tool."""
    table = imported.annotations
    assert table is not None
    places = {Path(item.path).name: place for place, item in enumerate(imported.manifest.items)}
    images = {image["id"]: image for image in reference["images"]}
    seen: dict[int, int] = {}
    for number, entry in enumerate(reference["annotations"]):
        image = images[entry["image_id"]]
        place = places[image["file_name"]]
        nth = seen[place] = seen.get(place, -1) + 1
        if number % 10:
            continue
        height, width = image["height"], image["width"]
        runs = tool.frPyObjects(entry["segmentation"], height, width)
        expected = tool.decode(runs if isinstance(runs, list) else [runs]).any(axis=2)
        ours = table.object_mask(int(table.object_starts[place]) + nth, height, width)
        assert (ours == expected).all()
