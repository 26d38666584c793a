"""Which key a host must show: those the user has accepted, and those OpenSSH knows. Nothing is accepted unasked."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import paramiko

from engine.errors import RemoteError
from engine.protocol.hosts import HostBook, HostRecord
from engine.protocol.operating_system import wait_for_lock
from engine.protocol.run_folder import write_atomic

OPENSSH_KNOWN_HOSTS = "~/.ssh/known_hosts"


def fingerprint(key: paramiko.PKey) -> str:
    """Give `SHA256:…` as `ssh-keygen -l` shows it."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def address(host: HostRecord) -> str:
    """The host's name in a file of known hosts."""
    return host.host if host.port == 22 else f"[{host.host}]:{host.port}"


def load_known(client: paramiko.SSHClient, book: HostBook) -> None:
    """Let a client know the keys that were accepted before."""
    openssh = Path(OPENSSH_KNOWN_HOSTS).expanduser()
    for path in (openssh, book.known_hosts):
        if path.is_file():
            client.load_system_host_keys(str(path))


class AskFirst(paramiko.MissingHostKeyPolicy):
    """Refuses an unknown host, with its fingerprint; keeps the key when the user has named this very fingerprint.

    Raises:
        RemoteError: `host_key_unknown`, details fingerprint, key_type, host; `host_key_differs`.
    """

    def __init__(self, host: HostRecord, book: HostBook, accepted: str) -> None:
        self._host = host
        self._book = book
        self._accepted = accepted

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002  # paramiko's signature
        shown = fingerprint(key)
        details = {"fingerprint": shown, "key_type": key.get_name(), "host": self._host.name}
        if self._accepted == shown:
            _keep(self._book, address(self._host), key)
            return
        if self._accepted:
            raise RemoteError(
                "host_key_differs",
                f"{self._host.host} shows the key {shown}, not the expected {self._accepted}.",
                "Somebody else may answer under this address. Ask the machine's owner for its fingerprint.",
                details,
            )
        raise RemoteError(
            "host_key_unknown",
            f"{self._host.host} is not known yet. It shows the key {shown} ({key.get_name()}).",
            "Compare it with what the machine's owner says (`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` there), "
            f"then accept it with `--accept-fingerprint {shown}`.",
            details,
        )


def changed(host: HostRecord, error: paramiko.BadHostKeyException) -> RemoteError:
    """The host shows another key than the one that was accepted."""
    shown, known = fingerprint(error.key), fingerprint(error.expected_key)
    return RemoteError(
        "host_key_changed",
        f"Stop: {host.host} shows another key than before ({shown}; known is {known}). "
        "Somebody may be listening in between.",
        "Nothing was sent. Ask the machine's owner whether it was set up anew; only then forget the old key with "
        f"`lensmith hosts forget-key {host.name}`.",
        {"fingerprint": shown, "expected": known, "host": host.name},
    )


def forget(host: HostRecord, book: HostBook) -> bool:
    """Forget the key that the user has accepted for a host; False when there was none."""
    path = book.known_hosts
    if not path.is_file():
        return False
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.split(" ", 1)[0] != address(host)]
    if kept == lines:
        return False
    _write(path, kept)
    return True


def _keep(book: HostBook, name: str, key: paramiko.PKey) -> None:
    lock = wait_for_lock(book.folder / ".known_hosts.lock")
    try:
        path = book.known_hosts
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        _write(path, [*lines, f"{name} {key.get_name()} {key.get_base64()}"])
    finally:
        if lock is not None:
            lock.release()


def _write(path: Path, lines: list[str]) -> None:
    write_atomic(path, "".join(f"{line}\n" for line in lines).encode())
    path.chmod(0o600)
