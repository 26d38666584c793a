"""Files in packs: all of them, as they are, verified, and compressed only where that saves time."""

from __future__ import annotations

import hashlib
import os
import random
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.executors.ssh import packs
from engine.executors.ssh.pace import Rate
from engine.executors.ssh.packs import (
    FIRST_PACK,
    LARGEST_PACK,
    MOST_PIECES,
    SMALLEST_PACK,
    OutgoingFile,
    Pack,
    Rest,
    in_background,
    pack_size,
    packs_of,
    pays,
)


def line() -> Rate:
    """A line of which nothing is known yet."""
    return Rate(time.monotonic)


def file_of(folder: Path, name: str, data: bytes) -> OutgoingFile:
    path = folder / name
    path.write_bytes(data)
    return OutgoingFile(path, hashlib.sha256(data).hexdigest(), len(data))


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def has_parts(pack: Pack) -> bool:
    return any(length != total for _, _, length, total in pack.pieces)


def arrived(packs: Iterator[Pack]) -> dict[str, bytes]:
    """Put the pieces together as a host would, each at its place."""
    files: dict[str, bytes] = {}
    for pack in packs:
        assert pack.crc32 == (zlib.crc32(pack.payload) if has_parts(pack) else None)
        content = bytes(zlib.decompress(pack.payload) if pack.encoding == "zlib" else pack.payload)
        assert len(content) == pack.size == sum(length for _, _, length, _ in pack.pieces)
        for sha, offset, length, _ in pack.pieces:
            assert len(files.setdefault(sha, b"")) == offset
            files[sha] += content[:length]
            content = content[length:]
        assert content == b""
        pack.release()
    return files


def test_that_small_files_share_packs_and_large_ones_come_in_stretches(tmp_path: Path) -> None:
    contents = [noise(size, size) for size in (0, 1, 20_000, FIRST_PACK, 3 * FIRST_PACK + 17, 5)]
    files = [file_of(tmp_path, f"{number}", data) for number, data in enumerate(contents)]

    made = list(packs_of([Rest(file) for file in files], line()))

    assert max(pack.size for pack in made) <= FIRST_PACK
    assert arrived(iter(made)) == {hashlib.sha256(data).hexdigest(): data for data in contents}
    assert len(made) <= 7


def test_that_only_the_rest_of_a_file_is_sent(tmp_path: Path) -> None:
    data = noise(10_000)
    file = file_of(tmp_path, "a", data)

    (pack,) = packs_of([Rest(file, 7000)], line())

    assert pack.pieces == [(file.sha256, 7000, 3000, 10_000)]
    assert pack.payload == data[7000:]


def test_that_a_file_of_which_all_is_there_is_still_finished(tmp_path: Path) -> None:
    file = file_of(tmp_path, "a", b"abc")

    (pack,) = packs_of([Rest(file, 3)], line())

    assert pack.pieces == [(file.sha256, 3, 0, 3)]


def test_that_a_pack_has_no_more_pieces_than_its_header_holds(tmp_path: Path) -> None:
    files = [file_of(tmp_path, str(number), b"%d" % number) for number in range(MOST_PIECES + 1)]

    assert [len(pack.pieces) for pack in packs_of(map(Rest, files), line())] == [MOST_PIECES, 1]


@pytest.mark.parametrize("size", [5000, 3 * FIRST_PACK])
@pytest.mark.parametrize("offset", [0, 1000])
@pytest.mark.parametrize("change", ["other", "shorter", "longer", "gone", "folder"])
def test_that_a_file_that_has_changed_is_named_and_never_completed(
    tmp_path: Path, size: int, offset: int, change: str
) -> None:
    data = noise(size)
    file = file_of(tmp_path, "photo.png", data)
    changed = {"other": data[:-1] + bytes([data[-1] ^ 1]), "shorter": data[:-1], "longer": data + b"x"}
    if change in changed:
        file.source.write_bytes(changed[change])
    else:
        file.source.unlink()
        if change == "folder":
            file.source.mkdir()
    packs: list[Pack] = []

    with pytest.raises(UserError) as told:
        packs.extend(packs_of([Rest(file, offset)], line()))

    assert told.value.code == "dataset_changed"
    assert str(file.source) in told.value.message
    assert told.value.details["sha256"] == file.sha256
    seen = sum(pack.size for pack in packs)
    assert offset + seen < size
    assert seen == 0 or size > FIRST_PACK


def test_that_a_changed_beginning_is_found_when_only_the_rest_is_sent(tmp_path: Path) -> None:
    file = file_of(tmp_path, "a", noise(5000))
    file.source.write_bytes(b"x" + file.source.read_bytes()[1:])

    with pytest.raises(UserError) as told:
        list(packs_of([Rest(file, 4000)], line()))

    assert told.value.code == "dataset_changed"


def test_that_text_is_compressed_and_noise_is_not() -> None:
    assert pays(b"a line of a table; " * 10_000, None)
    assert not pays(noise(200_000), None)
    assert not pays(b"short", None)


def test_that_nothing_is_compressed_for_a_line_that_is_quicker_than_that() -> None:
    text = b"".join(b"%d;%d\n" % (number, number * 7919 % 10007) for number in range(20_000))

    assert pays(text, 1e6)
    assert not pays(text, 1e12)


def test_that_a_table_of_which_only_the_beginning_shrinks_is_judged_by_all_of_it() -> None:
    assert not pays(b"a" * 20_000 + noise(400_000), None)


def test_that_packs_are_sized_for_the_line() -> None:
    assert pack_size(None) == FIRST_PACK
    assert pack_size(1e3) == SMALLEST_PACK
    assert pack_size(4e6) == 2_000_000
    assert pack_size(1e9) == LARGEST_PACK


def test_that_packs_made_in_the_background_are_the_same_and_faults_come_through(tmp_path: Path) -> None:
    files = [file_of(tmp_path, str(number), noise(300_000, number)) for number in range(12)]
    rests = [Rest(file) for file in files]
    assert len(arrived(in_background(rests, line()))) == 12

    files[-1].source.unlink()

    with pytest.raises(UserError):
        arrived(in_background(rests, line()))


def test_that_the_thread_ends_when_nobody_wants_more_packs(tmp_path: Path) -> None:
    files = [file_of(tmp_path, str(number), noise(FIRST_PACK, number)) for number in range(12)]
    before = threading.active_count()
    packs = in_background([Rest(file) for file in files], line())
    next(packs)

    packs.close()

    assert threading.active_count() == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a file that is slow to read, which is a pipe")
def test_that_somebody_looks_up_while_a_pack_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "slow")
    file = OutgoingFile(tmp_path / "slow", hashlib.sha256(b"abc").hexdigest(), 3)
    looked: list[int] = []

    def look() -> None:
        looked.append(len(looked))
        if len(looked) == 2:
            threading.Thread(target=(tmp_path / "slow").write_bytes, args=(b"abc",)).start()

    assert arrived(in_background([Rest(file)], line(), look)) == {file.sha256: b"abc"}
    assert len(looked) >= 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a file that never answers, which is a pipe")
def test_that_a_drive_that_does_not_answer_can_be_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "dead")
    monkeypatch.setattr(packs, "ENDS_WITHIN_S", 0.2)

    def give_up() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        next(in_background([Rest(OutgoingFile(tmp_path / "dead", "", 3))], line(), give_up))

    with suppress(BrokenPipeError):  # where the thread has looked up before it reads
        (tmp_path / "dead").write_bytes(b"abc")  # lets the thread end


def test_that_reading_what_the_host_has_already_can_be_stopped(tmp_path: Path) -> None:
    file = file_of(tmp_path, "a", noise(3 * LARGEST_PACK))

    assert list(packs_of([Rest(file, 2 * LARGEST_PACK)], line(), lambda: True)) == []
