"""Pascal VOC files are read beside images and in folders of their own; each fault is told with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.datasets.check import check_dataset
from engine.datasets.formats.registry import read_layout
from engine.errors import UserError
from tests.engine.datasets.labelled import made, objects_of, told, voc_xml, write_pictures


def write_xml(path: Path, *objects: str, name: str = "x.png") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(voc_xml(*objects, name=name))
    return path


@pytest.mark.parametrize(
    ("labels", "images"),
    [
        ("Annotations/{1}.xml", "JPEGImages/{1}.png"),
        ("annotations/{1}.xml", "images/{1}.png"),
        ("{0}/{1}.xml", "{0}/{1}.png"),
        ("{0}/annotations/{1}.xml", "{0}/images/{1}.png"),
        ("annotations/{0}/{1}.xml", "images/{0}/{1}.png"),
        ("VOC2007/Annotations/{1}.xml", "VOC2007/JPEGImages/{1}.png"),
    ],
)
def test_that_the_trees_of_common_tools_are_read(labels: str, images: str, tmp_path: Path) -> None:
    for split, name in (("train", "a"), ("valid", "b c")):
        write_pictures(tmp_path, images.format(split, name))
        write_xml(tmp_path / labels.format(split, name), "dog 1 2 3 4", "cat 5 6 7.5 8")

    imported = made(tmp_path)

    split = "val" if "{0}" in images else "train"
    path = images.format("valid", "b c")
    assert (imported.manifest.format, imported.manifest.classes) == ("voc", ("cat", "dog"))
    assert told(imported, but=("image_duplicated", "image_in_two_splits")) == []
    assert next(item.split for item in imported.manifest.items if item.path == path) == split
    objects = objects_of(imported, path)
    assert objects.boxes.tolist() == [[1, 2, 3, 4], [5, 6, 7.5, 8]]
    assert objects.labels.tolist() == [1, 0]


def voc_tree(root: Path, **lists: str) -> Path:
    """Four images in one folder, and lists of splits."""
    names = ("a", "b", "c", "d 1")
    write_pictures(root, *(f"JPEGImages/{name}.png" for name in names))
    for name in names:
        write_xml(root / "Annotations" / f"{name}.xml", "cat 1 2 3 4")
    (root / "ImageSets" / "Main").mkdir(parents=True)
    for name, text in lists.items():
        (root / "ImageSets" / "Main" / f"{name}.txt").write_text(text)
    return root


def test_that_lists_tell_the_splits(tmp_path: Path) -> None:
    voc_tree(
        tmp_path, train="a\nd 1\n", val="b  1\n", test="c.png\n", trainval="a\nb\nd 1\n", cat_train="a -1\n"
    )

    splits = {item.path: item.split for item in made(tmp_path).manifest.items}

    assert splits == {
        "JPEGImages/a.png": "train", "JPEGImages/b.png": "val", "JPEGImages/c.png": "test",
        "JPEGImages/d 1.png": "train",
    }  # fmt: skip


def test_that_train_and_val_in_one_list_are_for_training(tmp_path: Path) -> None:
    found = read_layout(voc_tree(tmp_path, trainval="a\nb\n", test="c\nd 1\n"))

    assert [image.split for image in found.images] == ["train", "train", "test", "test"]


def test_that_faults_of_lists_are_told(tmp_path: Path) -> None:
    found = read_layout(voc_tree(tmp_path, train="a\nb\ngone\n", val="b\n"))

    assert told(found) == [
        ("image_in_two_splits", "ImageSets/Main/val.txt", 1), ("label_without_image", "", None),
        ("image_not_listed", "JPEGImages/c.png", None),
    ]  # fmt: skip
    assert [(image.path.name, image.split) for image in found.images] == [
        ("a.png", "train"),
        ("b.png", "train"),
    ]


def test_that_a_list_of_classes_orders_them_and_others_are_told(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    write_xml(tmp_path / "a.xml", "dog 1 2 3 4", "cat 1 2 3 4", "cow 1 2 3 4")
    (tmp_path / "classes.txt").write_text("dog\ncat\nhorse\n")

    imported = made(tmp_path)

    assert imported.manifest.classes == ("dog", "cat", "horse")
    assert told(imported) == [("class_unknown", "a.xml", 5)]


def test_that_images_without_labels_are_negatives_and_labels_without_images_are_told(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png", "bare.png", "none.png")
    write_xml(tmp_path / "a.xml", "cat 1 2 3 4")
    write_xml(tmp_path / "none.xml")
    write_xml(tmp_path / "gone.xml", "cat 1 2 3 4", name="gone.png")

    imported = made(tmp_path)

    assert [item.path for item in imported.manifest.items] == ["a.png", "bare.png", "none.png"]
    assert told(imported) == [
        ("label_without_image", "gone.xml", None), ("image_without_label", "bare.png", None),
    ]  # fmt: skip


def test_that_an_image_is_found_by_the_name_that_the_file_tells(tmp_path: Path) -> None:
    write_pictures(tmp_path, "images/photo.png")
    write_xml(tmp_path / "labels" / "0001.xml", "cat 1 2 3 4", name="photo.png")

    assert len(objects_of(made(tmp_path), "images/photo.png")) == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<annotation>\n<object>\n</annotation>", 3),
        ("<annotation>\n<object><name>cat</name>", 2),
        ('<!DOCTYPE a [\n<!ENTITY b "c">]><annotation>&b;</annotation>', 2),
        ("<annotation>" + "\n<a>" * 100, 33),
        ("<other><annotation/></other>", 1),
    ],
)
def test_that_a_broken_file_is_told_with_its_line_and_its_image_left_out(
    text: str, line: int, tmp_path: Path
) -> None:
    write_pictures(tmp_path, "a.png", "b.png")
    write_xml(tmp_path / "a.xml", "cat 1 2 3 4")
    (tmp_path / "b.xml").write_text(text)

    imported = made(tmp_path)

    assert told(imported) == [("annotations_invalid", "b.xml", line)]
    assert [item.path for item in imported.manifest.items] == ["a.png"]
    assert ("annotations_invalid", "b.xml", line) in [
        (p.code, p.file, p.line) for p in check_dataset(tmp_path)
    ]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("cat 1 2 1 4", "box_empty"),
        ("cat 8 2 1 4", "box_inverted"),
        ("cat 30 2 99 4", "box_outside"),
        ("cat 1 2 x 4", "annotations_invalid"),
        ("cat 1 2 nan 4", "annotations_invalid"),
        ("cat 1 2 inf 4", "annotations_invalid"),
    ],
)
def test_that_what_is_wrong_with_an_object_is_told_with_its_line(
    wrong: str, code: str, tmp_path: Path
) -> None:
    write_pictures(tmp_path, "a.png")
    write_xml(tmp_path / "a.xml", "cat 1 2 3 4", wrong)

    assert told(made(tmp_path)) == [(code, "a.xml", 4)]


def test_that_an_object_without_a_name_and_one_without_corners_are_told(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox>"
    (tmp_path / "a.xml").write_text(
        f"<annotation>\n<object>{box}</object>\n<object><name>cat</name></object>\n"
        f"<object><name>cat</name><difficult>1</difficult><part><name>head</name>{box}</part>{box}</object>"
        "</annotation>"
    )

    imported = made(tmp_path)

    assert told(imported) == [("annotations_invalid", "a.xml", 2), ("annotations_invalid", "a.xml", 3)]
    assert objects_of(imported, "a.png").difficult.tolist() == [True]
    assert imported.manifest.classes == ("cat",)


def test_that_labels_of_another_size_are_told(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    (tmp_path / "a.xml").write_text(voc_xml("cat 1 2 3 4", size=(80, 60)))

    assert told(made(tmp_path)) == [("size_differs", "a.png", None)]


def test_that_a_dataset_without_any_object_is_refused(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    write_xml(tmp_path / "a.xml")

    with pytest.raises(UserError) as refusal:
        made(tmp_path)
    assert refusal.value.code == "no_classes"
