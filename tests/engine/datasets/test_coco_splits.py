"""Images of one name in several splits, and splits that only the label files tell."""

from __future__ import annotations

from pathlib import Path

from tests.engine.datasets.labelled import coco, made, objects_of, told, write_json, write_pictures


def test_that_the_labels_of_a_missing_image_do_not_go_to_one_of_the_same_name_in_another_split(
    tmp_path: Path,
) -> None:
    write_pictures(tmp_path, "train/a.png", "val/a.png", "val/b.png")
    write_json(
        tmp_path / "annotations" / "instances_train.json", coco({"a.png": 1, "b.png": 2}, [{"image_id": 2}])
    )
    write_json(tmp_path / "annotations" / "instances_val.json", coco({"a.png": 1, "b.png": 2}, []))
    imported = made(tmp_path)
    assert {item.path: item.split for item in imported.manifest.items} == {
        "train/a.png": "train",
        "val/a.png": "val",
        "val/b.png": "val",
    }
    assert len(objects_of(imported, "val/b.png")) == 0
    assert ("label_without_image", "annotations/instances_train.json", 1) in told(imported)


def test_that_splits_may_be_told_by_files_alone_with_all_images_in_one_folder(tmp_path: Path) -> None:
    write_pictures(tmp_path, "train/a.png", "train/b.png")
    write_json(tmp_path / "annotations" / "instances_train.json", coco({"a.png": 1}, [{}]))
    write_json(tmp_path / "annotations" / "instances_val.json", coco({"b.png": 1}, [{}]))
    assert {item.path: item.split for item in made(tmp_path).manifest.items} == {
        "train/a.png": "train",
        "train/b.png": "val",
    }


def test_that_an_image_that_is_named_with_its_folder_is_that_one_whatever_split_the_folder_is_called(
    tmp_path: Path,
) -> None:
    write_pictures(tmp_path, "train/a.png", "val/b.png")
    names = {"train/a.png": 1, "val/b.png": 2}
    write_json(tmp_path / "annotations" / "instances_train.json", coco(names, [{"image_id": 2}]))
    imported = made(tmp_path)
    assert {item.path: item.split for item in imported.manifest.items} == {
        "train/a.png": "train",
        "val/b.png": "train",
    }
    assert len(objects_of(imported, "val/b.png")) == 1
