"""Folders of kept objects: built whole or not at all, used again, and swept away when nobody needs them."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
import zlib
from pathlib import Path

import pytest

from engine.executors.ssh.agent import objects, trees
from engine.executors.ssh.agent.words import Agent, Refusal

FILES = {"train/a b/ü.png": b"one", "train/c.png": b"two", "val/c.png": b"two", "empty.txt": b""}
DAY_S = 86400


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def sha_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def keep(agent: Agent, *contents: bytes) -> None:
    rows = [[sha_of(data), 0, len(data), len(data)] for data in contents]
    payload = b"".join(contents)
    objects.pack(agent, {"pieces": rows, "crc32": zlib.crc32(payload)}, payload)


def listing_of(files: dict[str, bytes]) -> bytes:
    return json.dumps([[name, sha_of(data), len(data)] for name, data in files.items()]).encode()


def build(agent: Agent, files: dict[str, bytes], path: str = "data/v1") -> dict[str, object]:
    return trees.tree(agent, {"path": path}, listing_of(files))[0]


def is_there(agent: Agent, files: dict[str, bytes], path: str = "data/v1") -> bool:
    return trees.has_tree(agent, {"path": path, "listing": sha_of(listing_of(files))}, b"")[0]["there"]


def missing_of(agent: Agent, data: bytes) -> list[object]:
    return json.loads(objects.missing(agent, {}, json.dumps([[sha_of(data), len(data)]]).encode())[1])


def files_in(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_that_a_tree_has_the_files_under_their_names_without_a_second_copy(agent: Agent) -> None:
    keep(agent, *FILES.values())

    told = build(agent, FILES)

    assert told == {"reused": False, "files": 4, "copied": 0}
    assert files_in(agent.root / "data/v1") == FILES
    assert (agent.root / "data/v1/train/c.png").stat().st_nlink == 3


def test_that_a_tree_that_is_there_is_used_again_and_only_looked_for_when_asked(agent: Agent) -> None:
    keep(agent, *FILES.values())
    assert not is_there(agent, FILES)
    assert not (agent.root / "data").exists()
    build(agent, FILES)
    place = (agent.root / "data/v1").stat().st_ino

    assert is_there(agent, FILES)
    assert not is_there(agent, FILES | {"more": b""})
    assert not is_there(agent, FILES, "data/v2")
    assert build(agent, FILES)["reused"] is True
    assert (agent.root / "data/v1").stat().st_ino == place


@pytest.mark.parametrize("harm", ["short", "gone", "link", "file in its place"])
def test_that_a_tree_that_is_not_whole_is_built_anew(agent: Agent, harm: str) -> None:
    keep(agent, *FILES.values())
    build(agent, FILES)
    tree = agent.root / "data/v1"
    victim = tree / "train/c.png"
    victim.unlink()
    if harm == "short":
        victim.write_bytes(b"")
    elif harm == "link":
        victim.symlink_to("/etc/passwd")
    elif harm == "file in its place":
        tree.rename(agent.root / "elsewhere")
        tree.write_bytes(b"")

    assert not is_there(agent, FILES)
    assert build(agent, FILES)["reused"] is False

    assert files_in(tree) == FILES
    assert sorted(path.name for path in tree.parent.iterdir()) == ["v1"]


def test_that_nothing_is_left_of_a_tree_of_which_an_object_is_missing(agent: Agent) -> None:
    keep(agent, b"one")

    with pytest.raises(Refusal) as told:
        build(agent, FILES)

    assert told.value.code == "object_missing"
    assert list((agent.root / "data").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "../x", "/etc/x", "a/../../x", "a//b", "./x", "a/", "", "..", "nul\0byte",
        "n" * 256, "ü" * 128, "d/" * 600 + "x", "half \udcff\ud800",
    ],
)  # fmt: skip
def test_that_a_name_that_is_not_inside_or_too_long_is_refused(agent: Agent, name: str) -> None:
    keep(agent, b"one")

    with pytest.raises(Refusal) as told:
        build(agent, {name: b"one"})

    assert told.value.code == "path_refused"
    assert not (agent.root / "data").exists()


def test_that_a_tree_outside_the_folder_or_through_a_link_is_refused(agent: Agent, tmp_path: Path) -> None:
    keep(agent, b"one")
    (tmp_path.parent / "outside").mkdir()
    (agent.root / "data").symlink_to(tmp_path.parent / "outside")

    for path in ("../v1", "/tmp/v1", "data/v1"):
        with pytest.raises(Refusal) as told:
            build(agent, {"a": b"one"}, path)
        assert told.value.code == "path_refused"

    assert list((tmp_path.parent / "outside").iterdir()) == []


def test_that_names_that_are_a_file_and_a_folder_are_refused(agent: Agent) -> None:
    keep(agent, b"one")

    with pytest.raises(Refusal):
        build(agent, {"a": b"one", "a/b": b"one"})

    assert list((agent.root / "data").iterdir()) == []


def test_that_files_are_copied_where_the_file_system_takes_no_links(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    keep(agent, *FILES.values())
    monkeypatch.setattr(os, "link", refuse)  # FAT and some network disks say this

    assert build(agent, FILES)["copied"] == len(FILES)

    assert files_in(agent.root / "data/v1") == FILES
    assert (agent.root / "data/v1/train/c.png").stat().st_nlink == 1


def test_that_files_a_run_may_change_are_copies_of_what_is_kept(agent: Agent) -> None:
    keep(agent, *FILES.values())

    trees.tree(agent, {"path": "runs/r/plugin", "own": True}, listing_of(FILES))
    (agent.root / "runs/r/plugin/train/c.png").write_bytes(b"changed")

    assert missing_of(agent, b"two") == []
    assert Path(objects.object_path(agent, sha_of(b"two"))).read_bytes() == b"two"


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_that_sweeping_keeps_used_trees_and_what_they_are_made_of(agent: Agent) -> None:
    keep(agent, *FILES.values(), b"of no tree", b"old tree's own")
    build(agent, FILES, "data/used")
    build(agent, FILES | {"x": b"old tree's own"}, "data/old")
    age(agent.root / "data/old", 31 * DAY_S)

    told = trees.sweep(agent, {"settled_s": 0}, b"")[0]

    assert told == {"removed_bytes": len(b"of no tree" + b"old tree's own"), "trees": 1, "objects": 2}
    assert files_in(agent.root / "data") == {f"used/{name}": data for name, data in FILES.items()}
    assert build(agent, FILES, "data/again")["copied"] == 0


def test_that_sweeping_leaves_what_has_just_arrived_and_trees_that_are_named(agent: Agent) -> None:
    keep(agent, *FILES.values(), b"of no tree")
    build(agent, FILES, "data/named")
    age(agent.root / "data/named", 99 * DAY_S)

    told = trees.sweep(agent, {"keep": ["data/named"]}, b"")[0]

    assert told == {"removed_bytes": 0, "trees": 0, "objects": 0}


def test_that_a_look_at_a_tree_is_a_use_of_it(agent: Agent) -> None:
    keep(agent, *FILES.values())
    build(agent, FILES)
    age(agent.root / "data/v1", 99 * DAY_S)
    assert is_there(agent, FILES)

    assert trees.sweep(agent, {}, b"")[0]["trees"] == 0


def test_that_all_can_be_swept_and_links_out_of_the_folder_are_not_followed(
    agent: Agent, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "precious").write_bytes(b"precious")
    keep(agent, *FILES.values())
    build(agent, FILES)
    half = [sha_of(b"ab"), 0, 1, 2]
    objects.pack(agent, {"pieces": [half], "crc32": zlib.crc32(b"a")}, b"a")
    (agent.root / "data/link").symlink_to(outside)
    (agent.root / "objects/zz").symlink_to(outside)

    told = trees.sweep(agent, {"days": 0, "settled_s": 0}, b"")[0]

    assert told["removed_bytes"] == len(b"one" + b"two" + b"a")
    assert files_in(agent.root / "objects") == {}
    assert (outside / "precious").exists()
    assert files_in(agent.root / "trees") == {}


def test_that_a_tree_is_built_anew_when_its_list_was_lost(agent: Agent) -> None:
    keep(agent, *FILES.values())
    build(agent, FILES)
    (next((agent.root / "trees").iterdir())).unlink()

    assert not is_there(agent, FILES)
    assert build(agent, FILES)["reused"] is True
    assert is_there(agent, FILES)


def test_that_the_list_may_come_compressed(agent: Agent) -> None:
    keep(agent, *FILES.values())

    trees.tree(agent, {"path": "data/v1", "encoding": "zlib"}, zlib.compress(listing_of(FILES)))

    assert is_there(agent, FILES)
    with pytest.raises(Refusal) as told:
        trees.tree(agent, {"path": "data/v1", "encoding": "zlib"}, b"no zlib")
    assert told.value.code == "transfer_damaged"
