"""Bring home a checkpoint that was left on the machine where it was made."""

from __future__ import annotations

from collections.abc import Callable

from engine.errors import UserError
from engine.protocol.checkpoint import is_whole, list_checkpoints
from engine.protocol.events import Event
from engine.protocol.home import Home
from engine.protocol.hosts import HostBook, place_name
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store


def fetch_checkpoints(
    run: str, home: Home, name: str | None = None, tell: Callable[[Event], None] = lambda _: None
) -> list[str]:
    """Copy a checkpoint, or all that are not here yet, and give their names.

    Args:
        run: id, unique prefix or name.
        home: the user's folder.
        name: of the checkpoint; None takes all.
        tell: hears of the transfer.

    Raises:
        UserError: `checkpoint_unknown`, `run_was_never_elsewhere`, `host_unknown`. RemoteError.
    """
    with Store.open(home.store_path) as store:
        folder = RunFolder(home.runs / store.run(run).run)
    known = dict(list_checkpoints(folder.checkpoints))
    lacking = [found for found, meta in known.items() if not is_whole(folder.checkpoints / found, meta)]
    if name is not None and name in known and name not in lacking:
        return []
    wanted = [name] if name is not None else lacking
    for missing in wanted:
        _fetch(folder, home, missing, tell)
    return wanted


def host_of(folder: RunFolder, attempt: int | None = None) -> str | None:
    """The host on which an attempt ran, by default the newest one that ran on any; None for this machine alone."""
    for found in reversed(folder.attempts()):
        host = place_name(found.spec().placement.executor)
        if (host and attempt is None) or found.number == attempt:
            return host or None
    return None


def _fetch(folder: RunFolder, home: Home, name: str, tell: Callable[[Event], None]) -> None:
    known = dict(list_checkpoints(folder.checkpoints))
    host = host_of(folder, known[name].attempt if name in known else None)
    if host is None:
        raise UserError(
            "run_was_never_elsewhere",
            f"Run {folder.run} has no checkpoint {name!r}, and no other machine to fetch it from.",
            f"See `lensmith runs checkpoints {folder.run}`.",
        )
    # Here and not above: its library is loaded only where it is needed.
    from engine.executors.ssh.contact import Contact
    from engine.executors.ssh.homecoming import fetch_checkpoint

    contact = Contact(HostBook(home).get(host), home)
    try:
        fetch_checkpoint(contact, folder, name, tell)
    finally:
        contact.close()
