"""YOLO datasets are read from data.yaml, lists or the tree alone; each fault is told with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.datasets.formats.registry import read_layout
from engine.errors import UserError
from tests.engine.datasets.labelled import SIZE, made, objects_of, told, write_pictures

BOX = "0 0.5 0.5 0.5 0.2"
IN_PIXELS = [[10, 12, 30, 18]]


def write_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def yolo_tree(
    root: Path, *lines: str, yaml: str = "names: [cat, dog]\ntrain: images/train\nval: images/val\n"
) -> Path:
    """One image for training with these lines, one for validation with one box."""
    write_pictures(root, "images/train/a.png", "images/val/b.png")
    write_text(root / "labels/train/a.txt", "\n".join(lines))
    write_text(root / "labels/val/b.txt", BOX)
    if yaml:
        write_text(root / "data.yaml", yaml)
    return root


@pytest.mark.parametrize(
    "yaml",
    [
        "names: [cat, dog]\ntrain: images/train\nval: images/val\n",
        "path: .\nnames:\n  0: cat\n  1: dog\nnc: 2\ntrain: images/train\nval: images/val\ntest:\n",
        "path: /datasets/gone\nnames: ['cat', 'dog']\ntrain: images/train/\nval: [images/val]\n",
        "names: [cat, dog]\ntrain: ../images/train\nval: ../images/val\n",
        "names: [cat, dog]\ntrain: /home/me/d/images/train\nval: C:\\d\\images\\val\n",
        "path: ../d\nnames: [cat, dog]\ntrain: train.txt\nval: val.txt\n",
        "names: [cat, dog]\n",
        "names: [cat, dog]\nkpt_shape: [a, 3]\ntrain: [images/train, 7, {a: b}]\nval: images/val\nnc: two\n",
    ],
)
def test_that_data_yaml_is_read_as_tools_write_it(yaml: str, tmp_path: Path) -> None:
    root = yolo_tree(tmp_path / "d", BOX, yaml=yaml)
    (root / "train.txt").write_text("./images/train/a.png\n")
    (root / "val.txt").write_text("/somewhere/images/val/b.png\n\n")

    imported = made(root)

    assert (imported.manifest.format, imported.manifest.classes) == ("yolo", ("cat", "dog"))
    assert told(imported) == []
    assert [(i.path, i.split) for i in imported.manifest.items] == [
        ("images/train/a.png", "train"), ("images/val/b.png", "val"),
    ]  # fmt: skip
    assert objects_of(imported, "images/train/a.png").boxes.tolist() == IN_PIXELS


def test_that_folders_of_splits_with_images_and_labels_are_read(tmp_path: Path) -> None:
    write_pictures(tmp_path, "train/images/a.png", "valid/images/b.png")
    write_text(tmp_path / "train/labels/a.txt", BOX)
    write_text(tmp_path / "valid/labels/b.txt", BOX)
    write_text(
        tmp_path / "data.yaml", "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['cat']\n"
    )
    write_text(tmp_path / "README.roboflow.txt", "1 2 3 4 5")

    imported = made(tmp_path)

    assert [(item.split, len(objects_of(imported, item.path))) for item in imported.manifest.items] == [
        ("train", 1), ("val", 1),
    ]  # fmt: skip


def test_that_labels_beside_images_with_a_list_of_classes_are_read(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png", "b.png")
    write_text(tmp_path / "a.txt", "1 0.5 0.5 0.5 0.2\n")
    write_text(tmp_path / "classes.txt", "cat\ndog\n")

    imported = made(tmp_path)

    assert imported.manifest.classes == ("cat", "dog")
    assert objects_of(imported, "a.png").labels.tolist() == [1]
    assert told(imported) == [("image_without_label", "b.png", None)]
    assert len(objects_of(imported, "b.png")) == 0


def test_that_darknet_is_read(tmp_path: Path) -> None:
    write_pictures(tmp_path, "obj_train_data/a.png")
    write_text(tmp_path / "obj_train_data/a.txt", BOX)
    write_text(tmp_path / "obj.names", "cat\n")
    write_text(tmp_path / "train.txt", "data/obj_train_data/a.png\n")
    write_text(tmp_path / "obj.data", "classes = 1\ntrain = data/train.txt\nnames = data/obj.names\n")

    imported = made(tmp_path)

    assert (imported.manifest.classes, len(objects_of(imported, "obj_train_data/a.png"))) == (("cat",), 1)


def test_that_polygons_are_masks_and_boxes(tmp_path: Path) -> None:
    imported = made(yolo_tree(tmp_path, "1 0.25 0.2 0.5 0.2 0.5 0.4 0.25 0.4", BOX))

    table = imported.annotations
    assert table is not None
    assert table.has_masks
    assert objects_of(imported, "images/train/a.png").boxes.tolist() == [[10, 6, 20, 12], *IN_PIXELS]
    masks = table.masks(0, SIZE[1], SIZE[0])
    assert masks is not None
    assert masks.reshape(2, -1).sum(axis=1).tolist() == [60, 120]
    assert masks[0, 6:12, 10:20].all()


def test_that_keypoints_are_left_aside(tmp_path: Path) -> None:
    yaml = "names: [cat]\nkpt_shape: [2, 3]\ntrain: images/train\nval: images/val\n"
    imported = made(yolo_tree(tmp_path, BOX + " 0.1 0.1 2 0.2 0.2 1", yaml=yaml))

    assert objects_of(imported, "images/train/a.png").boxes.tolist() == IN_PIXELS
    assert imported.annotations is not None
    assert not imported.annotations.has_masks


def test_that_numbers_of_classes_with_gaps_are_counted_on(tmp_path: Path) -> None:
    yaml = "names: {3: cat, 7: dog}\ntrain: images/train\n"
    write_pictures(tmp_path, "images/train/a.png")
    write_text(tmp_path / "labels/train/a.txt", "7 0.5 0.5 0.5 0.2\n3 0.5 0.5 0.5 0.5\n")
    write_text(tmp_path / "data.yaml", yaml)

    imported = made(tmp_path)

    assert objects_of(imported, "images/train/a.png").labels.tolist() == [1, 0]
    assert told(imported) == [("ids_sparse", "data.yaml", None)]


def test_that_classes_without_names_are_numbered(tmp_path: Path) -> None:
    imported = made(yolo_tree(tmp_path, "2 0.5 0.5 0.5 0.2", yaml=""))

    assert imported.manifest.classes == ("class_0", "class_1", "class_2")
    assert told(imported) == [("classes_unnamed", "", None)]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("0 0.5 0.5 0 0.2", "box_empty"),
        ("0 0.5 0.5 -0.4 0.2", "box_inverted"),
        ("0 0.9 0.5 0.5 0.2", "box_outside"),
        ("0 1.9 0.5 0.5 0.2", "box_outside"),
        ("0 120 60 30 20", "annotations_invalid"),
        ("2 0.5 0.5 0.5 0.2", "class_unknown"),
        ("-1 0.5 0.5 0.5 0.2", "class_unknown"),
        ("0.5 0.5 0.5 0.5 0.2", "annotations_invalid"),
        ("cat 0.5 0.5 0.5 0.2", "annotations_invalid"),
        ("0 0.5 0.5 0.5", "annotations_invalid"),
        ("0 0.5 0.5 0.5 0.2 0.3 0.4 0.5", "annotations_invalid"),
        ("0 0.5 nan 0.5 0.2", "annotations_invalid"),
        ("0 0,5 0,5 0,5 0,2", "annotations_invalid"),
    ],
)
def test_that_what_is_wrong_with_a_line_is_told(wrong: str, code: str, tmp_path: Path) -> None:
    assert told(made(yolo_tree(tmp_path, BOX, "", wrong))) == [(code, "labels/train/a.txt", 3)]


def test_that_labels_without_an_image_are_told(tmp_path: Path) -> None:
    root = yolo_tree(tmp_path, BOX)
    write_text(root / "labels/train/gone.txt", BOX)

    assert told(made(root)) == [("label_without_image", "labels/train/gone.txt", None)]


def test_that_faults_of_lists_are_told(tmp_path: Path) -> None:
    root = yolo_tree(tmp_path, BOX, yaml="names: [cat]\ntrain: train.txt\nval: val.txt\nnc: 3\n")
    (root / "train.txt").write_text("images/train/a.png\nimages/train/gone.png\n")
    (root / "val.txt").write_text("images/train/a.png\nimages/val/b.png\n")

    assert told(made(root)) == [
        ("label_without_image", "train.txt", 2), ("image_in_two_splits", "images/train/a.png", None),
        ("classes_differ", "data.yaml", None),
    ]  # fmt: skip


def test_that_a_broken_data_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data\.yaml, line 2: ") as refusal:
        read_layout(yolo_tree(tmp_path, BOX, yaml="names: [cat\ntrain: images: x\n"))
    assert refusal.value.code == "annotations_invalid"


def test_that_nothing_outside_the_dataset_is_read(tmp_path: Path) -> None:
    write_pictures(tmp_path, "secret/s.png")
    yaml = "names: [cat, dog]\ntrain: images/train\nval: ../secret\n"

    found = read_layout(yolo_tree(tmp_path / "d", BOX, yaml=yaml))

    assert [image.path.name for image in found.images] == ["a.png"]
