"""One SSH connection to a host: known by its key, logged in, with an agent at the other end."""

from __future__ import annotations

import logging
import shlex
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import paramiko
from paramiko.ssh_exception import NoValidConnectionsError

from engine.errors import RemoteError
from engine.executors.ssh import host_keys
from engine.executors.ssh.agent_archive import agent_archive
from engine.executors.ssh.agent_link import AgentLink
from engine.executors.ssh.agent_start import START_SCRIPT, read_start
from engine.protocol.home import Home
from engine.protocol.hosts import HostBook, HostRecord

CONNECT_S = 10.0
LOGIN_S = 20.0
CHANNEL_S = 10.0
KEEPALIVE_S = 15
WINDOW_BYTES = 16 << 20
PACKET_BYTES = 1 << 15
FAST_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
"""Encryption and authentication in one step of the processor; paramiko's own choice is about a third slower."""

logging.getLogger("paramiko").setLevel(logging.WARNING)


class Connection:
    """A connection that `open` makes and `close` ends.

    Args:
        host: where to, and as whom.
        home: whose known keys hold.
        accept: fingerprint that the user has accepted for a host that is not known yet.
        passphrase: gives the passphrase of the key when it is asked for; None looks nowhere.
    """

    def __init__(
        self,
        host: HostRecord,
        home: Home,
        *,
        accept: str = "",
        passphrase: Callable[[], str | None] | None = None,
    ) -> None:
        self.host = host
        self._book = HostBook(home)
        self._accept = accept
        self._passphrase = passphrase or (lambda: None)
        self._client: paramiko.SSHClient | None = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether the connection was not seen to end; a frozen host is only found out by asking it something."""
        transport = self._client.get_transport() if self._client is not None else None
        return transport is not None and transport.is_active()

    def open(self) -> None:
        """Connect, check the host's key, log in.

        Raises:
            RemoteError: `host_unreachable`, `host_key_unknown`, `host_key_changed`, `host_login_refused`,
                `host_passphrase_needed`, `host_passphrase_wrong`, `host_key_file_missing`.
        """
        self.close()
        client = paramiko.SSHClient()
        host_keys.load_known(client, self._book)
        client.set_missing_host_key_policy(host_keys.AskFirst(self.host, self._book, self._accept))
        try:
            key = self._key()
            client.connect(
                self.host.host,
                port=self.host.port,
                username=self.host.user or None,
                pkey=key,
                passphrase=self._passphrase() if key is None else None,
                allow_agent=key is None,
                look_for_keys=key is None,
                timeout=CONNECT_S,
                banner_timeout=CONNECT_S,
                auth_timeout=LOGIN_S,
                channel_timeout=CHANNEL_S,
                transport_factory=cast("Any", _fast_transport),
            )
        except BaseException as error:
            client.close()
            raise self._told(error) from error
        transport = client.get_transport()
        if transport is not None:
            transport.set_keepalive(KEEPALIVE_S)
        self._client = client

    def start_agent(self) -> AgentLink:
        """Start an agent on a channel of its own; it is brought there first where it is not yet.

        Raises:
            RemoteError: `host_unreachable`, `host_without_python`, `host_not_writable`, `host_shell_failed`.
        """
        channel = self._channel()
        archive = agent_archive()
        words = [self.host.folder, archive.sha256[:16], str(len(archive.content)), self.host.python]
        command = "sh -c " + " ".join(map(shlex.quote, [START_SCRIPT, "lensmith", *words]))
        try:
            channel.settimeout(CHANNEL_S)
            channel.exec_command(command)
            rest = read_start(channel, self.host, archive.content)
        except (paramiko.SSHException, OSError, EOFError) as error:
            channel.close()
            raise unreachable(self.host, error) from error
        except RemoteError:
            channel.close()
            raise
        return AgentLink(channel, self.host, rest)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _channel(self) -> paramiko.Channel:
        transport = self._client.get_transport() if self._client is not None else None
        if transport is None:
            raise unreachable(self.host, None)
        try:
            return transport.open_session(WINDOW_BYTES, PACKET_BYTES, timeout=CHANNEL_S)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise unreachable(self.host, error) from error

    def _key(self) -> paramiko.PKey | None:
        """The key of the record, read with its passphrase; None leaves it to the agent and the usual files."""
        if not self.host.key_file:
            return None
        path = Path(self.host.key_file).expanduser()
        if not path.is_file():
            raise RemoteError(
                "host_key_file_missing",
                f"The key {path} for {self.host.name} is not there.",
                f"Name the right file with `lensmith hosts edit {self.host.name} --key FILE`.",
            )
        try:
            return paramiko.PKey.from_path(path)
        except (paramiko.PasswordRequiredException, TypeError) as error:
            secret = self._passphrase()
            if secret is None:
                raise paramiko.PasswordRequiredException(str(path)) from error
        except Exception as error:
            raise self._no_key(path) from error
        try:
            return paramiko.PKey.from_path(
                path, cast("Any", secret.encode())
            )  # what the library takes is bytes
        except Exception as error:  # each type of key fails in its own way on a wrong passphrase
            raise _wrong_passphrase(self.host) from error

    def _no_key(self, path: Path) -> RemoteError:
        return RemoteError(
            "host_key_file_invalid",
            f"{path} is not a private key that can be read.",
            "Name the private key, not the one that ends in .pub; old DSA keys are not supported any more.",
        )

    def _told(self, error: BaseException) -> BaseException:  # one fault a line
        host = self.host
        if isinstance(error, RemoteError):
            return error
        if isinstance(error, paramiko.BadHostKeyException):
            return host_keys.changed(host, error)
        if isinstance(error, paramiko.PasswordRequiredException):
            return RemoteError(
                "host_passphrase_needed",
                f"The key for {host.name} is protected by a passphrase.",
                f"Give it once with `lensmith hosts unlock {host.name}`, or add the key to ssh-agent.",
                {"host": host.name, "key": host.key_file},
            )
        if isinstance(error, paramiko.AuthenticationException):
            who = host.user or "your user"
            return RemoteError(
                "host_login_refused",
                f"{host.host} lets {who} not in with this key.",
                f"Put your public key there with `ssh-copy-id`, or name user and key: "
                f"lensmith hosts edit {host.name} --user USER --key FILE",
            )
        if isinstance(error, (paramiko.SSHException, OSError, EOFError)):
            return unreachable(host, error)
        return error


def unreachable(host: HostRecord, error: BaseException | None) -> RemoteError:
    """The way to the host is cut, or nobody answers there."""
    where = f"{host.host}, port {host.port}"
    if isinstance(error, socket.gaierror):
        why, hint = (
            "no machine of this name is known",
            "Check the address, and that you are in the right network.",
        )
    elif isinstance(error, TimeoutError):
        why, hint = "it does not answer", "Check that it is on and that a VPN, if it needs one, is connected."
    elif isinstance(error, (ConnectionRefusedError, NoValidConnectionsError)):
        why, hint = "no SSH server listens there", "Check the port, and that the SSH server runs there."
    else:
        why = (
            f"the connection broke ({error})" if error is not None and str(error) else "the connection broke"
        )
        hint = "Check the network. What runs there goes on; nothing is lost."
    return RemoteError("host_unreachable", f"{host.name} ({where}) cannot be reached: {why}.", hint)


def _wrong_passphrase(host: HostRecord) -> RemoteError:
    return RemoteError(
        "host_passphrase_wrong",
        f"The passphrase does not open the key for {host.name}.",
        f"Give it again with `lensmith hosts unlock {host.name}`.",
        {"host": host.name, "key": host.key_file},
    )


def _fast_transport(sock: socket.socket, **settings: Any) -> paramiko.Transport:
    transport = paramiko.Transport(sock, **settings)
    options = transport.get_security_options()
    known = tuple(options.ciphers)
    first = tuple(cipher for cipher in FAST_CIPHERS if cipher in known)
    options.ciphers = (*first, *(cipher for cipher in known if cipher not in first))
    return transport
