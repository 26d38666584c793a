"""Files sent to a real SSH server: once, whole, and taken up where the way was cut."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from engine.errors import RemoteError, UserError
from engine.executors.ssh import agent_link, pace, under_way
from engine.executors.ssh.agent_link import AgentLink
from engine.executors.ssh.pace import Sent
from engine.executors.ssh.packs import LARGEST_PACK, OutgoingFile
from engine.executors.ssh.upload import (
    SentSummary,
    build_tree,
    bytes_missing,
    has_tree,
    send_files,
)
from tests.fixtures.hostile_agent import hostile_python
from tests.fixtures.ssh_host import SshHost
from tests.fixtures.transfers import entries_of, files_in, linked, noise, outgoing

MB = 1_000_000


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
def source(tmp_path: Path) -> Path:
    return tmp_path / "a dataset, här"


def kept(host: SshHost) -> int:
    """Bytes of files and parts on the host."""
    return sum(path.stat().st_size for path in (host.root / "objects").rglob("*") if path.is_file())


def test_that_a_dataset_arrives_as_it_is(ssh_host: SshHost, link: AgentLink, source: Path) -> None:
    files = [
        outgoing(source / "train/ein Hund/größe 1.jpg", noise(20_000, 1)),
        outgoing(source / "train/ein Hund/日本.jpg", noise(30_000, 2)),
        outgoing(source / "val/copy.jpg", noise(20_000, 1)),
        outgoing(source / "empty.txt", b""),
        outgoing(source / "table.csv", b"name,label\n" * 100_000),
        outgoing(source / "video.bin", noise(40 * MB, 3)),
    ]
    distinct = sum(file.size for file in files) - 20_000
    entries = entries_of(source, files)
    told: list[Sent] = []
    assert bytes_missing(link, files) == distinct

    summary = send_files(link, files, progress=told.append)
    built = build_tree(link, "data/a b/ü", entries)

    assert summary.total_bytes == summary.sent_bytes == distinct
    assert summary.line_bytes < distinct - 900_000  # the table shrank
    assert files_in(ssh_host.root / "data/a b/ü") == files_in(source)
    assert not built.reused
    assert told[0].done_bytes == 0
    assert told[-1] == Sent(distinct, distinct, told[-1].bytes_per_s, 0.0)
    assert [sent.done_bytes for sent in told] == sorted(sent.done_bytes for sent in told)


def test_that_unchanged_files_cost_one_question_and_no_bytes(
    link: AgentLink, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [outgoing(source / f"{number}.jpg", noise(5000, number)) for number in range(50)]
    send_files(link, files)
    build_tree(link, "data/v1", entries_of(source, files))
    asked: list[str] = []
    post = link.post

    def watched(verb: str, payload: bytes = b"", **arguments: object) -> object:
        asked.append(verb)
        return post(verb, payload, **arguments)

    monkeypatch.setattr(link, "post", watched)
    summary = send_files(link, files)

    assert (summary.sent_bytes, summary.line_bytes) == (0, 0)
    assert asked == ["missing"]
    assert has_tree(link, "data/v1", entries_of(source, files))
    assert build_tree(link, "data/v1", entries_of(source, files)).reused


def test_that_only_what_is_new_is_sent(ssh_host: SshHost, link: AgentLink, source: Path) -> None:
    files = [outgoing(source / f"{number}.jpg", noise(5000, number)) for number in range(50)]
    send_files(link, files)
    files.append(outgoing(source / "new.jpg", noise(7000, 99)))

    summary = send_files(link, files)

    assert summary.sent_bytes == 7000
    assert kept(ssh_host) == 50 * 5000 + 7000


@pytest.fixture
def told_at_each_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """On this machine all is over before a user is told for the second time."""
    monkeypatch.setattr(pace, "TOLD_EVERY_S", 0.0)


class CutMidway:
    """Kills the server's end of the connection once so much has arrived."""

    def __init__(self, host: SshHost, at: int) -> None:
        self.host = host
        self.at = at
        self.seen = 0
        self._is_cut = False

    def __call__(self, sent: Sent) -> None:
        self.seen = sent.done_bytes
        if sent.done_bytes >= self.at and not self._is_cut:
            self._is_cut = True
            self.host.kill_children()


def send_cut_off(host: SshHost, home: Path, files: list[OutgoingFile], at: int) -> int:
    """Send until the connection is cut; give the bytes that the desktop knew to have arrived."""
    cut = CutMidway(host, at)
    with linked(host, home) as first, pytest.raises(RemoteError) as told:
        send_files(first, files, progress=cut)
    assert told.value.code == "host_unreachable"
    return cut.seen


@pytest.mark.parametrize("count", [1, 3000])
@pytest.mark.usefixtures("told_at_each_answer")
def test_that_an_upload_goes_on_where_it_was_cut(
    own_ssh_host: SshHost, home: Path, source: Path, count: int
) -> None:
    files = [outgoing(source / f"{n}.bin", noise(60 * MB // count, n)) for n in range(count)]
    total = sum(file.size for file in files)
    known = send_cut_off(own_ssh_host, home, files, 20 * MB)
    told: list[Sent] = []

    with linked(own_ssh_host, home) as second:
        lacking = bytes_missing(second, files)
        summary = send_files(second, files, progress=told.append)
        build_tree(second, "data/v1", entries_of(source, files))

    assert known >= 20 * MB
    assert total - lacking >= known, "what was acknowledged is there"
    assert lacking < total - 20 * MB + LARGEST_PACK
    assert summary.sent_bytes == lacking, "what is there is not sent again"
    assert told[0].done_bytes == total - lacking
    assert files_in(own_ssh_host.root / "data/v1") == files_in(source)
    assert kept(own_ssh_host) == total, "no part or draft is left"


@pytest.mark.usefixtures("told_at_each_answer")
def test_that_the_host_keeps_only_whole_files_when_its_agent_is_killed(
    own_ssh_host: SshHost, home: Path, source: Path
) -> None:
    files = [outgoing(source / f"{n}.bin", noise(20_000, n)) for n in range(1800)]
    with linked(own_ssh_host, home) as link:
        agent = link.hello["pid"]
        assert isinstance(agent, int)

        def kill(sent: Sent) -> None:
            if sent.done_bytes > 5 * MB:
                with suppress(ProcessLookupError):
                    os.kill(agent, signal.SIGKILL)

        with pytest.raises(RemoteError) as told:
            send_files(link, files, progress=kill)
    objects = own_ssh_host.root / "objects"
    whole = {path.name: path for path in objects.glob("??/*") if not path.name.startswith(".")}

    assert told.value.code == "host_unreachable"
    assert len(whole) >= 5 * MB // 20_000
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == name for name, path in whole.items())
    with linked(own_ssh_host, home) as link:
        assert send_files(link, files).sent_bytes == (1800 - len(whole)) * 20_000


@pytest.mark.usefixtures("told_at_each_answer")
def test_that_a_host_that_freezes_is_found_out(
    own_ssh_host: SshHost, home: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [outgoing(source / f"{n}.bin", noise(MB, n)) for n in range(60)]
    monkeypatch.setattr(under_way, "STALLED_S", 1.0)
    monkeypatch.setattr(agent_link, "SEND_S", 1.0)

    def freeze(sent: Sent) -> None:
        if sent.done_bytes > 10 * MB:
            own_ssh_host.freeze_children()

    with linked(own_ssh_host, home) as link, pytest.raises(RemoteError) as told:
        send_files(link, files, progress=freeze)

    assert told.value.code == "host_unreachable"


@pytest.mark.usefixtures("told_at_each_answer")
def test_that_an_upload_stops_when_it_is_cancelled_and_goes_on_later(
    ssh_host: SshHost, link: AgentLink, source: Path
) -> None:
    files = [outgoing(source / f"{n}.bin", noise(MB, n)) for n in range(60)]
    told: list[Sent] = []

    summary = send_files(link, files, progress=told.append, cancelled=lambda: told[-1].done_bytes > 5 * MB)
    lacking = bytes_missing(link, files)

    assert summary.cancelled
    assert 5 * MB < summary.sent_bytes < 60 * MB
    assert 0 < lacking <= 60 * MB - summary.sent_bytes, "what was under way has arrived too"
    assert lacking == 60 * MB - kept(ssh_host)
    assert send_files(link, files).sent_bytes == lacking


@pytest.mark.parametrize("size", [5000, 20 * MB])
def test_that_a_file_that_changed_since_its_import_is_named_and_nothing_of_it_stays(
    ssh_host: SshHost, link: AgentLink, source: Path, size: int
) -> None:
    files = [outgoing(source / f"{n}.jpg", noise(1000, n)) for n in range(20)]
    files.append(outgoing(source / "später bearbeitet.jpg", noise(size)))
    files[-1].source.write_bytes(noise(size - 1) + b"x")

    with pytest.raises(UserError) as told:
        send_files(link, files)

    assert told.value.code == "dataset_changed"
    assert "später bearbeitet.jpg" in told.value.message
    assert "import" in told.value.hint
    assert not list((ssh_host.root / "objects").glob(f"*/{files[-1].sha256}"))
    files[-1].source.write_bytes(noise(size))
    assert send_files(link, files).total_bytes == 20_000 + size
    assert bytes_missing(link, files) == 0


def test_that_two_desktops_may_send_the_same_files_at_once(
    ssh_host: SshHost, home: Path, source: Path
) -> None:
    files = [outgoing(source / f"{n}.jpg", noise(20_000, n)) for n in range(300)]
    files.append(outgoing(source / "large.bin", noise(30 * MB)))
    outcomes: list[SentSummary | UserError] = []

    def send(number: int) -> None:
        try:
            with linked(ssh_host, home / str(number)) as own:
                outcomes.append(send_files(own, files))
                build_tree(own, "data/v1", entries_of(source, files))
        except UserError as error:
            outcomes.append(error)

    desktops = [threading.Thread(target=send, args=(number,)) for number in range(3)]
    for desktop in desktops:
        desktop.start()
    for desktop in desktops:
        desktop.join()

    assert [type(outcome) for outcome in outcomes] == [SentSummary] * 3
    assert files_in(ssh_host.root / "data/v1") == files_in(source)
    assert kept(ssh_host) == sum(file.size for file in files)


@pytest.fixture
def small_disk(ssh_host: SshHost, home: Path) -> Iterator[AgentLink]:
    """A link to a host with room for about 16 MB.

    Root mounts a disk of that size. Others may not mount; for them the agent may write no file beyond that size, which
    the system refuses in the same place, a write that comes back short.
    """
    ssh_host.root.mkdir(parents=True)
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", ssh_host.root], check=False
        ).returncode
    )
    try:
        with linked(ssh_host, home) as link:
            if not mounted:
                pid = link.hello["pid"]
                assert isinstance(pid, int)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (16 << 20, 16 << 20))
            yield link
    finally:
        if mounted:
            subprocess.run(["umount", "-l", ssh_host.root], check=True)


def test_that_a_full_disk_on_the_host_is_said_and_nothing_half_written_has_a_good_name(
    ssh_host: SshHost, small_disk: AgentLink, source: Path
) -> None:
    files = [outgoing(source / "small.jpg", noise(50_000)), outgoing(source / "large.bin", noise(40 * MB))]

    with pytest.raises(RemoteError) as told:
        send_files(small_disk, files)

    assert told.value.code == "host_disk_full"
    assert str(ssh_host.root) in told.value.message
    objects = [path for path in (ssh_host.root / "objects").glob("[0-9a-f][0-9a-f]/*") if path.is_file()]
    assert [path.read_bytes() for path in objects] == [noise(50_000)]
    assert bytes_missing(small_disk, files) < 40 * MB - 8 * MB, "what did fit is not sent again"


def test_that_many_small_files_that_fill_the_disk_leave_only_whole_ones(
    ssh_host: SshHost, small_disk: AgentLink, source: Path
) -> None:
    if not os.path.ismount(ssh_host.root):
        pytest.skip("only root can mount a small disk, and no other limit counts many small files together")
    files = [outgoing(source / f"{n}.jpg", noise(50_000, n)) for n in range(500)]

    with pytest.raises(RemoteError) as told:
        send_files(small_disk, files)

    assert told.value.code == "host_disk_full"
    sizes = {path.stat().st_size for path in (ssh_host.root / "objects").rglob("*") if path.is_file()}
    assert sizes == {50_000}


def test_that_a_tree_of_files_that_were_not_sent_is_refused(link: AgentLink, source: Path) -> None:
    files = [outgoing(source / "a.jpg", b"abc")]

    with pytest.raises(RemoteError) as told:
        build_tree(link, "data/v1", entries_of(source, files))

    assert told.value.code == "object_missing"


def test_that_a_pack_damaged_on_its_way_is_sent_again(
    ssh_host: SshHost, link: AgentLink, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [outgoing(source / f"{n}.jpg", noise(5000, n)) for n in range(20)]
    post = link.post
    damaged: list[bytes] = []

    def damage(verb: str, payload: bytes = b"", **arguments: object) -> object:
        if verb == "pack" and not damaged:
            damaged.append(payload)
            payload = bytes([payload[0] ^ 1]) + payload[1:]
        return post(verb, payload, **arguments)

    monkeypatch.setattr(link, "post", damage)

    assert send_files(link, files).sent_bytes == 100_000
    assert damaged
    assert kept(ssh_host) == 100_000


@pytest.mark.parametrize(
    "answer",
    [
        "no json",
        "{}",
        "[1]",
        '[["abc", 0]]',
        '[["SHA", -1]]',
        '[["SHA", 4]]',
        '[["SHA", "0"]]',
        "[" * 100_000,
    ],
)
def test_that_an_answer_of_a_hostile_host_is_not_believed(
    ssh_host: SshHost, home: Path, tmp_path: Path, source: Path, answer: str
) -> None:
    files = [outgoing(source / "a.jpg", b"abc")]
    python = hostile_python(tmp_path, {"missing": ({}, answer.replace("SHA", files[0].sha256))})

    with linked(ssh_host, home, python=python) as link, pytest.raises(RemoteError) as told:
        send_files(link, files)

    assert told.value.code == "host_answer_invalid"


def test_that_a_payload_that_is_no_pack_is_refused_by_the_host(link: AgentLink) -> None:
    with pytest.raises(RemoteError) as told:
        link.ask("pack", b"abc", pieces=[["x", 0, 3, 3]], encoding="none", crc32=zlib.crc32(b"abc"))

    assert told.value.code == "host_request_invalid"
