from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.datasets.dataset_folder import DatasetFolder, DatasetRecord
from engine.datasets.library import Library
from engine.datasets.lineage import Change, Version, compare, version_at, version_like
from engine.datasets.manifest import Item, Manifest
from engine.datasets.object_changes import ObjectChange
from engine.errors import UserError
from engine.protocol.run_folder import write_record
from tests.desktop.labelled_sets import picture, write_masks, write_objects
from tests.engine.datasets.labelled import made


def manifest(*items: Item, classes: tuple[str, ...] = ("cat", "dog")) -> Version:
    return Version(
        Manifest(
            name="pets",
            task="classification",
            format="imagefolder",
            version="v",
            classes=classes,
            items=items,
        )
    )


def item(path: str, sha: str, label: int | None = 0, split: str = "train") -> Item:
    return Item(path=path, label=label, split=split, sha256=sha)


def edited(folder: Path, *, key: str = "annotations") -> list[dict[str, object]]:
    return json.loads((folder / "annotations" / "instances_train.json").read_text())[key]


def write_edited(folder: Path, objects: list[dict[str, object]]) -> None:
    place = folder / "annotations" / "instances_train.json"
    place.write_text(json.dumps(json.loads(place.read_text()) | {"annotations": objects}))


def test_that_equal_versions_do_not_differ() -> None:
    side = manifest(item("a.png", "1"), item("b.png", "2"))
    found = compare(side, side)
    assert found.is_empty
    assert found.sentences() == []


def test_that_images_are_told_as_added_removed_renamed_replaced_relabelled_and_moved() -> None:
    old = manifest(
        item("gone.png", "1"), item("here.png", "2"), item("same.png", "3"), item("label.png", "4"),
        item("split.png", "5"),
    )  # fmt: skip
    new = manifest(
        item("there.png", "2"), item("same.png", "9"), item("label.png", "4", 1), item("split.png", "5", 0, "val"),
        item("come.png", "7"),
    )  # fmt: skip
    found = compare(old, new)
    assert found.added == ("come.png",)
    assert found.removed == ("gone.png",)
    assert found.renamed == (Change("there.png", "here.png", "there.png"),)
    assert found.replaced == ("same.png",)
    assert found.relabelled == (Change("label.png", "cat", "dog"),)
    assert found.moved == (Change("split.png", "train", "val"),)
    assert found.sentences()[:2] == ["1 image added", "1 image removed"]


def test_that_labels_are_compared_by_name_and_an_order_of_classes_is_told() -> None:
    old, new = manifest(item("a.png", "1", 0)), manifest(item("a.png", "1", 1), classes=("dog", "cat"))
    found = compare(old, new)
    assert found.relabelled == ()
    assert found.reorders_classes
    more = compare(old, manifest(item("a.png", "1", 0), classes=("cat", "dog", "cow")))
    assert more.classes_added == ("cow",)
    assert "classes added: cow" in more.sentences()


def test_that_boxes_are_told_as_added_removed_and_changed(library: Library, tmp_path: Path) -> None:
    folder = write_objects(tmp_path / "animals")
    first = library.import_dataset(folder)
    objects = edited(folder)
    objects[0]["bbox"] = [5, 5, 8, 20]
    objects[1]["category_id"] = 1
    del objects[-1]
    objects.append({"id": 50, "image_id": 3, "category_id": 0, "bbox": [1, 1, 5, 5], "iscrowd": 0})
    write_edited(folder, objects)
    second = library.import_dataset(folder)
    found = compare(version_at(library, "animals", first.version), version_at(library, "animals"))
    assert first.version != second.version
    assert found.objects == (
        ObjectChange("train/0.png", 0, 0, 1),
        ObjectChange("train/1.png", 0, 0, 1),
        ObjectChange("train/2.png", 0, 1, 0),
        ObjectChange("train/3.png", 1, 0, 0),
    )
    counts = found.counts()
    assert (counts["objects_added"], counts["objects_removed"], counts["objects_changed"]) == (1, 1, 2)


def test_that_another_polygon_under_the_same_box_is_a_change(library: Library, tmp_path: Path) -> None:
    folder = write_objects(tmp_path / "animals", polygons=True)
    first = library.import_dataset(folder)
    objects = edited(folder)
    objects[0]["segmentation"] = [[4, 5, 12, 5, 8, 25]]
    write_edited(folder, objects)
    library.import_dataset(folder)
    found = compare(version_at(library, "animals", first.version), version_at(library, "animals"))
    assert found.objects == (ObjectChange("train/0.png", 0, 0, 1),)


def test_that_another_mask_is_told(library: Library, tmp_path: Path) -> None:
    folder = write_masks(tmp_path / "streets")
    first = library.import_dataset(folder)
    from PIL import Image

    Image.fromarray(np.ones((40, 60), np.uint8)).save(folder / "masks" / "val" / "1.png")
    library.import_dataset(folder)
    found = compare(version_at(library, "streets", first.version), version_at(library, "streets"))
    assert found.remasked == ("images/val/1.png",)


def test_that_layouts_of_the_same_labels_do_not_differ(shared_data: Path) -> None:
    sides = [made(shared_data / "detection_bccd" / layout) for layout in ("coco", "voc")]
    found = compare(*(Version(side.manifest, side.annotations) for side in sides))
    assert found.objects == ()
    assert len(found.renamed) == 240


def test_that_a_dataset_remembers_its_versions_in_order(library: Library, tmp_path: Path) -> None:
    folder = write_objects(tmp_path / "animals")
    first = library.import_dataset(folder)
    assert library.import_dataset(folder).version == first.version
    picture(folder / "train" / "0.png", 77)
    second = library.import_dataset(folder)
    divided = library.resplit("animals", val=0.5, test=0.0, seed=1, replace=True)
    steps = library.history("animals")
    assert [step.version for step in steps] == [first.version, second.version, divided.version]
    assert [step.images for step in steps] == [6, 6, 6]
    assert steps[0].saved <= steps[1].saved <= steps[2].saved
    assert compare(version_at(library, "animals", second.version), version_at(library, "animals")).moved


def test_that_the_versions_of_a_record_without_history_are_found(library: Library, tmp_path: Path) -> None:
    folder = write_objects(tmp_path / "animals")
    first = library.import_dataset(folder)
    picture(folder / "train" / "0.png", 77)
    second = library.import_dataset(folder)
    own = DatasetFolder(
        next(place for place in tmp_path.rglob("animals") if (place / "dataset.json").is_file())
    )
    record = own.record()
    write_record(own.record_path, DatasetRecord(**{**record.model_dump(), "history": ()}))
    assert [step.version for step in library.history("animals")] == [first.version, second.version]


def test_that_a_version_is_found_by_its_beginning(library: Library, tmp_path: Path) -> None:
    first = library.import_dataset(write_objects(tmp_path / "animals"))
    steps = library.history("animals")
    assert version_like(steps, "animals", first.version[:8]) == first.version
    with pytest.raises(UserError, match="has no version zz") as caught:
        version_like(steps, "animals", "zz")
    assert caught.value.code == "version_unknown"
    other = steps[0].model_copy(update={"version": first.version[:8] + "0" * 56})
    with pytest.raises(UserError) as caught:
        version_like([*steps, other], "animals", first.version[:8])
    assert caught.value.code == "version_ambiguous"
