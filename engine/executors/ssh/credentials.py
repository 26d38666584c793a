"""Passphrases of keys: in the system's keyring, else in the memory of this user's keeper; never on disk or in argv."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final, Literal

from engine.errors import UserError
from engine.executors.ssh.secret_keeper import LONGEST_LINE, ask_keeper
from engine.protocol.home import Home
from engine.protocol.interpreter import child_environment
from engine.protocol.operating_system import Launch, spawn_detached

SERVICE: Final = "lensmith"
IDLE_S: Final = 12 * 3600.0
"""A keeper that nobody asks for this long forgets everything and ends."""
STARTS_WITHIN_S: Final = 20.0
_LONGEST_SOCKET_PATH: Final = 100
_offered: dict[str, str] = {}
_offered_lock = threading.Lock()

Kept = Literal["keyring", "memory"]


class Secrets:
    """The passphrases of this user's hosts, by the host's name.

    Args:
        home: the user's folder; each has a keeper of its own.
        idle_s: when the keeper gives up.
    """

    def __init__(self, home: Home, idle_s: float = IDLE_S) -> None:
        self._home = home
        self._idle_s = idle_s

    def get(self, host: str) -> str | None:
        """Give the passphrase of a host: one offered to this process, the keyring's, or the keeper's."""
        with _offered_lock:
            if host in _offered:
                return _offered[host]
        found = _ask_keyring(host)
        if found is not None:
            return found
        answer = ask_keeper(self.socket_path, {"verb": "give", "name": _entry(host)})
        return None if answer is None else answer.get("secret")

    def offer(self, host: str, secret: str) -> None:
        """Let this process alone use a passphrase, until it ends or withdraws it: to try it out before it is kept."""
        with _offered_lock:
            _offered[host] = secret

    def withdraw(self, host: str) -> None:
        with _offered_lock:
            _offered.pop(host, None)

    def keep(self, host: str, secret: str) -> Kept:
        """Keep a passphrase for the processes to come, and say where.

        Raises:
            UserError: `passphrase_not_kept` when there is neither a keyring nor a keeper.
        """
        if len(secret) > LONGEST_LINE // 8:
            raise UserError(
                "passphrase_too_long",
                f"The passphrase has {len(secret)} characters, which is more than can be kept.",
                "Give the key a shorter passphrase with `ssh-keygen -p`.",
            )
        if _tell_keyring(host, secret):
            return "keyring"
        self._start_keeper()
        if ask_keeper(self.socket_path, {"verb": "keep", "name": _entry(host), "secret": secret}) is None:
            raise UserError(
                "passphrase_not_kept",
                "This system has no keyring, and the process that keeps passphrases in memory did not start.",
                "Install a keyring (Secret Service), or let ssh-agent hold the key: `ssh-add PATH`.",
            )
        return "memory"

    def forget(self, host: str) -> None:
        """Forget a host's passphrase wherever it is."""
        self.withdraw(host)
        _drop_from_keyring(host)
        ask_keeper(self.socket_path, {"verb": "drop", "name": _entry(host)})

    @property
    def socket_path(self) -> Path:
        """Where the keeper of this user's folder listens; the folder it lies in is this user's alone."""
        mark = hashlib.sha256(str(self._home.path).encode()).hexdigest()[:12]
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        if runtime and Path(runtime).is_dir():
            return Path(runtime) / f"lensmith-{mark}.sock"
        beside = self._home.path / "hosts" / "keeper.sock"
        if len(str(beside)) < _LONGEST_SOCKET_PATH or sys.platform == "win32":
            return beside
        return Path(tempfile.gettempdir()) / f"lensmith-{os.getuid()}" / f"{mark}.sock"

    def _start_keeper(self) -> None:
        path = self.socket_path
        if sys.platform == "win32" or ask_keeper(path, {}) is not None:
            return
        _require_own_folder(path.parent)
        module = "engine.executors.ssh.secret_keeper"
        command = [sys.executable, "-P", "-m", module, str(path), str(self._idle_s)]
        spawn_detached(Launch(command, self._home.ensure().path, child_environment(), Path(os.devnull)))
        deadline = time.monotonic() + STARTS_WITHIN_S
        while ask_keeper(path, {}) is None and time.monotonic() < deadline:
            time.sleep(0.05)


def _entry(host: str) -> str:
    return f"ssh:{host}"


def _require_own_folder(folder: Path) -> None:
    """Make the folder of the socket, readable by this user alone.

    Raises:
        UserError: `passphrase_not_kept` when it is another user's.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if sys.platform != "win32" and folder.lstat().st_uid != os.getuid():
        raise UserError(
            "passphrase_not_kept",
            f"The folder {folder} belongs to another user, so no passphrase is kept there.",
            "Set XDG_RUNTIME_DIR to a folder of your own, or let ssh-agent hold the key: `ssh-add PATH`.",
        )


def _has_keyring() -> bool:
    """Say whether the system has a keyring that keeps secrets secret."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return False
    try:
        backend = keyring.get_keyring()
        is_usable = float(backend.priority) > 0
    except (KeyringError, RuntimeError, OSError):
        return False
    # Those keep secrets in plain files, or in files that ask for a password of their own.
    is_plain = type(backend).__module__.startswith("keyrings.alt")
    return is_usable and not is_plain


def _ask_keyring(host: str) -> str | None:
    if not _has_keyring():
        return None
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, _entry(host))
    except (KeyringError, RuntimeError, OSError):
        return None


def _tell_keyring(host: str, secret: str) -> bool:
    if not _has_keyring():
        return False
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, _entry(host), secret)
    except (KeyringError, RuntimeError, OSError):
        return False  # locked, or refused by the user: memory it is
    return True


def _drop_from_keyring(host: str) -> None:
    if not _has_keyring():
        return
    import keyring
    from keyring.errors import KeyringError

    with contextlib.suppress(KeyringError, RuntimeError, OSError):  # it held none
        keyring.delete_password(SERVICE, _entry(host))
