"""What lies in a folder on a host, by names that are safe to use here."""

from __future__ import annotations

import json
from typing import cast

from engine.executors.ssh.agent_link import AgentLink

HASHED_S = 600.0
"""A host may have to read many GB."""


def listing(link: AgentLink, path: str, *, hashes: bool = False) -> list[tuple[str, int, str]]:
    """Names below the folder, sizes in bytes, and sha256 (hex, empty unless asked for).

    What has not the form of a listing, or leads out of the folder, is passed over.

    Raises:
        RemoteError: the host cannot be asked.
    """
    answer = link.ask("list", path=path, hashes=hashes, timeout_s=HASHED_S if hashes else 60.0)
    try:
        rows: object = json.loads(answer.payload)
    except ValueError:
        return []
    found: list[tuple[str, int, str]] = []
    for row in cast("list[object]", rows) if isinstance(rows, list) else []:
        match row:
            case [str(name), int(size), int(), str(sha)] if _is_below(name):
                found.append((name, size, sha))
            case _:
                continue
    return found


def sizes(link: AgentLink, path: str) -> dict[str, int]:
    """Sizes by name."""
    return {name: size for name, size, _ in listing(link, path)}


def _is_below(name: str) -> bool:
    return not name.startswith("/") and "\\" not in name and ".." not in name.split("/")
