"""Names and places of files in a folder that is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.datasets.manifest import Item, Manifest
from engine.datasets.writers.tree import Source, Tree


def tree_of(folder: Path, root: Path, paths: list[str]) -> Tree:
    items = tuple(Item(path=path, label=None, split="train", sha256="", width=4, height=4) for path in paths)
    manifest = Manifest(
        name="made", task="detection", format="yolo", version="v", classes=("a",), items=items
    )  # fmt: skip
    return Tree(folder, Source(manifest, root, None))


def names(tree: Tree, *, distinct_stems: bool = True) -> list[str]:
    return [placed.name for placed in tree.splits(distinct_stems=distinct_stems)["train"]]


@pytest.mark.parametrize("distinct_stems", [True, False])
def test_that_names_differ_also_where_capitals_are_not_told_apart(
    distinct_stems: bool, tmp_path: Path
) -> None:
    tree = tree_of(tmp_path / "to", tmp_path, ["a/Photo.jpg", "b/photo.jpg", "c/other.jpg"])

    given = names(tree, distinct_stems=distinct_stems)
    assert given == ["a__Photo_jpg.jpg", "b__photo_jpg.jpg", "other.jpg"]


def test_that_images_of_several_drives_have_names_that_windows_takes(tmp_path: Path) -> None:
    tree = tree_of(tmp_path / "to", Path(), ["C:/shots/1.png", "D:/shots/1.png", "//host/share/1.png"])

    assert names(tree) == ["C__shots__1_png.png", "D__shots__1_png.png", "host__share__1_png.png"]


def test_that_names_made_from_deep_folders_fit_a_disk_and_differ(tmp_path: Path) -> None:
    deep = "/".join("längliche-ordner" for _ in range(15))
    tree = tree_of(tmp_path / "to", tmp_path, [f"one/{deep}/image.jpg", f"two/{deep}/image.jpg"])

    one, two = names(tree)
    assert one != two
    assert all(len(name.encode()) <= 200 and name.endswith("image_jpg.jpg") for name in (one, two))


@pytest.mark.parametrize("copy", [True, False])
def test_that_a_file_is_never_written_over_another_one(copy: bool, tmp_path: Path) -> None:
    """The first may be a link to the user's own picture: a copy over it would be written into that."""
    for name in ("one.jpg", "two.jpg"):
        (tmp_path / name).write_text(name)
    tree = tree_of(tmp_path / "to", tmp_path, ["one.jpg", "two.jpg"])
    tree.copy = copy
    tree.put("one.jpg", "images/x.jpg")

    with pytest.raises(FileExistsError):
        tree.put("two.jpg", "images/x.jpg")
    assert (tmp_path / "one.jpg").read_text() == "one.jpg"
    assert (tmp_path / "to" / "images" / "x.jpg").read_text() == "one.jpg"
