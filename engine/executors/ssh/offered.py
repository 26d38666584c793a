"""What a host offers for download, looked at with suspicion: names that stay inside, sizes and counts within limits."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, cast

from engine.errors import RemoteError
from engine.executors.ssh.under_way import answer_invalid

if TYPE_CHECKING:
    from engine.executors.ssh.agent_link import AgentLink

LISTED_S = 900.0
"""A host may have to hash very large files on a slow disk."""
LONGEST_NAME = 200
LONGEST_PATH = 1000
_LONGEST_ROW = 6 * LONGEST_PATH + 200
"""As JSON, in which a letter may take six."""
_SHA = re.compile(r"[0-9a-f]{64}\Z")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\]")
"""A name must not steer a terminal, nor be a path on another system."""
_UNSAFE_ON_WINDOWS = re.compile(r'.*[:*?"<>|]|.*[ .]\Z|(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)', re.IGNORECASE)
"""There these mean a drive, a stream, a device, or another name."""


@dataclass(frozen=True, slots=True)
class Limits:
    """More than this is not taken from a host in one go."""

    files: int = 50_000
    total_bytes: int = 1 << 40


@dataclass(frozen=True, slots=True)
class Offer:
    """One file on the host."""

    name: str
    """Below the folder that was asked for, with forward slashes."""
    size: int
    mtime_ns: int
    sha256: str
    """Empty when hashes were not asked for."""


def offers_of(
    link: AgentLink, path: str, *, wants: Callable[[str], bool], limits: Limits, hashes: bool
) -> list[Offer]:
    """List the files of a folder on the host. Names that begin with a dot are drafts and are left out.

    Raises:
        RemoteError: `host_answer_unsafe` for a name or an amount that is not taken, `host_answer_invalid`.
    """
    payload = link.ask("list", path=path, hashes=hashes, timeout_s=LISTED_S).payload
    if len(payload) > limits.files * _LONGEST_ROW:  # read, it would take many times that in memory
        raise _unsafe(link, f"a list of {len(payload) / 1e6:.0f} MB, which is more than is taken at once")
    try:
        rows: object = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise answer_invalid(link) from error
    if not isinstance(rows, list):
        raise answer_invalid(link)
    offers = [_offer(link, row, hashes) for row in cast("list[object]", rows)]
    offers = [offer for offer in offers if not _is_draft(offer.name) and wants(offer.name)]
    _require_bounds(link, offers, limits)
    return offers


def _offer(link: AgentLink, row: object, hashes: bool) -> Offer:
    match row:
        case [str(name), int(size), int(mtime_ns), str(sha)] if 0 <= size < 1 << 62:
            if _SHA.match(sha) if hashes else True:
                _require_safe(link, name)
                return Offer(name, size, mtime_ns, sha)
            raise answer_invalid(link)
        case _:
            raise answer_invalid(link)


def _require_safe(link: AgentLink, name: str) -> None:
    parts = name.split("/")
    safe = len(_encoded(name)) <= LONGEST_PATH and all(map(_is_safe, parts))
    if not safe:
        raise _unsafe(link, f"a file named {name[:80]!r}, which this machine could not keep in its folder")


def _is_safe(part: str) -> bool:
    if part in ("", ".", "..") or _UNSAFE.search(part):
        return False
    if os.name == "nt" and _UNSAFE_ON_WINDOWS.match(part):
        return False
    return 0 < len(_encoded(part)) <= LONGEST_NAME


def _encoded(text: str) -> bytes:
    """Nothing for half a character, which no disk takes."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return b""


def _is_draft(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _require_bounds(link: AgentLink, offers: Sequence[Offer], limits: Limits) -> None:
    names = {offer.name for offer in offers}
    folders = {parent.as_posix() for name in names for parent in PurePosixPath(name).parents}
    if len(names) != len(offers) or names & folders:
        raise answer_invalid(link)
    total = sum(offer.size for offer in offers)
    if len(offers) > limits.files or total > limits.total_bytes:
        raise _unsafe(
            link, f"{len(offers)} files of {total / 1e9:.1f} GB, which is more than is taken at once"
        )


def _unsafe(link: AgentLink, what: str) -> RemoteError:
    return RemoteError(
        "host_answer_unsafe",
        f"{link.host.name} offers {what}. Nothing of it was taken.",
        "Look at that folder on the host: something else than Lensmith has written to it.",
    )
