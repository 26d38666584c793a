"""A table of labels is read as people write it, and what is wrong in it is told by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.datasets.formats.layout import Found
from engine.datasets.formats.registry import read_layout
from engine.errors import UserError
from tests.engine.datasets.pictures import write_picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        write_picture(tmp_path / "flat" / f"{number}.png", number)
    return tmp_path / "flat"


def read(folder: Path, text: str, encoding: str = "utf-8") -> Found:
    (folder / "labels.csv").write_bytes(text.encode(encoding))
    return read_layout(folder)


def labels(found: Found, folder: Path) -> dict[str, str | None]:
    return {image.path.relative_to(folder).as_posix(): image.label for image in found.images}


def told(found: Found) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.line) for problem in found.problems]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "header", [("filename", "label"), ("Image", "Class"), ("PATH", "target"), ("file name", "Category")]
)
def test_that_delimiters_and_headers_are_found_out(
    header: tuple[str, str], delimiter: str, folder: Path
) -> None:
    rows = [header, ("0.png", "cat"), ("1.png", "dog"), ("2.png", "cat")]

    found = read(folder, "".join(f"{delimiter.join(row)}\r\n" for row in rows))

    assert labels(found, folder) == {"0.png": "cat", "1.png": "dog", "2.png": "cat"}
    assert found.problems == []


def test_that_other_columns_and_their_order_do_not_matter(folder: Path) -> None:
    found = read(folder, "weight,subset,label,image\n1,val,a,0\n2,TEST,b,1.png\n3,,b,./2.png\n")

    assert [image.split for image in found.images] == ["val", "test", "train"]
    assert labels(found, folder) == {"0.png": "a", "1.png": "b", "2.png": "b"}


def test_that_quoted_cells_may_hold_delimiters_quotes_and_odd_line_breaks(folder: Path) -> None:
    found = read(folder, 'file,label\n"0.png", "cats, big ""ones"""\n1.png,a\u2028b\n2.png,c\x0bd\n')

    assert [image.label for image in found.images] == ['cats, big "ones"', "a\u2028b", "c\x0bd"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_that_a_table_saved_by_a_spreadsheet_is_read(encoding: str, folder: Path) -> None:
    found = read(folder, "Datei;file;label\nx;0.png;Bär\nx;1.png;Löwe\nx;2.png;Löwe\n", encoding)

    assert found.classes == ["Bär", "Löwe"]


def test_that_folders_may_be_written_in_the_way_of_windows(folder: Path) -> None:
    write_picture(folder / "more" / "3.png", 3)

    found = read(folder, "file,label\nmore\\3.png,a\n0.png,b\n1.png,b\n2.png,b\n")

    assert labels(found, folder)["more/3.png"] == "a"


def test_that_a_link_inside_the_folder_is_an_image_wherever_it_points(folder: Path, tmp_path: Path) -> None:
    (folder / "link.png").symlink_to(write_picture(tmp_path / "elsewhere.png", 9))

    found = read(folder, "file,label\nlink.png,a\nsub/../0.png,b\n1.png,b\n2.png,b\n")

    assert list(labels(found, folder)) == ["link.png", "0.png", "1.png", "2.png"]


def test_that_every_fault_of_a_row_is_told_with_its_line(folder: Path, tmp_path: Path) -> None:
    outside = write_picture(tmp_path / "outside.png", 9)

    found = read(
        folder,
        "file,label,split\n"
        "0.png,a,train\n"
        "gone.png,a,train\n"
        f"{outside},a,train\n"
        "../outside.png,a,train\n"
        "1.png,,train\n"
        "1.png,b,trian\n"
        "2.png\n"
        f"{'x' * 5000},a,train\n"
        "1.png,b,train\n",
    )

    assert told(found) == [
        ("label_without_image", 3), ("image_outside", 4), ("image_outside", 5), ("label_missing", 6),
        ("split_unknown", 7), ("row_short", 8), ("label_without_image", 9), ("image_without_label", None),
    ]  # fmt: skip
    assert all(problem.message.endswith(".") and problem.remedy for problem in found.problems)
    assert labels(found, folder) == {"0.png": "a", "1.png": "b"}


def test_that_of_rows_for_one_image_the_first_counts(folder: Path) -> None:
    found = read(folder, "file,label\n0.png,a\n0.png,a\n0.png,b\n1.png,b\n2.png,b\n")

    assert told(found) == [("row_repeated", 3), ("row_contradicts", 4)]
    assert labels(found, folder)["0.png"] == "a"


def test_that_thousands_of_faults_are_summed_up(folder: Path) -> None:
    gone = "".join(f"gone{number}.png,a\n" for number in range(3000))

    found = read(folder, f"file,label\n0.png,a\n1.png,b\n2.png,b\n{gone}")

    assert len(found.problems) == 201
    assert found.problems[-1].message == "2800 more lines of labels.csv cannot be used."


def test_that_images_that_no_row_names_are_told(folder: Path) -> None:
    found = read(folder, "file,label\n0.png,a\n")

    assert (
        found.problems[0].message
        == "2 images are in no usable line of labels.csv and left out: 1.png and others."
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [("", 1), ("file,label\n", 1), ("0.png,a\n1.png,b\n", 1), ('file,label\n0.png,a\n"1.png"x,b\n', 3)],
)
def test_that_a_table_that_cannot_be_read_is_refused_with_its_line(
    text: str, line: int, folder: Path
) -> None:
    (folder / "labels.csv").write_text(text, encoding="utf-8")

    with pytest.raises(UserError, match=rf"labels\.csv, line {line}: ") as refusal:
        read_layout(folder / "labels.csv")
    assert refusal.value.code == "annotations_invalid"


def test_that_two_tables_of_labels_are_not_guessed_between(folder: Path) -> None:
    (folder / "more.csv").write_text("file,label\n0.png,x\n")

    with pytest.raises(UserError, match=r"labels\.csv, more\.csv"):
        read(folder, "file,label\n0.png,a\n")


def test_that_problems_name_the_table_from_the_root_though_a_folder_wraps_it(folder: Path) -> None:
    (folder / "labels.csv").write_text("file,label\n0.png,a\n1.png,b\n2.png,b\ngone.png,a\n")

    found = read_layout(folder.parent)

    assert [(problem.file, problem.line) for problem in found.problems] == [("flat/labels.csv", 5)]
