"""Passphrases are kept in the system's keyring or in memory, and nowhere else."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from keyring import get_keyring, set_keyring
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked, PasswordDeleteError

from engine.errors import UserError
from engine.executors.ssh.credentials import Secrets
from engine.executors.ssh.secret_keeper import ask_keeper
from engine.protocol.home import Home

CANARY = "canary-4f1c-passphrase"
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows always has a keyring")


class MemoryKeyring(KeyringBackend):
    """A keyring as the system has one."""

    priority = 5  # pyright: ignore[reportAssignmentType]  # keyring declares it as a class property

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError("there is none")


class LockedKeyring(MemoryKeyring):
    """One that the user does not unlock."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked("locked")


@pytest.fixture(autouse=True)
def keyring_as_it_was() -> Iterator[None]:
    before = get_keyring()
    yield
    set_keyring(before)


@pytest.fixture
def home(lensmith_home: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    return Home(lensmith_home)


@pytest.fixture
def no_keyring() -> None:
    set_keyring(NoKeyring())


@pytest.fixture
def secrets(home: Home) -> Iterator[Secrets]:
    made = Secrets(home)
    yield made
    for host in ("box", "other"):
        made.forget(host)


def keeper(home: Home) -> psutil.Process:
    """The process that keeps this folder's passphrases."""
    path = str(Secrets(home).socket_path)
    (found,) = (process for process in psutil.process_iter() if path in _argv(process))
    return found


def _argv(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_that_the_keyring_is_used_where_there_is_one(home: Home) -> None:
    keyring = MemoryKeyring()
    set_keyring(keyring)
    secrets = Secrets(home)

    assert secrets.keep("box", CANARY) == "keyring"
    assert keyring.entries == {("lensmith", "ssh:box"): CANARY}
    assert secrets.get("box") == CANARY
    assert not secrets.socket_path.exists()
    secrets.forget("box")
    assert secrets.get("box") is None
    assert keyring.entries == {}


@needs_posix
@pytest.mark.parametrize("keyring", [NoKeyring(), LockedKeyring()])
def test_that_memory_is_used_without_a_keyring_that_answers(
    keyring: KeyringBackend, secrets: Secrets
) -> None:
    set_keyring(keyring)

    assert secrets.keep("box", CANARY) == "memory"
    assert secrets.get("box") == CANARY
    assert secrets.get("other") is None


@needs_posix
def test_that_another_process_of_the_user_finds_what_is_kept_in_memory(
    home: Home, secrets: Secrets, no_keyring: None
) -> None:
    secrets.keep("box", CANARY)
    program = (
        "from engine.executors.ssh.credentials import Secrets\n"
        "from engine.protocol.home import Home\n"
        "print(Secrets(Home.default()).get('box'))\n"
    )
    environment = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    told = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == CANARY


@needs_posix
def test_that_no_file_argument_or_variable_holds_the_passphrase(
    home: Home, secrets: Secrets, no_keyring: None
) -> None:
    secrets.keep("box", CANARY)
    process = keeper(home)

    assert CANARY not in " ".join(process.cmdline())
    assert CANARY not in str(process.environ())
    files = [path for path in home.path.rglob("*") if path.is_file()]
    assert files != []
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []
    assert stat.S_IMODE(secrets.socket_path.stat().st_mode) == 0o600


@needs_posix
def test_that_the_keeper_ends_when_it_has_nothing_to_keep(
    home: Home, secrets: Secrets, no_keyring: None
) -> None:
    secrets.keep("box", CANARY)
    process = keeper(home)

    secrets.forget("box")

    process.wait(10)
    assert not secrets.socket_path.exists()


@needs_posix
def test_that_a_keeper_that_nobody_asks_forgets_and_ends(home: Home, no_keyring: None) -> None:
    secrets = Secrets(home, idle_s=1.0)
    secrets.keep("box", CANARY)
    process = keeper(home)

    process.wait(15)

    assert secrets.get("box") is None


@needs_posix
def test_that_a_keeper_that_was_killed_is_replaced(home: Home, secrets: Secrets, no_keyring: None) -> None:
    secrets.keep("box", CANARY)
    process = keeper(home)
    process.kill()
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert secrets.get("box") is None

    assert secrets.keep("box", "again") == "memory"
    assert secrets.get("box") == "again"


@needs_posix
def test_that_nonsense_at_the_socket_does_not_end_the_keeper(
    secrets: Secrets, no_keyring: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sys.platform != "win32"
    secrets.keep("box", CANARY)
    for data in (b"\x80\x04nonsense\n", b"[1, 2]\n", b"", b"x" * 70_000):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.connect(str(secrets.socket_path))
            try:
                line.sendall(data)
            except OSError:
                continue  # hung up on: as it should be

    assert secrets.get("box") == CANARY


def test_that_a_passphrase_can_be_tried_before_it_is_kept(home: Home, no_keyring: None) -> None:
    Secrets(home).offer("box", CANARY)

    assert Secrets(home).get("box") == CANARY
    Secrets(home).withdraw("box")
    assert Secrets(home).get("box") is None
    assert ask_keeper(Secrets(home).socket_path, {}) is None


def test_that_a_passphrase_beyond_measure_is_refused(home: Home, no_keyring: None) -> None:
    with pytest.raises(UserError, match="shorter passphrase"):
        Secrets(home).keep("box", "x" * 100_000)


@needs_posix
def test_that_a_long_home_gets_its_socket_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_keyring: None
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    secrets = Secrets(Home(tmp_path / ("long" * 30)))

    assert secrets.keep("box", CANARY) == "memory"
    assert secrets.get("box") == CANARY
    assert stat.S_IMODE(secrets.socket_path.parent.stat().st_mode) == 0o700
    secrets.forget("box")
