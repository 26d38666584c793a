from __future__ import annotations

from pathlib import Path

import pytest

from desktop.bridge import storage
from desktop.bridge.storage import FolderSize, clear_cache, empty_trash, folder_size, measure_storage
from engine.datasets.demo import write_demo_dataset
from engine.datasets.library import Library
from engine.errors import UserError
from engine.protocol.home import Home


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home).ensure()


def test_that_sizes_are_those_of_all_files(home: Home) -> None:
    (home.trash / "run" / "checkpoints").mkdir(parents=True)
    (home.trash / "run" / "checkpoints" / "a").write_bytes(b"12345")
    (home.trash / "run" / "b").write_bytes(b"123")

    report = measure_storage(home)

    assert report.trash == FolderSize(size_bytes=8, entries=1)
    assert report.cache == FolderSize(0, 0)
    assert report.disk_free_bytes > 0


def test_that_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert folder_size(tmp_path / "missing") == FolderSize(0, 0)


def test_that_clearing_the_cache_keeps_the_pictures_of_a_dataset(home: Home) -> None:
    demo = home.cache / "shapes"
    write_demo_dataset(demo)
    Library(home).import_dataset(demo / "classification", name="shapes")
    (home.cache / "images").mkdir()
    (home.cache / "images" / "decoded").write_bytes(b"x" * 100)

    assert clear_cache(home) >= 100

    assert [entry.name for entry in home.cache.iterdir()] == ["shapes"]
    assert Library(home).root("shapes").is_dir()


def test_that_the_trash_is_emptied_for_good(home: Home) -> None:
    (home.trash / "run").mkdir()
    (home.trash / "run" / "a").write_bytes(b"12345")

    assert empty_trash(home) == 5
    assert list(home.trash.iterdir()) == []


def test_that_what_cannot_be_deleted_is_told_after_the_rest_is_gone(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("free", "held"):
        (home.trash / name).mkdir()
    delete = storage.shutil.rmtree

    def hold(path: Path) -> None:
        if path.name == "held":
            raise PermissionError(13, "Permission denied")
        delete(path)

    monkeypatch.setattr(storage.shutil, "rmtree", hold)
    with pytest.raises(UserError) as caught:
        empty_trash(home)

    assert caught.value.code == "trash_not_emptied"
    assert "held: Permission denied" in caught.value.message
    assert [entry.name for entry in home.trash.iterdir()] == ["held"]
