"""Connecting to a host from the command line: on a terminal what is missing is asked, elsewhere it ends with a code."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.config.features import require_feature
from engine.errors import RemoteError, UserError
from engine.protocol.hosts import HostRecord
from engine.verbs.reply import Session

if TYPE_CHECKING:
    from engine.executors.ssh.connection import Connection


def connection_to(session: Session, host: HostRecord, accept: str = "") -> Connection:
    """Make a connection, not yet open, that finds its passphrase where it is kept."""
    from engine.executors.ssh.connection import Connection
    from engine.executors.ssh.credentials import Secrets

    secrets = Secrets(session.home)
    return Connection(host, session.home, accept=accept, passphrase=lambda: secrets.get(host.name))


@contextmanager
def connected(
    session: Session, host: HostRecord, arguments: argparse.Namespace, *, keeps: bool = True
) -> Generator[Connection]:
    """Give an open connection; a passphrase that was given now is kept once the host has let us in.

    Where it is kept stands in `arguments.passphrase_kept` then.

    Args:
        session: asks on its terminal.
        host: where to.
        arguments: of the verb; `accept_fingerprint` and `passphrase_stdin` where it has them.
        keeps: whether a new passphrase is kept.

    Raises:
        RemoteError: why the host is not reached.
    """
    require_feature("ssh")
    from engine.executors.ssh.credentials import Secrets

    secrets = Secrets(session.home.ensure())
    given: str | None = None
    if getattr(arguments, "passphrase_stdin", False) and keeps:
        given = take_passphrase(session, host, arguments)
        secrets.offer(host.name, given)
    accept: str = getattr(arguments, "accept_fingerprint", "")
    while True:
        connection = connection_to(session, host, accept)
        try:
            connection.open()
            break
        except RemoteError as error:
            if not may_ask(session):
                raise
            if error.code == "host_key_unknown" and not accept:
                accept = _ask_for_key(error)
            elif error.code == "host_passphrase_needed":
                given = getpass.getpass(f"Passphrase of the key for {host.name}: ")
                secrets.offer(host.name, given)
            else:
                raise
    with connection:
        if given is not None:
            arguments.passphrase_kept = secrets.keep(host.name, given)
        yield connection


def take_passphrase(session: Session, host: HostRecord, arguments: argparse.Namespace) -> str:
    """Read a passphrase: one line of standard input, or typed unseen on a terminal.

    Raises:
        UserError: `passphrase_missing`.
    """
    if arguments.passphrase_stdin:
        secret = sys.stdin.readline().rstrip("\r\n")
    elif may_ask(session):
        secret = getpass.getpass(f"Passphrase of the key for {host.name}: ")
    else:
        secret = ""
    if secret:
        return secret
    raise UserError(
        "passphrase_missing",
        "No passphrase was given.",
        "Type it on a terminal, or give it on standard input with --passphrase-stdin.",
    )


def _ask_for_key(error: RemoteError) -> str:
    """Show the fingerprint, and give it back when the user accepts it.

    Raises:
        RemoteError: the same, when he does not.
    """
    sys.stderr.write(f"{error.message}\nCompare it with what the machine's owner says. Accept it? [yes/no] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() in ("yes", "y"):
        return error.details["fingerprint"]
    raise error


def may_ask(session: Session) -> bool:
    """Whether a person sits at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not session.as_json
