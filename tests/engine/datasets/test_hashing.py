"""Hashes are those of the bytes; remembering them never gives one of other bytes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from engine.datasets.hashing import HashMemory
from engine.errors import UserError

LONG_AGO_NS = 1_600_000_000_000_000_000


def written(path: Path, content: bytes, time_ns: int = LONG_AGO_NS) -> Path:
    path.write_bytes(content)
    os.utime(path, ns=(time_ns, time_ns))
    return path


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_that_files_are_hashed_in_order_and_counted(tmp_path: Path) -> None:
    files = [written(tmp_path / f"{n}.png", bytes([n])) for n in range(9)]
    told: list[tuple[int, int, str]] = []

    hashes = HashMemory(None).hash_all(files, lambda *step: told.append(step))

    assert hashes == [sha(bytes([n])) for n in range(9)]
    assert told[-1] == (9, 9, "Hashing")


def test_that_a_file_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    good = written(tmp_path / "good.png", b"x")

    fault, found = HashMemory(None).hash_all([tmp_path / "gone.png", good])

    assert isinstance(fault, UserError)
    assert fault.code == "image_unreadable"
    assert found == sha(b"x")


def test_that_a_remembered_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "a.png", b"one")
    memory = HashMemory(tmp_path / "hashes.json")
    memory.hash_all([file])
    memory.save()
    again = HashMemory(tmp_path / "hashes.json")
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("the file was read"))

    assert again.hash_all([file]) == [sha(b"one")]


@pytest.mark.parametrize(("content", "time_ns"), [(b"longer", LONG_AGO_NS), (b"two", LONG_AGO_NS + 1)])
def test_that_another_size_or_time_is_read_anew(content: bytes, time_ns: int, tmp_path: Path) -> None:
    file = written(tmp_path / "a.png", b"one")
    memory = HashMemory(tmp_path / "hashes.json")
    memory.hash_all([file])
    memory.save()
    written(file, content, time_ns)

    assert HashMemory(tmp_path / "hashes.json").hash_all([file]) == [sha(content)]


def test_that_a_file_just_written_is_not_remembered(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"one")
    memory = HashMemory(None)
    memory.hash_all([file])
    stamp = file.stat()
    file.write_bytes(b"two")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # as a coarse clock would stamp it

    assert memory.hash_all([file]) == [sha(b"two")]


def test_that_two_imports_at_once_both_leave_what_they_learned(tmp_path: Path) -> None:
    one, two = (written(tmp_path / f"{name}.png", name.encode()) for name in ("one", "two"))
    memories = [HashMemory(tmp_path / "hashes.json") for _ in range(2)]
    for memory, file in zip(memories, (one, two), strict=True):
        memory.hash_all([file])
    for memory in memories:
        memory.save()

    text = (tmp_path / "hashes.json").read_text(encoding="utf-8")
    assert sha(b"one") in text
    assert sha(b"two") in text


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"a.png": 7}', "\x00"])
def test_that_a_damaged_memory_is_forgotten(damage: str, tmp_path: Path) -> None:
    (tmp_path / "hashes.json").write_text(damage)
    file = written(tmp_path / "a.png", b"x")

    assert HashMemory(tmp_path / "hashes.json").hash_all([file]) == [sha(b"x")]
