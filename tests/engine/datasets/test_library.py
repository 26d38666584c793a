"""Datasets are indexed where they lie, in versions that follow from their content; bad input leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from engine.datasets.check import check_dataset
from engine.datasets.library import ImportOptions, Library
from engine.datasets.statistics import class_counts
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.operating_system import try_lock
from tests.engine.datasets.pictures import leftovers, write_classes, write_picture


def code_of(library: Library, path: Path, **options: object) -> str:
    with pytest.raises(UserError) as refusal:
        library.import_dataset(path, options=ImportOptions(**options))  # pyright: ignore[reportArgumentType]  # a case's own
    assert refusal.value.message.endswith(".")
    assert refusal.value.hint
    return refusal.value.code


def test_that_a_folder_of_classes_is_all_for_training(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "Tiere ü", {"cat": 12, "dog": 11})

    manifest = library.import_dataset(data)

    assert (manifest.name, manifest.format, manifest.classes) == ("Tiere ü", "imagefolder", ("cat", "dog"))
    assert class_counts(manifest) == {"train": {"cat": 12, "dog": 11}}
    assert [(item.width, item.height) for item in manifest.items] == [(12, 10)] * 23
    assert library.root("Tiere ü") == data
    assert library.list() == [manifest]


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Training", "valid", "TEST"), ("TRAIN", "Validation", "testing")]
)
def test_that_split_folders_are_known_by_their_usual_names(
    names: tuple[str, str, str], library: Library, tmp_path: Path
) -> None:
    data = write_classes(tmp_path / "d", {f"{name}/{label}": 2 for name in names for label in ("a", "b")})

    assert class_counts(library.import_dataset(data)) == {
        split: {"a": 2, "b": 2} for split in ("train", "val", "test")
    }


def test_that_a_zip_is_unpacked_into_the_users_folder_also_with_a_folder_around(
    library: Library, home: Home, tmp_path: Path
) -> None:
    data = write_classes(tmp_path / "inner", {"train/a": 2, "train/b": 2})
    archive = tmp_path / "animals.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for file in sorted(data.rglob("*.png")):
            opened.write(file, Path("inner") / file.relative_to(data))

    manifest = library.import_dataset(archive)
    archive.unlink()

    assert manifest.name == "animals"
    root = library.root("animals")
    assert root.is_relative_to(home.path)
    assert all((root / item.path).is_file() for item in manifest.items)


def test_that_a_table_names_classes_and_splits(library: Library, tmp_path: Path) -> None:
    data = tmp_path / "flat"
    for number in range(4):
        write_picture(data / f"{number}.png", number)
    (data / "labels.csv").write_text(
        "Filename;Label;Split\n0.png;cat;train\n1;dog;train\n2.png;cat;valid\n3.png;dog;test\n",
        encoding="utf-8",
    )

    manifest = library.import_dataset(data)

    assert manifest.format == "csv"
    assert class_counts(manifest) == {
        "train": {"cat": 1, "dog": 1}, "val": {"cat": 1, "dog": 0}, "test": {"cat": 0, "dog": 1},
    }  # fmt: skip


def test_that_faults_in_a_table_are_told_with_their_lines(library: Library, tmp_path: Path) -> None:
    data = tmp_path / "flat"
    for number in range(2):
        write_picture(data / f"{number}.png", number)
    outside = write_picture(tmp_path / "outside.png", 9)
    (data / "labels.csv").write_text(
        f"file,class\n0.png,cat\n1.png,dog\ngone.png,cat\n0.png,\n../{outside.name},cat\n", encoding="utf-8"
    )

    problems = library.import_dataset(data).problems

    told = [(p.code, p.line) for p in problems if p.line]
    assert told == [("label_without_image", 4), ("label_missing", 5), ("image_outside", 6)]


def test_that_a_table_without_the_needed_columns_names_its_header(library: Library, tmp_path: Path) -> None:
    data = tmp_path / "flat"
    write_picture(data / "0.png")
    (data / "notes.csv").write_text("when,what\n1,2\n")

    with pytest.raises(UserError, match=r"line 1: its header \(when, what\)"):
        library.import_dataset(data, options=ImportOptions(format="csv"))


def test_that_a_stray_table_does_not_hide_class_folders(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"a": 2, "b": 2})
    (data / "weather.csv").write_text("day,rain\n1,2\n")

    assert library.import_dataset(data).format == "imagefolder"


def test_that_bad_input_gets_a_code_a_sentence_and_a_hint(
    library: Library, home: Home, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    nothing = tmp_path / "nothing"
    (nothing / "a" / "b").mkdir(parents=True)
    one = write_classes(tmp_path / "one", {"cat": 5})
    text = tmp_path / "text.txt"
    text.write_text("x")
    good = write_classes(tmp_path / "good", {"a": 1, "b": 1})

    assert code_of(library, tmp_path / "nowhere") == "path_missing"
    assert code_of(library, empty) == "layout_unknown"
    assert code_of(library, nothing) == "layout_unknown"
    assert code_of(library, one) == "one_class"
    assert code_of(library, text) == "not_a_dataset"
    assert code_of(library, good, format="cocoa") == "format_unknown"
    assert code_of(library, good, format="coco") == "no_images"
    assert code_of(library, good, format="coco", task="segmentation") == "format_differs"
    assert code_of(library, good, task="detection") == "layout_unknown"
    assert code_of(library, good, task="pose") == "task_unknown"
    assert leftovers(home) == []


def test_that_an_unknown_layout_says_what_it_found_and_what_is_read(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    (folder / "sub").mkdir(parents=True)
    (folder / "notes.txt").write_text("x")

    with pytest.raises(UserError, match=r"notes\.txt, sub/ \(0 folders, 0 files\)") as refusal:
        library.import_dataset(folder)
    assert "imagefolder" in refusal.value.hint


def test_that_an_unreadable_file_is_left_out_and_told(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"a": 3, "b": 3})
    (data / "a" / "broken.png").write_bytes(b"nothing")

    manifest = library.import_dataset(data)

    assert len(manifest.items) == 6
    assert [p.file for p in manifest.problems if p.code == "image_unreadable"] == ["a/broken.png"]


def test_that_the_version_follows_from_content_alone(library: Library, tmp_path: Path) -> None:
    one = write_classes(tmp_path / "one", {"a": 3, "b": 3})
    shutil.copytree(one, tmp_path / "two")

    first = library.import_dataset(one)
    copied = library.import_dataset(tmp_path / "two")
    write_picture(one / "a" / "more.png", 77)
    grown = library.import_dataset(one)

    assert first.version == copied.version != grown.version
    assert library.get("one") == grown
    assert library.get("one", first.version) == first


def test_that_another_source_may_not_take_the_name(library: Library, tmp_path: Path) -> None:
    first = library.import_dataset(write_classes(tmp_path / "x" / "same", {"a": 1, "b": 1}))

    assert code_of(library, write_classes(tmp_path / "y" / "same", {"a": 2, "b": 2})) == "dataset_exists"
    assert library.get("same") == first


def test_that_a_copy_does_not_need_its_source(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"a": 2, "b": 2})
    manifest = library.import_dataset(data, options=ImportOptions(copy=True))
    shutil.rmtree(data)

    assert all((library.root("d") / item.path).is_file() for item in manifest.items)


def test_that_a_moved_dataset_is_found_where_it_is_now_and_another_one_is_not(
    library: Library, tmp_path: Path
) -> None:
    data = write_classes(tmp_path / "d", {"a": 2, "b": 2})
    manifest = library.import_dataset(data)
    data.rename(tmp_path / "moved")
    with pytest.raises(UserError, match="not there"):
        library.root("d")

    library.relocate("d", tmp_path / "moved")

    assert (library.root("d"), library.get("d")) == (tmp_path / "moved", manifest)
    with pytest.raises(UserError, match="is not the dataset d") as refusal:
        library.relocate("d", write_classes(tmp_path / "other", {"a": 2, "b": 2}, seed=50))
    assert refusal.value.code == "dataset_differs"


def test_that_deleting_leaves_the_images_alone(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"a": 1, "b": 1})
    library.import_dataset(data)
    library.delete("d")

    assert library.list() == []
    assert len(list(data.rglob("*.png"))) == 2
    with pytest.raises(UserError, match="no dataset named 'd'"):
        library.get("d")


def test_that_a_misspelt_name_is_answered_with_the_nearest(library: Library, tmp_path: Path) -> None:
    library.import_dataset(write_classes(tmp_path / "flowers", {"a": 1, "b": 1}))

    with pytest.raises(UserError) as refusal:
        library.get("flower")
    assert "Did you mean flowers?" in refusal.value.hint


def test_that_shares_that_leave_nothing_to_train_on_are_refused(library: Library, tmp_path: Path) -> None:
    library.import_dataset(write_classes(tmp_path / "d", {"a": 4, "b": 4}))

    with pytest.raises(UserError, match="nothing to train on"):
        library.resplit("d", val=0.6, test=0.4, seed=0)
    assert class_counts(library.resplit("d", val=0.25, test=0.25, seed=0))["val"] == {"a": 1, "b": 1}


def test_that_two_imports_at_the_same_instant_both_arrive(home: Home, tmp_path: Path) -> None:
    sources = [write_classes(tmp_path / name, {"a": 3, "b": 3}, seed=10 * n) for n, name in enumerate("xyz")]
    command = [sys.executable, "-m", "engine", "data", "import", "--json"]
    environment = {**os.environ, "LENSMITH_HOME": str(home.path)}

    started = [
        subprocess.Popen([*command, str(s)], env=environment, stdout=subprocess.DEVNULL) for s in sources
    ]

    assert [process.wait(timeout=60) for process in started] == [0, 0, 0]
    assert [manifest.name for manifest in Library(home).list()] == ["x", "y", "z"]


def test_that_of_two_sources_with_one_name_at_the_same_instant_one_arrives(
    home: Home, tmp_path: Path
) -> None:
    sources = [write_classes(tmp_path / side / "same", {"a": 3, "b": 3}, seed=10) for side in ("x", "y")]
    command = [sys.executable, "-m", "engine", "data", "import", "--json"]
    environment = {**os.environ, "LENSMITH_HOME": str(home.path)}

    started = [
        subprocess.Popen([*command, str(s)], env=environment, stdout=subprocess.PIPE, text=True)
        for s in sources
    ]
    told = [process.communicate(timeout=60)[0] for process in started]

    assert sorted(process.returncode == 0 for process in started) == [False, True]
    assert sum("dataset_exists" in text for text in told) == 1
    assert [manifest.name for manifest in Library(home).list()] == ["same"]


def test_that_an_import_waits_for_another_of_its_name_only(
    library: Library, home: Home, tmp_path: Path
) -> None:
    one, two = (write_classes(tmp_path / name, {"a": 1, "b": 1}) for name in ("one", "two"))
    library.import_dataset(one)
    held = try_lock(home.datasets / ".locks" / "one.lock")
    assert held is not None
    phases: list[str] = []

    def note(_done: int, _total: int, phase: str) -> None:
        phases.append(phase)
        held.release()

    library.import_dataset(two)
    library.import_dataset(one, progress=note)

    assert phases[0] == "Waiting for another import"


def test_that_what_a_killed_import_left_is_cleared_by_the_next(
    library: Library, home: Home, tmp_path: Path
) -> None:
    write_picture(home.datasets / ".draft-d" / "a" / "old.png")
    data = write_classes(tmp_path / "d", {"a": 1, "b": 1})

    manifest = library.import_dataset(data, options=ImportOptions(copy=True))

    assert len(manifest.items) == 2
    assert leftovers(home) == ["d"]
    assert not list(library.root("d").rglob("old.png"))


def test_that_a_manifest_holds_no_path_of_this_machine(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"a": 2, "b": 2})
    (data / "a" / "broken.png").write_bytes(b"nothing")
    (data / "a" / "dangling.png").symlink_to(tmp_path / "nowhere.png")
    (data / "c").mkdir()

    manifest = library.import_dataset(data)

    assert {problem.file for problem in manifest.problems if problem.code == "image_unreadable"} == {
        "a/broken.png", "a/dangling.png",
    }  # fmt: skip
    assert str(tmp_path) not in manifest.model_dump_json()


def test_that_a_path_with_dots_is_the_folder_it_means(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"a": 1, "b": 1})

    assert library.import_dataset(data / "a" / "..").name == "d"


def test_that_a_copy_of_a_table_can_be_checked_like_its_source(library: Library, tmp_path: Path) -> None:
    data = tmp_path / "flat"
    for number in range(4):
        write_picture(data / "sub" / f"{number}.png", number)
    (data / "big.bin").write_bytes(bytes(1000))
    (data / "labels.csv").write_text("file,label\nsub/0.png,a\nsub/1.png,b\n", encoding="utf-8")

    library.import_dataset(data / "labels.csv", name="copy", options=ImportOptions(copy=True))
    root = library.root("copy")

    kept = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert kept == {"labels.csv", "sub/0.png", "sub/1.png"}
    assert {problem.code for problem in check_dataset(root)} == {"class_tiny"}


def test_that_the_real_sign_digits_have_the_counts_of_their_readme(
    library: Library, shared_data: Path
) -> None:
    manifest = library.import_dataset(shared_data / "classification_sign_digits")

    counts = class_counts(manifest)
    assert {split: sum(by_class.values()) for split, by_class in counts.items()} == {
        "train": 600, "val": 200, "test": 200,
    }  # fmt: skip
    assert set(counts["train"].values()) == {60}
    assert manifest.classes == tuple("0123456789")
    assert manifest.problems == ()


def test_that_deleting_knows_whether_it_removes_images(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"a": 2, "b": 2})
    library.import_dataset(data, name="indexed")
    library.import_dataset(data, name="copied", options=ImportOptions(copy=True))

    assert (library.keeps_files("indexed"), library.keeps_files("copied")) == (False, True)


def test_that_a_divided_dataset_is_divided_anew_only_when_that_is_said(
    library: Library, tmp_path: Path
) -> None:
    data = write_classes(
        tmp_path / "d", {f"{split}/{name}": 4 for split in ("train", "test") for name in "ab"}
    )
    library.import_dataset(data)

    with pytest.raises(UserError, match=r"8 train, 8 test|8 test, 8 train") as refusal:
        library.resplit("d", val=0.25, test=0.0, seed=0)
    assert refusal.value.code == "split_exists"
    assert "test" not in class_counts(library.resplit("d", val=0.25, test=0.0, seed=0, replace=True))
    assert class_counts(library.import_dataset(data))["test"] == {"a": 4, "b": 4}
