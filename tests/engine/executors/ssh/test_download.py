"""Folders fetched from a real SSH server: what differs, verified and whole; nothing a hostile host says is believed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.checkpoints.recovery import recover_interrupted
from engine.errors import RemoteError, UserError
from engine.executors.ssh import download, pace
from engine.executors.ssh.agent_link import AgentLink
from engine.executors.ssh.download import FetchOptions, fetch_folder
from engine.executors.ssh.offered import Limits
from engine.executors.ssh.pace import Sent
from tests.fixtures.hostile_agent import hostile_python
from tests.fixtures.ssh_host import SshHost
from tests.fixtures.transfers import files_in, linked, noise

MB = 1_000_000
SHA_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
CHECKPOINT = {
    "meta.json": b'{"step": 1}',
    "weights.safetensors": noise(2 * MB, 1),
    "state.pt": noise(3 * MB, 2),
    "plugin/extra file, ü.bin": b"x",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return tmp_path / "lensmith"


@pytest.fixture
def link(ssh_host: SshHost, home: Path) -> Iterator[AgentLink]:
    with linked(ssh_host, home) as made:
        yield made


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path / "run here" / "results"


def there(host: SshHost, files: dict[str, bytes], folder: str = "runs/r 1/results") -> Path:
    """Write files on the host."""
    for name, data in files.items():
        path = host.root / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return host.root / folder


def fetch(
    link: AgentLink, here: Path, options: FetchOptions | None = None, folder: str = "runs/r 1/results"
) -> tuple[int, int]:
    """Give files and bytes fetched."""
    fetched = fetch_folder(link, folder, here, options)
    return fetched.fetched_files, fetched.fetched_bytes


def test_that_a_folder_comes_home_as_it_is(ssh_host: SshHost, link: AgentLink, here: Path) -> None:
    files = {"0001/a b/ü.npy": noise(5000), "0001/empty": b"", "large.bin": noise(9 * MB), "日本.txt": b"x"}
    there(ssh_host, files)
    told: list[Sent] = []

    fetched = fetch_folder(link, "runs/r 1/results", here, progress=told.append)

    total = sum(map(len, files.values()))
    assert files_in(here) == files
    assert (fetched.files, fetched.fetched_files, fetched.fetched_bytes) == (4, 4, total)
    assert (told[0].done_bytes, told[-1].done_bytes, told[-1].total_bytes) == (0, total, total)


def test_that_many_small_files_come_home(ssh_host: SshHost, link: AgentLink, here: Path) -> None:
    files = {f"{n % 7}/{n}.npy": noise(500 + n, n) for n in range(400)}
    there(ssh_host, files)

    fetch(link, here)

    assert files_in(here) == files


def test_that_only_what_differs_is_fetched_and_own_files_stay(
    ssh_host: SshHost, link: AgentLink, here: Path
) -> None:
    folder = there(ssh_host, {"same": noise(1000, 1), "changed": noise(1000, 2), "grown": b"12"})
    fetch(link, here)
    (here / "own.txt").write_bytes(b"mine")
    there(ssh_host, {"changed": noise(1000, 3), "grown": b"123"})

    assert fetch(link, here) == (2, 1003)
    assert files_in(here) == files_in(folder) | {"own.txt": b"mine"}
    assert fetch(link, here) == (0, 0)


def test_that_a_file_that_only_looks_changed_is_not_fetched(
    ssh_host: SshHost, link: AgentLink, here: Path
) -> None:
    folder = there(ssh_host, {"a": noise(1000)})
    fetch(link, here)
    os.utime(folder / "a", (1, 1))

    assert fetch(link, here) == (0, 0)


def test_that_a_folder_that_is_not_there_brings_nothing(link: AgentLink, here: Path) -> None:
    assert fetch(link, here) == (0, 0)


def test_that_only_wanted_files_are_fetched(ssh_host: SshHost, link: AgentLink, here: Path) -> None:
    there(ssh_host, {"a.json": b"{}", "b.npy": b"x", ".draft/c.json": b"x", ".d.json": b"x"})

    fetch(link, here, FetchOptions(wants=lambda name: name.endswith(".json")))

    assert files_in(here) == {"a.json": b"{}"}


def test_that_a_checkpoint_appears_whole_or_not_at_all(
    own_ssh_host: SshHost, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = CHECKPOINT | {"weights.safetensors": noise(50 * MB, 1)}
    remote = there(own_ssh_host, files, "runs/r/checkpoints/best")
    here = tmp_path / "checkpoints" / "best"
    seen: list[bool] = []
    monkeypatch.setattr(pace, "TOLD_EVERY_S", 0.0)  # at each answer, since all of it takes a moment only

    def cut(sent: Sent) -> None:
        seen.append(here.exists())
        if sent.done_bytes > 5 * MB:
            own_ssh_host.kill_children()

    with linked(own_ssh_host, home) as link, pytest.raises(RemoteError):
        fetch_folder(link, "runs/r/checkpoints/best", here, progress=cut)
    assert not here.exists()

    with linked(own_ssh_host, home) as link:
        fetched = fetch_folder(
            link, "runs/r/checkpoints/best", here, progress=lambda _: seen.append(here.exists())
        )

    assert files_in(here) == files == files_in(remote)
    assert 0 < fetched.fetched_bytes < 51 * MB, "what had arrived was taken up"
    assert not any(seen)
    assert [path.name for path in here.parent.iterdir() if not path.name.endswith("lock")] == ["best"]


def test_that_a_newer_checkpoint_takes_the_place_of_the_old_one_and_keeps_nothing_of_it(
    ssh_host: SshHost, link: AgentLink, tmp_path: Path
) -> None:
    here = tmp_path / "checkpoints" / "last"
    remote = there(ssh_host, CHECKPOINT, "runs/r/checkpoints/last")
    fetch(link, here, folder="runs/r/checkpoints/last")
    (remote / "plugin/extra file, ü.bin").unlink()
    newer = {"meta.json": b'{"step": 2}', "state.pt": noise(3 * MB, 9)}
    there(ssh_host, newer, "runs/r/checkpoints/last")

    fetched = fetch(link, here, folder="runs/r/checkpoints/last")

    assert fetched == (2, 3 * MB + 11), "the weights are the same and were not fetched"
    assert files_in(here) == files_in(remote)


def test_that_a_draft_of_a_fetch_that_was_killed_is_cleared_by_the_worker(tmp_path: Path) -> None:
    """The name of the draft is the one that a worker's own recovery knows."""
    (tmp_path / ".draft-best").mkdir()
    (tmp_path / ".draft-best/weights.safetensors").write_bytes(b"half")

    recover_interrupted(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_that_a_rest_of_other_content_is_not_taken_up(
    own_ssh_host: SshHost, home: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there(own_ssh_host, {"a.bin": noise(50 * MB, 1)})
    monkeypatch.setattr(pace, "TOLD_EVERY_S", 0.0)

    def cut(sent: Sent) -> None:
        if sent.done_bytes > 3 * MB:
            own_ssh_host.kill_children()

    with linked(own_ssh_host, home) as link, pytest.raises(RemoteError):
        fetch_folder(link, "runs/r 1/results", here, progress=cut)
    assert len(list(here.glob(".*.arriving"))) == 1
    there(own_ssh_host, {"a.bin": noise(9 * MB, 2)})

    with linked(own_ssh_host, home) as link:
        fetch(link, here)

    assert files_in(here) == {"a.bin": noise(9 * MB, 2)}


def test_that_a_damaged_rest_is_fetched_anew(ssh_host: SshHost, link: AgentLink, here: Path) -> None:
    data = noise(3 * MB)
    there(ssh_host, {"a.bin": data})
    options = FetchOptions(cancelled=iter([False] * 2 + [True] * 10).__next__)
    assert fetch_folder(link, "runs/r 1/results", here, options).cancelled
    (rest,) = here.glob(".*.arriving")
    assert 0 < rest.stat().st_size < 3 * MB
    rest.write_bytes(b"x" * rest.stat().st_size)

    fetch(link, here)

    assert files_in(here) == {"a.bin": data}


def test_that_links_on_the_host_are_not_followed(
    ssh_host: SshHost, link: AgentLink, here: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key").write_bytes(b"secret")
    folder = there(ssh_host, {"a": b"a"})
    (folder / "file").symlink_to(tmp_path / "secret/key")
    (folder / "folder").symlink_to(tmp_path / "secret")

    fetch(link, here)

    assert files_in(here) == {"a": b"a"}


def test_that_nothing_is_written_through_a_link_here(
    ssh_host: SshHost, link: AgentLink, here: Path, tmp_path: Path
) -> None:
    there(ssh_host, {"a/b": b"new"})
    (tmp_path / "elsewhere").mkdir()
    here.mkdir(parents=True)
    (here / "a").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UserError) as told:
        fetch(link, here)

    assert told.value.code == "folder_is_link"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_that_a_full_disk_here_is_said_before_anything_is_written(
    ssh_host: SshHost, link: AgentLink, here: Path
) -> None:
    folder = there(ssh_host, {"a": b"a"})
    with (folder / "huge").open("wb") as file:
        file.truncate(shutil.disk_usage(folder).free // 2 * 3)  # takes no room there

    offers = download._Fetch(link, "runs/r 1/results", FetchOptions(), lambda _: None)._list(hashes=False)
    with pytest.raises(UserError) as told:
        download._Fetch(link, "runs/r 1/results", FetchOptions(), lambda _: None)._bring_files(
            offers, offers, here
        )

    assert told.value.code == "disk_full"
    assert files_in(here) == {}


def test_that_a_disk_that_fills_up_here_is_said(
    ssh_host: SshHost, link: AgentLink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    there(ssh_host, {"a": noise(1000), "b": noise(9 * MB)})
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=False).returncode:
        pytest.skip("this container may not mount")
    # Somebody else fills the disk between the look at its free room and the writing.
    monkeypatch.setattr(download, "free_disk_bytes", lambda _: 1 << 40)
    try:
        with pytest.raises(UserError) as told:
            fetch(link, disk / "results")
        names = set(files_in(disk / "results"))
    finally:
        subprocess.run(["umount", "-l", disk], check=True)

    assert told.value.code == "disk_full"
    assert "b" not in names


def hostile_fetch(
    host: SshHost, home: Path, tmp_path: Path, rows: object, read: tuple[dict[str, object], str] = ({}, "")
) -> tuple[str, dict[str, bytes]]:
    """Fetch from a host that lists `rows`; give the code of the error and what is here then."""
    listing = rows if isinstance(rows, str) else json.dumps(rows)
    python = hostile_python(tmp_path, {"list": ({"there": True}, listing), "read": read})
    here = tmp_path / "inner" / "here"
    options = FetchOptions(limits=Limits(files=100, total_bytes=10**9))
    with linked(host, home, python=python) as link, pytest.raises(UserError) as told:
        fetch_folder(link, "runs/r/results", here, options)
    return told.value.code, files_in(tmp_path / "inner")


@pytest.mark.parametrize(
    "name",
    [
        "../x", "/etc/x", "a/../../x", "a//b", "./x", "", "..", "a\\..\\x", "bell\x07", "nul\0", "n" * 256,
        "ü" * 120, "d/" * 600 + "x", "half \ud800",
    ],
)  # fmt: skip
def test_that_a_name_that_would_leave_the_folder_is_refused(
    ssh_host: SshHost, home: Path, tmp_path: Path, name: str
) -> None:
    rows = [["fine", 3, 1, SHA_OF_ABC], [name, 3, 1, SHA_OF_ABC]]

    code, files = hostile_fetch(ssh_host, home, tmp_path, rows, ({"there": True, "size": 3}, "abc"))

    assert code == "host_answer_unsafe"
    assert [name for name in files if not name.endswith("lock")] == []


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([[f"{n}", 1, 1, SHA_OF_ABC] for n in range(101)], "host_answer_unsafe"),
        ([["a", 10**9 + 1, 1, SHA_OF_ABC]], "host_answer_unsafe"),
        ("#1000000", "host_answer_unsafe"),
        ([["a", -1, 1, SHA_OF_ABC]], "host_answer_invalid"),
        ([["a", 1 << 70, 1, SHA_OF_ABC]], "host_answer_invalid"),
        ([["a", "3", 1, SHA_OF_ABC]], "host_answer_invalid"),
        ([["a", 3, 1, "../../x"]], "host_answer_invalid"),
        ([["a", 3, 1]], "host_answer_invalid"),
        ([["a", 3, 1, SHA_OF_ABC], ["a", 3, 1, SHA_OF_ABC]], "host_answer_invalid"),
        ([["a", 3, 1, SHA_OF_ABC], ["a/b", 3, 1, SHA_OF_ABC]], "host_answer_invalid"),
        ([["a", 3, 1, SHA_OF_ABC], ["a/b/c", 3, 1, SHA_OF_ABC]], "host_answer_invalid"),
        ({}, "host_answer_invalid"),
        ("no json", "host_answer_invalid"),
        ("[" * 100_000, "host_answer_invalid"),
    ],
)
def test_that_a_listing_that_makes_no_sense_is_refused(
    ssh_host: SshHost, home: Path, tmp_path: Path, rows: object, code: str
) -> None:
    assert hostile_fetch(ssh_host, home, tmp_path, rows)[0] == code


@pytest.mark.parametrize(
    ("told", "payload", "code"),
    [
        ({"there": True}, "abcd", "host_answer_invalid"),
        ({"there": True}, "#3", "host_files_change"),
        ({"there": True}, "ab", "host_files_change"),
        ({"there": False}, "", "host_files_change"),
        ({}, "abc", "host_files_change"),
    ],
)
def test_that_other_bytes_than_were_listed_are_not_kept(
    ssh_host: SshHost, home: Path, tmp_path: Path, told: dict[str, object], payload: str, code: str
) -> None:
    rows = [["a", 3, 1, SHA_OF_ABC]]

    found, files = hostile_fetch(ssh_host, home, tmp_path, rows, (told, payload))

    assert found == code
    assert "here/a" not in files


def test_that_a_time_no_file_can_have_does_no_harm(ssh_host: SshHost, home: Path, tmp_path: Path) -> None:
    rows = json.dumps([["a", 3, 1 << 200, SHA_OF_ABC]])
    python = hostile_python(tmp_path, {"list": ({}, rows), "read": ({"there": True}, "abc")})

    with linked(ssh_host, home, python=python) as link:
        fetch_folder(link, "runs/r/results", tmp_path / "here")

    assert files_in(tmp_path / "here") == {"a": b"abc"}
