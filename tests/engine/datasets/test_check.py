"""The check opens every image and names file, problem and remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.datasets.check import check_dataset
from engine.errors import UserError
from engine.protocol.results import Problem
from tests.engine.datasets.pictures import write_classes, write_picture


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_classes(tmp_path / "d", {"train/a": 12, "train/b": 12, "val/a": 3, "val/b": 3})


def found(data: Path) -> dict[str, Problem]:
    problems = check_dataset(data)
    assert all(problem.message.endswith(".") and problem.remedy for problem in problems)
    return {problem.code: problem for problem in problems}


def test_that_a_good_dataset_has_no_problem(data: Path) -> None:
    assert found(data) == {}


def test_that_a_truncated_file_is_found_though_its_header_is_whole(data: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3)).astype(np.uint8)
    path = data / "train" / "a" / "cut.jpg"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:2000])

    problem = found(data)["image_unreadable"]
    assert (problem.file, problem.severity) == ("train/a/cut.jpg", "warning")


def test_that_an_ending_that_lies_is_told(data: Path) -> None:
    Image.new("RGB", (5, 5)).save(data / "train" / "a" / "really_png.jpg", format="PNG")

    assert found(data)["wrong_extension"].file == "train/a/really_png.jpg"


@pytest.mark.parametrize(
    ("mode", "name", "code"),
    [
        ("RGBA", "x.png", "transparency"), ("LA", "x.png", "transparency"), ("L", "x.png", "grayscale"),
        ("CMYK", "x.jpg", "cmyk"), ("I;16", "x.png", "deep_gray"), ("P", "x.png", "palette"),
        ("I", "x.tif", "deep_gray"), ("F", "x.tif", "fractions"), ("1", "x.png", "grayscale"),
    ],
)  # fmt: skip
def test_that_unusual_kinds_of_images_are_told_once_as_information(
    mode: str, name: str, code: str, data: Path
) -> None:
    for number in range(3):
        Image.new(mode, (5 + number, 5)).save(data / "train" / "a" / f"{number}{name}")

    problem = found(data)[code]
    assert problem.severity == "info"
    assert problem.message.startswith("3 images")


def test_that_a_rotation_in_exif_is_told(data: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (5, 7)).save(data / "train" / "a" / "turned.jpg", exif=exif)

    assert found(data)["exif_rotation"].file == "train/a/turned.jpg"


def test_that_copies_leaks_and_double_labels_are_told_apart(data: Path) -> None:
    shutil.copy(data / "train" / "a" / "0.png", data / "train" / "a" / "copy.png")
    shutil.copy(data / "train" / "a" / "1.png", data / "val" / "a" / "leak.png")
    shutil.copy(data / "train" / "a" / "2.png", data / "train" / "b" / "double.png")

    problems = found(data)

    assert "train/a/copy.png" in problems["image_duplicated"].message
    assert "val/a/leak.png" in problems["image_in_two_splits"].message
    assert "train/b/double.png" in problems["image_under_two_labels"].message
    assert problems["image_duplicated"].severity == "info"
    assert problems["image_in_two_splits"].severity == "warning"


def test_that_empty_tiny_and_uneven_classes_are_told(data: Path) -> None:
    (data / "train" / "empty").mkdir()
    write_picture(data / "train" / "rare" / "1.png", 500)

    problems = found(data)
    assert problems["class_empty"].file == "train/empty"
    assert "rare" in problems["class_tiny"].message
    assert "12 times" in problems["classes_uneven"].message


def test_that_files_of_other_kinds_are_told(data: Path) -> None:
    (data / "train" / "a" / "photo.heic").write_bytes(b"x")

    assert found(data)["not_an_image"].file == "train/a/photo.heic"


def test_that_one_class_is_an_error_and_comes_first(tmp_path: Path) -> None:
    problems = check_dataset(write_classes(tmp_path / "one", {"cat": 3}))

    assert (problems[0].code, problems[0].severity) == ("one_class", "error")


def test_that_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No dataset was recognised"):
        check_dataset(tmp_path)


def test_that_a_zip_is_checked_without_leaving_files(data: Path, tmp_path: Path) -> None:
    (data / "train" / "a" / "broken.png").write_bytes(b"x")
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", data)

    assert "image_unreadable" in {problem.code for problem in check_dataset(Path(archive))}


def test_that_thousands_of_one_kind_are_one_line(tmp_path: Path) -> None:
    root = write_classes(tmp_path / "d", {"a": 1, "b": 1})
    for number in range(1000):
        Image.new("L", (2 + number % 40, 2 + number // 40), number % 250).save(root / "a" / f"g{number}.png")

    problem = found(root)["grayscale"]
    assert problem.message.startswith("1000 images")
    assert problem.message.endswith("and 997 more.")
    assert len(problem.message) < 200


def test_that_a_huge_image_a_dangling_link_and_nothing_at_all_are_told_by_file(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_picture(data / "train" / "a" / "wide.png", 900, (30, 30))
    (data / "train" / "b" / "link.png").symlink_to(data / "nowhere.png")
    (data / "val" / "b" / "empty.jpg").touch()
    monkeypatch.setattr("engine.datasets.decode.MAX_PIXELS", 899)

    problems = check_dataset(data)

    assert {(p.code, p.file) for p in problems} == {
        ("image_too_large", "train/a/wide.png"), ("image_unreadable", "train/b/link.png"),
        ("image_unreadable", "val/b/empty.jpg"),
    }  # fmt: skip
    assert not any(str(data) in problem.message for problem in problems)


def test_that_names_in_any_script_are_no_problem(data: Path) -> None:
    for number, name in enumerate(("猫.png", "Bär 1.png", 'it\'s "x".png', "😀.png", "e\u0301.png")):
        write_picture(data / "train" / "a" / name, 700 + number)

    assert found(data) == {}


def test_that_images_none_of_which_can_be_read_are_an_error(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "d" / name).mkdir(parents=True)
        (tmp_path / "d" / name / "0.png").write_bytes(b"x")

    assert next((p.code, p.severity) for p in check_dataset(tmp_path / "d")) == ("no_images", "error")


def test_that_three_images_are_told_to_be_few_and_nothing_worse(tmp_path: Path) -> None:
    problems = check_dataset(write_classes(tmp_path / "d", {"a": 2, "b": 1}))

    assert [(p.code, p.severity) for p in problems] == [("class_tiny", "warning")] * 2
    assert "only 1 image to train on" in problems[1].message


def test_that_a_path_that_is_no_dataset_is_refused_in_a_sentence(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("x")

    for path, words in ((tmp_path / "nowhere", "There is no"), (note, "is a file")):
        with pytest.raises(UserError, match=words) as refusal:
            check_dataset(path)
        assert refusal.value.hint


def test_that_progress_counts_every_image(data: Path) -> None:
    told: list[tuple[int, int, str]] = []

    check_dataset(data, progress=lambda *step: told.append(step))

    assert told[-1] == (30, 30, "Opening images")


def test_that_the_real_quirks_are_seen(tmp_path: Path, shared_data: Path) -> None:
    turned = shared_data / "quirks" / "exif_orientation_6"
    cells = shared_data / "quirks" / "voc_zero_area_box" / "JPEGImages"
    shutil.copytree(turned, tmp_path / "d" / "hand")
    shutil.copytree(cells, tmp_path / "d" / "blood")

    problem = found(tmp_path / "d")["exif_rotation"]
    assert problem.message.startswith("2 images stored turned and shown upright: hand/7_IMG_5874.jpg")
