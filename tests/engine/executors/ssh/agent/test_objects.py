"""What the agent keeps by content is whole and true, whoever sends it and however it is cut off."""

from __future__ import annotations

import hashlib
import json
import random
import zlib
from pathlib import Path

import pytest

from engine.executors.ssh.agent import objects
from engine.executors.ssh.agent.words import Agent, Refusal


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def content(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def sha_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def send(agent: Agent, *pieces: tuple[bytes, int, int], encoding: str = "none") -> dict[str, object]:
    """Send stretches of files: (all of the file, from, to)."""
    payload = b"".join(data[start:end] for data, start, end in pieces)
    rows = [[sha_of(data), start, end - start, len(data)] for data, start, end in pieces]
    payload = zlib.compress(payload) if encoding == "zlib" else payload
    arguments = {"pieces": rows, "encoding": encoding, "crc32": zlib.crc32(payload)}
    return objects.pack(agent, arguments, payload)[0]


def missing(agent: Agent, *files: bytes) -> list[list[object]]:
    asked = json.dumps([[sha_of(data), len(data)] for data in files]).encode()
    return json.loads(objects.missing(agent, {}, asked)[1])


def refusal(agent: Agent, arguments: dict[str, object], payload: bytes = b"") -> str:
    with pytest.raises(Refusal) as told:
        objects.pack(agent, {"crc32": zlib.crc32(payload)} | arguments, payload)
    return told.value.code


def kept(agent: Agent) -> dict[str, bytes]:
    folder = agent.root / "objects"
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("encoding", ["none", "zlib"])
def test_that_files_of_a_pack_lie_under_their_hash_and_are_missing_no_more(
    agent: Agent, encoding: str
) -> None:
    files = [content(1000, 1), b"", b"text " * 500]
    assert missing(agent, *files) == [[sha_of(data), 0] for data in files]

    send(agent, *((data, 0, len(data)) for data in files), encoding=encoding)

    assert kept(agent) == {sha_of(data): data for data in files}
    assert missing(agent, *files) == []


def test_that_objects_may_only_be_read(agent: Agent) -> None:
    send(agent, (b"abc", 0, 3))

    assert Path(objects.object_path(agent, sha_of(b"abc"))).stat().st_mode & 0o222 == 0


def test_that_a_large_file_grows_over_packs_and_tells_how_far_it_is(agent: Agent) -> None:
    data = content(10_000)
    send(agent, (data, 0, 4000))
    assert missing(agent, data) == [[sha_of(data), 4000]]

    told = send(agent, (data, 4000, 10_000))

    assert told["whole"] == 1
    assert kept(agent) == {sha_of(data): data}


def test_that_another_agent_takes_up_a_part_it_has_not_seen(agent: Agent) -> None:
    data = content(3 << 20)
    send(agent, (data, 0, 2 << 20))
    objects._hashing.clear()  # as if its process were another

    told = objects.catch_up(agent, {"sha256": sha_of(data)}, b"")[0]
    assert told == {"hashed": 2 << 20, "size": 2 << 20}
    send(agent, (data, 2 << 20, 3 << 20))

    assert kept(agent) == {sha_of(data): data}


def test_that_catching_up_ends_in_time_and_is_taken_up_again(agent: Agent) -> None:
    data = content(3 << 20)
    send(agent, (data, 0, (3 << 20) - 1))
    objects._hashing.clear()

    hashed = [
        objects.catch_up(agent, {"sha256": sha_of(data), "seconds": 0}, b"")[0]["hashed"],
        objects.catch_up(agent, {"sha256": sha_of(data), "seconds": 60}, b"")[0]["hashed"],
    ]

    assert hashed == [0, (3 << 20) - 1]


def test_that_bytes_that_are_here_already_are_passed_over(agent: Agent) -> None:
    data = content(9000)
    send(agent, (data, 0, 5000))
    send(agent, (data, 3000, 7000), (data, 0, 1000))
    send(agent, (data, 7000, 9000))
    send(agent, (data, 7000, 9000))

    assert kept(agent) == {sha_of(data): data}


def test_that_a_stretch_beyond_what_is_here_is_refused(agent: Agent) -> None:
    data = content(9000)
    send(agent, (data, 0, 1000))

    with pytest.raises(Refusal) as told:
        send(agent, (data, 2000, 3000))

    assert told.value.code == "transfer_gap"
    assert missing(agent, data) == [[sha_of(data), 1000]]


@pytest.mark.parametrize("stretch", [(0, 9000), (4000, 9000)])
def test_that_other_bytes_than_the_hash_says_are_not_kept(agent: Agent, stretch: tuple[int, int]) -> None:
    data, wrong = content(9000, 1), content(9000, 2)
    if stretch[0]:
        send(agent, (data, 0, stretch[0]))
    payload = wrong[slice(*stretch)]

    row = [sha_of(data), stretch[0], len(payload), 9000]
    assert refusal(agent, {"pieces": [row]}, payload) == "transfer_damaged"

    assert kept(agent) == {}
    assert missing(agent, data) == [[sha_of(data), 0]]


def test_that_a_pack_damaged_on_its_way_is_refused_before_anything_is_written(agent: Agent) -> None:
    rows = [[sha_of(b"abc"), 0, 3, 3]]

    assert refusal(agent, {"pieces": rows, "crc32": 1}, b"abc") == "transfer_damaged"
    assert refusal(agent, {"pieces": rows, "encoding": "zlib"}, b"no zlib") == "transfer_damaged"
    assert kept(agent) == {}


def test_that_a_compressed_pack_never_grows_beyond_its_pieces(agent: Agent) -> None:
    bomb = zlib.compress(b"\0" * (200 << 20), 9)

    rows = [[sha_of(b"abc"), 0, 3, 3]]

    assert refusal(agent, {"pieces": rows, "encoding": "zlib"}, bomb) == "host_request_invalid"


@pytest.mark.parametrize(
    "row",
    [
        ["../../../../etc/passwd" + "0" * 42, 0, 3, 3],
        ["A" * 64, 0, 3, 3],
        [sha_of(b"abc"), -1, 3, 3],
        [sha_of(b"abc"), 1, 3, 3],
        [sha_of(b"abc"), 0, 3, "3"],
        [sha_of(b"abc"), 0, 3],
        [sha_of(b"abc"), 0, 2, 2],
        "abc",
    ],
)
def test_that_a_piece_that_makes_no_sense_is_refused(agent: Agent, row: object) -> None:
    assert refusal(agent, {"pieces": [row]}, b"abc") == "host_request_invalid"
    assert kept(agent) == {}


@pytest.mark.parametrize("asked", [b"no json", b"{}", b"[1]", b'[["../x", 3]]', b"[[]]", b'[["a"]]'])
def test_that_a_question_that_makes_no_sense_is_refused(agent: Agent, asked: bytes) -> None:
    with pytest.raises(Refusal) as told:
        objects.missing(agent, {}, asked)

    assert told.value.code == "host_request_invalid"


def test_that_an_object_cut_short_by_a_power_failure_is_missing(agent: Agent) -> None:
    data = content(1000)
    send(agent, (data, 0, 1000))
    path = Path(objects.object_path(agent, sha_of(data)))
    path.chmod(0o600)
    path.write_bytes(b"")

    assert missing(agent, data) == [[sha_of(data), 0]]
    send(agent, (data, 0, 1000))

    assert path.read_bytes() == data


def test_that_an_object_stays_when_the_one_who_asks_is_wrong_about_its_size(agent: Agent) -> None:
    send(agent, (b"abc", 0, 3))

    asked = json.dumps([[sha_of(b"abc"), 4]]).encode()

    assert json.loads(objects.missing(agent, {}, asked)[1]) == []
    assert kept(agent) == {sha_of(b"abc"): b"abc"}


def test_that_a_part_of_what_was_sent_by_mistake_can_be_discarded(agent: Agent) -> None:
    data = content(9000)
    send(agent, (data, 0, 1000))

    assert objects.discard(agent, {"sha256": sha_of(data)}, b"")[0] == {"freed": 1000}
    assert objects.discard(agent, {"sha256": sha_of(data)}, b"")[0] == {"freed": 0}

    assert missing(agent, data) == [[sha_of(data), 0]]
