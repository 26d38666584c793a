"""The user's folder of wheels, sent along by content for a host without internet."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.errors import UserError
from engine.executors.ssh.pace import Sent
from engine.executors.ssh.packs import OutgoingFile
from engine.executors.ssh.upload import TreeEntry, build_tree, send_files

if TYPE_CHECKING:
    from engine.executors.ssh.agent_link import AgentLink

SUFFIXES: Final = (".whl", ".tar.gz", ".zip")


def wheels_in(folder: str) -> list[Path]:
    """List what pip can install from a folder.

    Raises:
        UserError: `wheels_missing` when it is not there, or holds nothing of the kind.
    """
    place = Path(folder).expanduser()
    found = sorted(path for path in place.glob("*") if path.name.endswith(SUFFIXES) and path.is_file())
    if found:
        return found
    why = "holds no wheels" if place.is_dir() else "is not there"
    raise UserError(
        "wheels_missing",
        f"The folder of wheels {place} {why}.",
        "Fill one with `lensmith hosts wheels NAME FOLDER`, then name it: lensmith hosts edit NAME --wheels FOLDER",
    )


def send_wheels(
    link: AgentLink, folder: str, progress: Callable[[Sent], None], cancelled: Callable[[], bool]
) -> str:
    """Bring a folder of wheels to the host, each file once; gives its place there, below Lensmith's folder.

    Raises:
        UserError: `wheels_missing`.
        RemoteError: what the host has against it.
    """
    files = [_outgoing(path) for path in wheels_in(folder)]
    entries = [TreeEntry(file.source.name, file.sha256, file.size) for file in files]
    listed = "\n".join(f"{entry.path} {entry.sha256}" for entry in entries)
    place = f"wheels/{hashlib.sha256(listed.encode()).hexdigest()[:16]}"
    send_files(link, files, progress=progress, cancelled=cancelled)
    if not cancelled():
        build_tree(link, place, entries)
    return place


def _outgoing(path: Path) -> OutgoingFile:
    with path.open("rb") as file:
        return OutgoingFile(path, hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)
