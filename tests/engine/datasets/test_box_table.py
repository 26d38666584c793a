"""Tables of boxes are read in their several spellings; a row that cannot be used is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.datasets.formats.registry import layout_of
from tests.engine.datasets.labelled import made, objects_of, told, write_pictures


@pytest.mark.parametrize(
    "text",
    [
        "filename,class,xmin,ymin,xmax,ymax\na.png,cat,1,2,3,4\n",
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,40,30,cat,1,2,3,4\n",
        "image_path;x1;y1;x2;y2;label\nC:\\d\\a.png;1;2;3;4;cat\n",
        "ImageID,LabelName,XMin,XMax,YMin,YMax\na.png,cat,0.025,0.075,0.0666666667,0.1333333333\n",
        "image,label,x,y,w,h\na.png,cat,1,2,2,2\n",
        "image,label,x,y,width,height\na.png,cat,1,2,2,2\n",
    ],
)
def test_that_the_columns_of_common_tools_are_read(text: str, tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    (tmp_path / "boxes.csv").write_text(text)

    imported = made(tmp_path)

    assert (imported.manifest.format, imported.manifest.classes) == ("csv_boxes", ("cat",))
    assert objects_of(imported, "a.png").boxes.tolist() == [pytest.approx([1, 2, 3, 4], abs=1e-4)]
    assert told(imported) == []


def test_that_splits_are_told_by_a_column_a_folder_or_the_table(tmp_path: Path) -> None:
    head = "filename,class,xmin,ymin,xmax,ymax"
    write_pictures(tmp_path / "column", "a.png", "b.png")
    (tmp_path / "column" / "x.csv").write_text(
        f"{head},split\na.png,cat,1,2,3,4,valid\nb.png,cat,1,2,3,4,train\n"
    )
    write_pictures(tmp_path / "folder", "train/a.png", "test/b.png")
    for split, name in (("train", "a"), ("test", "b")):
        (tmp_path / "folder" / split / "_annotations.csv").write_text(f"{head}\n{name}.png,cat,1,2,3,4\n")
    write_pictures(tmp_path / "table", "images/a.png", "images/b.png")
    for split, name in (("train", "a"), ("test", "b")):
        (tmp_path / "table" / f"{split}_labels.csv").write_text(f"{head}\n{name}.png,cat,1,2,3,4\n")

    splits = {
        name: [item.split for item in made(tmp_path / name).manifest.items]
        for name in ("column", "folder", "table")
    }

    assert splits == {"column": ["val", "train"], "folder": ["test", "train"], "table": ["train", "test"]}


def test_that_a_row_of_a_file_alone_is_an_image_of_nothing_and_faults_are_told(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png", "none.png", "stray.png")
    rows = [
        "filename,class,xmin,ymin,xmax,ymax,split", "a.png,cat,1,2,3,4,", "none.png,,,,,,", "gone.png,cat,1,2,3,4,",
        "a.png,cat,1,2,x,4,", "a.png,,1,2,3,4,", "a.png,cat,1,2,3,4,later", "a.png,cat,5,5,5,6,",
    ]  # fmt: skip
    (tmp_path / "boxes.csv").write_text("\n".join(rows))

    imported = made(tmp_path)

    assert [(i.path, len(objects_of(imported, i.path))) for i in imported.manifest.items] == [
        ("a.png", 1), ("none.png", 0),
    ]  # fmt: skip
    assert told(imported) == [
        ("label_without_image", "boxes.csv", 4), ("annotations_invalid", "boxes.csv", 5),
        ("annotations_invalid", "boxes.csv", 6), ("split_unknown", "boxes.csv", 7),
        ("image_without_label", "stray.png", None), ("box_empty", "boxes.csv", 8),
    ]  # fmt: skip


def test_that_the_table_itself_may_be_given(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    (tmp_path / "boxes.csv").write_text("filename,class,xmin,ymin,xmax,ymax\na.png,cat,1,2,3,4\n")

    assert layout_of(tmp_path / "boxes.csv").name == "csv_boxes"


def test_that_a_table_of_labels_is_for_classification(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png", "b.png")
    (tmp_path / "labels.csv").write_text("filename,label\na.png,cat\nb.png,dog\n")

    assert layout_of(tmp_path).name == "csv"
