"""Connections to a real OpenSSH server."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from engine.errors import RemoteError
from engine.executors.ssh import host_keys
from engine.executors.ssh.connection import Connection
from engine.protocol.home import Home
from engine.protocol.hosts import HostBook, HostRecord
from tests.fixtures.ssh_host import SshHost, free_port, make_key


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return Home(tmp_path / "lensmith").ensure()


def refusal(host: HostRecord, home: Home, **how: Any) -> RemoteError:
    with pytest.raises(RemoteError) as told, Connection(host, home, **how) as made:
        made.start_agent()
    return told.value


def connected(host: SshHost, home: Home, **changes: Any) -> Connection:
    made = Connection(host.record(**changes), home, accept=host.fingerprint())
    made.open()
    return made


def test_that_an_unknown_host_is_refused_with_the_fingerprint_that_ssh_keygen_shows(
    ssh_host: SshHost, home: Home
) -> None:
    told = refusal(ssh_host.record(), home)

    assert told.code == "host_key_unknown"
    assert told.details == {"fingerprint": ssh_host.fingerprint(), "key_type": "ssh-ed25519", "host": "box"}
    assert not HostBook(home).known_hosts.exists()


def test_that_an_accepted_host_is_known_from_then_on(ssh_host: SshHost, home: Home) -> None:
    connected(ssh_host, home).close()

    with Connection(ssh_host.record(), home) as again:
        assert again.is_open
    assert oct(HostBook(home).known_hosts.stat().st_mode & 0o777) == "0o600"


def test_that_another_key_than_the_accepted_one_is_not_taken(ssh_host: SshHost, home: Home) -> None:
    assert refusal(ssh_host.record(), home, accept="SHA256:somebody-else").code == "host_key_differs"


def test_that_a_changed_key_is_an_alarm_that_no_acceptance_gets_past(
    own_ssh_host: SshHost, home: Home
) -> None:
    connected(own_ssh_host, home).close()
    own_ssh_host.change_key()

    told = refusal(own_ssh_host.record(), home, accept=own_ssh_host.fingerprint())

    assert told.code == "host_key_changed"
    assert told.details["fingerprint"] == own_ssh_host.fingerprint()
    assert "forget-key box" in told.hint

    assert host_keys.forget(own_ssh_host.record(), HostBook(home))
    connected(own_ssh_host, home).close()


def test_that_a_key_the_host_does_not_know_is_refused(ssh_host: SshHost, home: Home, tmp_path: Path) -> None:
    make_key(tmp_path / "other")
    accept = ssh_host.fingerprint()

    told = refusal(ssh_host.record(key_file=str(tmp_path / "other")), home, accept=accept)

    assert told.code == "host_login_refused"
    assert "ssh-copy-id" in told.hint


def test_that_a_protected_key_asks_for_its_passphrase(ssh_host: SshHost, home: Home, tmp_path: Path) -> None:
    locked = tmp_path / "locked key"
    make_key(locked, "open sesame")
    authorized = ssh_host.folder / "authorized_keys"
    before = authorized.read_text()
    authorized.write_text(before + locked.with_name("locked key.pub").read_text())
    host, accept = ssh_host.record(key_file=str(locked)), ssh_host.fingerprint()
    try:
        assert refusal(host, home, accept=accept).code == "host_passphrase_needed"
        assert refusal(host, home, accept=accept, passphrase=lambda: "wrong").code == "host_passphrase_wrong"
        with Connection(host, home, accept=accept, passphrase=lambda: "open sesame") as made:
            assert made.is_open
    finally:
        authorized.write_text(before)


def test_that_a_key_in_the_agent_lets_in_without_a_file(
    ssh_host: SshHost, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = Path(tempfile.mkdtemp(prefix="agent-")) / "socket"  # its path must be short
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(holder)], stdout=subprocess.DEVNULL)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(holder))
    try:
        added = ["ssh-add", "-q", str(ssh_host.key)]
        while subprocess.run(added, check=False, stderr=subprocess.DEVNULL).returncode:
            assert agent.poll() is None
        made = connected(ssh_host, home, key_file="")
        assert made.start_agent().ask("clock").data
        made.close()
    finally:
        agent.kill()
        agent.wait()


@pytest.mark.parametrize(
    ("content", "code"), [(None, "host_key_file_missing"), ("no key\n", "host_key_file_invalid")]
)
def test_that_a_key_file_that_is_none_is_named(
    ssh_host: SshHost, home: Home, tmp_path: Path, content: str | None, code: str
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content)

    told = refusal(ssh_host.record(key_file=str(path)), home, accept=ssh_host.fingerprint())

    assert told.code == code
    assert str(path) in told.message


def test_that_a_machine_that_is_not_there_is_said_to_be_out_of_reach(ssh_host: SshHost, home: Home) -> None:
    nobody = refusal(ssh_host.record(port=free_port()), home)
    unknown = refusal(ssh_host.record(host="no-such-machine.invalid"), home)

    assert (nobody.code, unknown.code) == ("host_unreachable", "host_unreachable")
    assert "no SSH server listens" in nobody.message
    assert "box" in unknown.message


def test_that_a_host_without_python_is_told_what_to_install(ssh_host: SshHost, home: Home) -> None:
    told = refusal(ssh_host.record(python="/no/such/python"), home, accept=ssh_host.fingerprint())

    assert told.code == "host_without_python"
    assert "/no/such/python" in told.message


def test_that_a_folder_that_cannot_be_made_is_named(ssh_host: SshHost, home: Home, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    folder = str(tmp_path / "a file" / "below")

    told = refusal(ssh_host.record(folder=folder), home, accept=ssh_host.fingerprint())

    assert told.code == "host_not_writable"
    assert folder in told.message


def test_that_the_agent_answers_many_questions_in_their_order(ssh_host: SshHost, home: Home) -> None:
    made = connected(ssh_host, home)
    link = made.start_agent()
    assert Path(str(link.hello["root"])) == ssh_host.root

    answers = [link.post("put", bytes([n]) * n, path=f"a/b {n}") for n in range(50)]
    assert all(answer.result(10).data == {"written": True} for answer in answers)
    read = link.ask("read", path="a/b 7", offset=2)

    assert read.payload == b"\x07" * 5
    assert abs(float(str(link.ask("clock").data["time"])) - time.time()) < 5
    made.close()


@pytest.mark.parametrize("path", ["../up", "/etc/passwd", "", "a/../../b", "out/passwd"])
def test_that_the_agent_does_not_leave_its_folder(ssh_host: SshHost, home: Home, path: str) -> None:
    made = connected(ssh_host, home)
    link = made.start_agent()
    (ssh_host.root / "out").symlink_to("/etc")

    for verb in ("read", "put", "remove", "list"):
        if verb == "list" and path == "out/passwd":
            continue
        with pytest.raises(RemoteError) as told:
            link.ask(verb, path=path)
        assert told.value.code == "path_refused"
    assert link.is_open
    made.close()


def test_that_a_bug_in_the_agent_is_told_and_ends_nothing(ssh_host: SshHost, home: Home) -> None:
    made = connected(ssh_host, home)
    link = made.start_agent()

    with pytest.raises(RemoteError) as told:
        link.ask("read")
    with pytest.raises(RemoteError) as unknown:
        link.ask("no such verb")

    assert (told.value.code, unknown.value.code) == ("host_agent_bug", "verb_unknown")
    assert link.ask("clock").data
    made.close()


def test_that_a_cut_answers_all_that_waits(own_ssh_host: SshHost, home: Home) -> None:
    made = connected(own_ssh_host, home)
    link = made.start_agent()

    own_ssh_host.kill_children()

    with pytest.raises(RemoteError) as told:
        link.ask("clock")
    assert told.value.code == "host_unreachable"
    assert not link.is_open


def test_that_a_frozen_host_is_found_out_though_the_connection_stands(
    own_ssh_host: SshHost, home: Home
) -> None:
    made = connected(own_ssh_host, home)
    link = made.start_agent()

    own_ssh_host.freeze_children()

    with pytest.raises(RemoteError, match="does not answer"):
        link.ask("clock", timeout_s=0.5)
    assert made.is_open  # the library does not notice
    own_ssh_host.kill_children()


def test_that_the_agent_is_sent_once_and_again_when_it_was_cut_short(ssh_host: SshHost, home: Home) -> None:
    made = connected(ssh_host, home)
    made.start_agent()
    (archive,) = (ssh_host.root / "agent").glob("*.pyz")
    whole = archive.read_bytes()
    changed = archive.stat().st_mtime_ns
    made.start_agent()
    assert archive.stat().st_mtime_ns == changed

    archive.write_bytes(whole[:100])
    assert made.start_agent().ask("clock").data
    assert archive.read_bytes() == whole
    made.close()
