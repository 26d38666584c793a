"""Data to test on alone: datasets imported for tests only, folders with labels or without."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.datasets.folder_look import look_at
from engine.datasets.hashing import HashMemory
from engine.datasets.library import ImportOptions, Library
from engine.datasets.statistics import class_counts
from engine.datasets.unlabelled import index_unlabelled
from engine.errors import UserError
from tests.engine.datasets.labelled import coco, write_json, write_pictures
from tests.engine.datasets.pictures import write_classes, write_picture

FOR_TESTS = ImportOptions(is_test_only=True)


def test_that_all_images_are_for_tests_whatever_the_folders_say(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"train/a": 2, "train/b": 1, "val/a": 1, "val/b": 1})

    manifest = library.import_dataset(data, options=FOR_TESTS)

    assert class_counts(manifest) == {"test": {"a": 3, "b": 2}}
    # Nothing is learnt from it: few images of a class are no problem.
    assert manifest.problems == ()


def test_that_one_class_is_enough_for_a_test(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"a": 2})

    assert library.import_dataset(data, options=FOR_TESTS).classes == ("a",)
    with pytest.raises(UserError) as refused:
        library.import_dataset(data, name="to learn from")
    assert refused.value.code == "one_class"


def test_that_the_next_import_of_the_same_folder_is_for_tests_too(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"a": 2, "b": 2})
    library.import_dataset(data, options=FOR_TESTS)
    write_picture(data / "a" / "new.png", 99)

    assert class_counts(library.import_dataset(data)) == {"test": {"a": 3, "b": 2}}
    again = library.import_dataset(data, options=ImportOptions(is_test_only=False))
    assert class_counts(again) == {"train": {"a": 3, "b": 2}}
    assert class_counts(library.import_dataset(data)) == {"train": {"a": 3, "b": 2}}


def test_that_a_moved_dataset_stays_for_tests(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"a": 2, "b": 2})
    library.import_dataset(data, options=FOR_TESTS)
    moved = data.rename(tmp_path / "moved")

    library.relocate("d", moved)

    assert class_counts(library.import_dataset(moved, name="d")) == {"test": {"a": 2, "b": 2}}


def test_that_a_dataset_is_found_by_what_it_was_imported_from(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"a": 2, "b": 2})
    library.import_dataset(data, name="letters")

    assert library.imported_from(data) == "letters"
    assert library.imported_from(tmp_path) is None


def test_that_a_folder_of_classes_is_labelled_for_a_classifier_alone(tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"a": 2, "b": 1})

    assert look_at(data, "classification").classes == ("a", "b")
    look = look_at(data, "detection")
    assert (look.is_labelled, look.images) == (False, 3)


def test_that_labels_for_another_task_are_refused_not_overlooked(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "d", "images/x.png")
    write_json(data / "annotations.json", coco({"x.png": 1}, [{}]))

    assert look_at(data, "detection").classes == ("cat",) or look_at(data, "detection").format == "coco"
    for task in ("classification", "segmentation"):
        with pytest.raises(UserError, match="holds labels for detection") as refused:
            look_at(data, task)
        assert refused.value.code == "task_differs"


def test_that_pictures_alone_are_no_labels_and_no_pictures_are_an_error(tmp_path: Path) -> None:
    write_picture(tmp_path / "photos" / "one.png", 1)
    (tmp_path / "empty").mkdir()

    for task in ("classification", "detection", "segmentation"):
        look = look_at(tmp_path / "photos", task)
        assert (look.is_labelled, look.images, look.classes) == (False, 1, ())
        with pytest.raises(UserError) as refused:
            look_at(tmp_path / "empty", task)
        assert refused.value.code == "no_images"


def test_that_pictures_without_labels_are_indexed_and_unreadable_ones_counted(tmp_path: Path) -> None:
    folder = tmp_path / "photos ü"
    for number in range(3):
        write_picture(folder / "sub" / f"{number}.png", number)
    (folder / "broken.jpg").write_bytes(b"no image")

    manifest, unreadable = index_unlabelled(folder, "detection", ("a", "b"), HashMemory(None))

    assert (len(manifest.items), unreadable, manifest.name) == (3, 1, "photos ü")
    assert {(item.split, item.label, item.mask) for item in manifest.items} == {("test", None, None)}
    assert [problem.file for problem in manifest.problems] == ["broken.jpg"]
    (folder / "sub").rename(tmp_path / "sub")
    with pytest.raises(UserError, match="None of the 1 images") as refused:
        index_unlabelled(folder, "detection", ("a", "b"), HashMemory(None))
    assert refused.value.code == "no_images"
