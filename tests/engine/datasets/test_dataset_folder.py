"""A dataset's folder: any name has one, every version stays in it, and damage is told and mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.home import Home
from tests.engine.datasets.pictures import leftovers, write_classes


@pytest.mark.parametrize("name", ["漢" * 60, "a/b", "a%2Fb", "what? <x>|y", "tail.", "it's “quoted” 😀"])
def test_that_a_dataset_may_have_any_name(name: str, library: Library, home: Home, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"a": 1, "b": 1})
    library.import_dataset(data, name=name)

    assert [library.get(name).name, *(m.name for m in library.list())] == [name, name]
    assert [entry.parent for entry in home.datasets.rglob("dataset.json")] == [
        home.datasets / entry for entry in leftovers(home)
    ]


def test_that_names_that_differ_never_share_a_folder(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"a": 1, "b": 1})
    for name in ("a/b", "a%2Fb", "a%252Fb"):
        library.import_dataset(data, name=name)

    assert len(library.list()) == 3


@pytest.mark.parametrize("name", ["", "  ", "..", ".hidden", "x" * 101, "漢" * 99, "\udcff"])
def test_that_a_name_that_cannot_be_is_refused(name: str, library: Library, tmp_path: Path) -> None:
    with pytest.raises(UserError) as refusal:
        library.import_dataset(write_classes(tmp_path / "d", {"a": 1, "b": 1}), name=name)
    assert refusal.value.code == "name_invalid"


def test_that_a_damaged_record_is_told_and_mended_by_importing_again(
    library: Library, home: Home, tmp_path: Path
) -> None:
    data = write_classes(tmp_path / "d", {"a": 1, "b": 1})
    manifest = library.import_dataset(data)
    (home.datasets / "d" / "dataset.json").write_text("{")

    with pytest.raises(UserError, match=r"record .* is damaged") as refusal:
        library.root("d")
    assert refusal.value.code == "dataset_damaged"
    assert library.list() == []
    assert library.import_dataset(data) == manifest == library.get("d")


def test_that_an_unknown_version_is_told(library: Library, tmp_path: Path) -> None:
    library.import_dataset(write_classes(tmp_path / "d", {"a": 1, "b": 1}))

    with pytest.raises(UserError, match="has no version 0123") as refusal:
        library.get("d", "0123")
    assert refusal.value.code == "version_unknown"


def test_that_every_version_of_a_moved_dataset_is_found_where_it_is_now(
    library: Library, tmp_path: Path
) -> None:
    data = write_classes(tmp_path / "d", {"a": 4, "b": 4})
    first = library.import_dataset(data)
    divided = library.resplit("d", val=0.25, test=0, seed=0)
    data.rename(tmp_path / "moved")

    library.relocate("d", tmp_path / "moved")

    assert {library.root("d", m.version) for m in (first, divided)} == {tmp_path / "moved"}
    with pytest.raises(UserError, match="no folder"):
        library.relocate("d", tmp_path / "nowhere")


def test_that_a_damaged_manifest_is_told(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text("{")

    with pytest.raises(UserError, match="cannot be read"):
        Manifest.load(path)


def test_that_a_manifest_with_a_label_beyond_its_classes_is_damaged(library: Library, tmp_path: Path) -> None:
    manifest = library.import_dataset(write_classes(tmp_path / "d", {"a": 1, "b": 1}))
    path = tmp_path / "manifest.json"
    manifest.model_copy(update={"classes": ("a",)}).save(path)

    with pytest.raises(UserError) as refusal:
        Manifest.load(path)
    assert refusal.value.code == "manifest_damaged"
