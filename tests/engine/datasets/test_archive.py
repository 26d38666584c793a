"""A zip is unpacked without trust, and an error about it names the zip."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from engine.datasets.check import check_dataset
from engine.datasets.library import ImportOptions, Library
from engine.errors import UserError
from engine.protocol.home import Home
from tests.engine.datasets.pictures import leftovers, write_classes, write_picture


def code_of(library: Library, archive: Path) -> str:
    """The refusal's code; its words name the archive and no folder of ours."""
    with pytest.raises(UserError) as refusal:
        library.import_dataset(archive)
    assert archive.name in refusal.value.message
    assert ".draft" not in str(refusal.value)
    assert refusal.value.hint
    return refusal.value.code


def packed(archive: Path, data: Path, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(archive, "w", compression) as opened:
        for file in sorted(path for path in data.rglob("*") if path.is_file()):
            opened.write(file, file.relative_to(data))
    return archive


@pytest.mark.parametrize(
    "name", ["../evil.png", "/evil.png", "a/../../evil.png", "..\\evil.png", "C:/evil.png"]
)
def test_that_a_zip_that_would_write_outside_is_refused_whole(
    name: str, library: Library, home: Home, tmp_path: Path
) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("a/good.png", b"x")
        opened.writestr(name, b"x")

    assert code_of(library, archive) == "archive_unsafe"
    assert leftovers(home) == []
    assert not (home.path.parent / "evil.png").exists()


def test_that_a_zip_bomb_and_a_damaged_zip_are_refused(library: Library, home: Home, tmp_path: Path) -> None:
    bomb, broken = tmp_path / "bomb.zip", tmp_path / "broken.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a/zeros.png", bytes(150_000_000))
    broken.write_bytes(b"PK\x03\x04 no zip")

    assert code_of(library, bomb) == "archive_unsafe"
    assert code_of(library, broken) == "archive_damaged"
    assert leftovers(home) == []


def test_that_a_link_in_a_zip_is_refused(library: Library, home: Home, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a/link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as opened:
        opened.writestr(link, "/etc/passwd")

    assert code_of(library, tmp_path / "link.zip") == "archive_unsafe"
    assert leftovers(home) == []


def test_that_a_damaged_stream_and_a_file_that_is_also_a_folder_are_told(
    library: Library, home: Home, tmp_path: Path
) -> None:
    torn, odd = tmp_path / "torn.zip", tmp_path / "odd.zip"
    with zipfile.ZipFile(torn, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a/0.png", b"hello " * 1000)
    data = bytearray(torn.read_bytes())
    data[40:60] = bytes(byte ^ 0xFF for byte in data[40:60])
    torn.write_bytes(data)
    with zipfile.ZipFile(odd, "w") as opened:
        opened.writestr("a", "x")
        opened.writestr("a/b.png", "y")

    assert code_of(library, torn) == "archive_damaged"
    assert code_of(library, odd) == "archive_damaged"
    assert leftovers(home) == []


def test_that_a_zip_of_nothing_and_one_of_one_class_are_told_by_their_name(
    library: Library, home: Home, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "nothing.zip", "w"):
        pass
    one = packed(tmp_path / "one.zip", write_classes(tmp_path / "one", {"cat": 2}))

    assert code_of(library, tmp_path / "nothing.zip") == "layout_unknown"
    assert code_of(library, one) == "one_class"
    assert leftovers(home) == []
    with pytest.raises(UserError, match=r"nothing\.zip"):
        check_dataset(tmp_path / "nothing.zip")


def test_that_each_version_of_a_zip_keeps_its_files(library: Library, tmp_path: Path) -> None:
    data = write_classes(tmp_path / "inside", {"a": 2, "b": 2})
    archive = packed(tmp_path / "z.zip", data)
    first = library.import_dataset(archive)
    before = library.root("z")
    write_picture(data / "a" / "0.png", 99)
    second = library.import_dataset(packed(archive, data))

    assert first.version != second.version
    assert library.root("z", first.version) == before
    for manifest in (first, second):
        root = library.root("z", manifest.version)
        assert all((root / item.path).is_file() for item in manifest.items)
    assert (library.root("z") / "a" / "0.png").read_bytes() == (data / "a" / "0.png").read_bytes()


def test_that_files_that_were_removed_come_back_with_the_zip(library: Library, tmp_path: Path) -> None:
    archive = packed(tmp_path / "z.zip", write_classes(tmp_path / "inside", {"a": 2, "b": 2}))
    manifest = library.import_dataset(archive)
    lost = library.root("z") / manifest.items[0].path
    lost.unlink()

    library.import_dataset(archive)

    assert lost.is_file()


def test_that_deleting_a_dataset_from_a_zip_frees_its_files(
    library: Library, home: Home, tmp_path: Path
) -> None:
    archive = packed(tmp_path / "z.zip", write_classes(tmp_path / "inside", {"a": 2, "b": 2}))
    library.import_dataset(archive, options=ImportOptions(copy=True))

    library.delete("z")

    assert leftovers(home) == []
    assert archive.is_file()
