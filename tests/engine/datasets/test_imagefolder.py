"""Folders of classes are read as they lie; what cannot be meant is told, and never guessed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from engine.datasets.formats import layout
from engine.datasets.formats.layout import Found
from engine.datasets.formats.registry import read_layout
from engine.errors import UserError
from tests.engine.datasets.pictures import write_classes, write_picture


def files(found: Found, root: Path) -> list[str]:
    return [image.path.relative_to(root).as_posix() for image in found.images]


def test_that_a_note_beside_the_one_folder_does_not_hide_the_classes(tmp_path: Path) -> None:
    write_classes(tmp_path / "inner", {"a": 1, "b": 1})
    (tmp_path / "README.txt").write_text("x")

    assert read_layout(tmp_path).classes == ["a", "b"]


def test_that_a_class_may_be_called_train(tmp_path: Path) -> None:
    found = read_layout(write_classes(tmp_path / "d", {"bus": 1, "car": 1, "train": 1}))

    assert (found.classes, {image.split for image in found.images}) == (["bus", "car", "train"], {"train"})


def test_that_split_folders_without_classes_are_not_taken_for_classes(tmp_path: Path) -> None:
    root = write_classes(tmp_path / "d", {"train": 2, "test": 2})
    (root / "annotations").mkdir()

    with pytest.raises(UserError, match="no image with a class") as refusal:
        read_layout(root)
    assert "in test: 2 images are left out" in refusal.value.message


def test_that_a_split_without_classes_and_other_folders_are_left_out_and_told(tmp_path: Path) -> None:
    counts = {"train/a": 1, "train/b": 1, "test": 3, "extra/a": 2}

    found = read_layout(write_classes(tmp_path / "d", counts))

    assert [(problem.code, problem.file) for problem in found.problems] == [
        ("folder_ignored", "extra"), ("image_without_class", "test/0.png"),
    ]  # fmt: skip
    assert len(found.images) == 2


def test_that_images_beside_the_classes_are_told(tmp_path: Path) -> None:
    root = write_classes(tmp_path / "d", {"a": 1, "b": 1})
    write_picture(root / "stray.png", 7)

    assert [(p.code, p.file) for p in read_layout(root).problems] == [("image_without_class", "stray.png")]


def test_that_problems_name_files_from_the_root_though_a_folder_wraps_them(tmp_path: Path) -> None:
    write_classes(tmp_path / "inner", {"a": 1, "b": 1})
    (tmp_path / "inner" / "c").mkdir()

    assert [problem.file for problem in read_layout(tmp_path).problems] == ["inner/c"]


def test_that_hidden_files_and_those_of_other_systems_are_passed_over(tmp_path: Path) -> None:
    root = write_classes(tmp_path / "d", {"a": 1, "b": 1})
    write_picture(root / "a" / "._0.png")
    write_picture(root / "__MACOSX" / "x.png")
    write_picture(root / ".thumbnails" / "x.png")

    found = read_layout(root)
    assert files(found, root) == ["a/0.png", "b/0.png"]
    assert found.problems == []


def test_that_linked_folders_are_classes_and_loops_of_links_end(tmp_path: Path) -> None:
    real = write_classes(tmp_path / "real", {"cats": 2})
    root = write_classes(tmp_path / "d", {"a": 1, "b": 1})
    (root / "cats").symlink_to(real / "cats")
    (root / "a" / "up").symlink_to("..")
    (root / "a" / "to_b").symlink_to("../b")
    (root / "b" / "to_a").symlink_to("../a")

    assert files(read_layout(root), root) == [
        "a/0.png", "a/to_b/0.png", "b/0.png", "b/to_a/0.png", "cats/0.png", "cats/1.png",
    ]  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="other systems have no names that are not text")
def test_that_names_that_are_no_text_are_left_out_and_told(tmp_path: Path) -> None:
    root = write_classes(tmp_path / "d", {"a": 1, "b": 1})
    strange = Path(os.fsdecode(os.fsencode(root / "a") + b"/caf\xe9.png"))
    try:
        shutil.copy(root / "a" / "0.png", strange)
    except OSError:
        pytest.skip("this file system takes UTF-8 only")

    found = read_layout(root)

    assert files(found, root) == ["a/0.png", "b/0.png"]
    assert found.problems[0].code == "name_not_text"
    found.problems[0].model_dump_json()


def test_that_a_folder_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_classes(tmp_path / "d", {"a": 1, "b": 1})
    scan = os.scandir

    def refuse(folder: Path) -> object:
        if Path(folder).name == "b":
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(layout.os, "scandir", refuse)  # the tests may run as root, who may read all

    with pytest.raises(UserError, match="Permission denied") as refusal:
        read_layout(root)
    assert refusal.value.code == "folder_unreadable"


def test_that_the_parts_of_a_dataset_for_another_task_are_not_taken_for_classes(tmp_path: Path) -> None:
    root = write_classes(tmp_path / "d", {"images/train": 2, "masks/train": 2})

    with pytest.raises(UserError) as refusal:
        read_layout(root, task="classification")
    assert refusal.value.code == "layout_unknown"
    assert read_layout(root, "imagefolder").classes == ["images", "masks"]


@pytest.mark.parametrize(
    "name", ["detection_bccd/coco", "detection_bccd/voc", "detection_bccd/yolo", "segmentation_camvid"]
)
def test_that_real_data_of_other_tasks_is_refused(name: str, shared_data: Path) -> None:
    with pytest.raises(UserError) as refusal:
        read_layout(shared_data / name, task="classification")
    assert refusal.value.code in ("layout_unknown", "no_images")
