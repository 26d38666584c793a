"""`lensmith hosts clean` and `remove`: what Lensmith keeps on a host goes, never what is at work or not here."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, cast

from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.hosts import SSH_PREFIX, HostBook, HostRecord
from engine.protocol.job import END_STATES
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store
from engine.verbs.host_connection import connected
from engine.verbs.reply import Reply, Session

if TYPE_CHECKING:
    from engine.executors.ssh.cleaning import Parts


def clean_host(session: Session, arguments: argparse.Namespace) -> Reply:
    from engine.executors.ssh.cleaning import Parts

    parts = Parts(arguments.runs, arguments.data, arguments.environment)
    if parts == Parts():
        raise UserError(
            "clean_nothing",
            "Nothing was named that shall be removed.",
            "Name one or several of --runs, --data and --environment.",
        )
    host = HostBook(session.home).get(arguments.name)
    data = _clean(session, host, arguments, parts)
    return Reply({"host": host.model_dump(), **data}, _removed_text(data))


def _clean(
    session: Session, host: HostRecord, arguments: argparse.Namespace, parts: Parts
) -> dict[str, object]:
    from engine.executors.ssh.cleaning import clean

    with connected(session, host, arguments) as connection:
        cleaned = clean(connection.start_agent(), session.home, parts)
    return {"removed_bytes": cleaned.removed_bytes, "kept": list(cleaned.kept)}


def remove_host(session: Session, arguments: argparse.Namespace) -> Reply:
    """Forget a host and its passphrase. Its key stays known, so that another one is found out if it comes back."""
    from engine.executors.ssh.cleaning import Parts
    from engine.executors.ssh.credentials import Secrets

    book = HostBook(session.home)
    host = book.get(arguments.name)
    runs = _unfinished_on(session.home, host.name)
    if runs:
        raise UserError(
            "host_in_use",
            f"{host.name} still has work to do: {', '.join(runs)}.",
            "Wait until that has ended, stop it, or move it: lensmith runs move RUN --on local",
        )
    data: dict[str, object] = {"removed_bytes": 0, "kept": []}
    if arguments.clean:
        data = _clean(session, host, arguments, Parts(runs=True, data=True, environment=True))
    Secrets(session.home).forget(host.name)
    book.remove(host.name)
    return Reply({"host": host.model_dump(), **data}, f"{host.name} is forgotten. {_removed_text(data)}")


def _removed_text(data: dict[str, object]) -> str:
    removed = cast("int", data["removed_bytes"])
    kept = "".join(f"\nKept: {line}" for line in cast("list[str]", data["kept"]))
    return (f"{removed / 1e6:.1f} MB removed there." if removed or not kept else "") + kept


def _unfinished_on(home: Home, host: str) -> list[str]:
    """Runs that are at work on a host, wait for it, or hold something there that they go on from."""
    if not home.store_path.exists():
        return []
    with Store.open(home.store_path) as store:
        rows = [row.run for row in store.runs() if row.state not in END_STATES - {"lost"}]
    found: list[str] = []
    for run in rows:
        folder = RunFolder(home.runs / run)
        if folder.attempts() and folder.latest_attempt().spec().placement.executor == f"{SSH_PREFIX}{host}":
            found.append(run)
    return found
