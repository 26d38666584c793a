"""Files sent to a host by content: only what it lacks, many requests under way at once, taken up where it was cut."""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, cast

from engine.errors import RemoteError, UserError
from engine.executors.ssh.pace import Pace, Sent
from engine.executors.ssh.packs import OutgoingFile, Pack, Rest, in_background
from engine.executors.ssh.under_way import UnderWay, answer_invalid

if TYPE_CHECKING:
    from engine.executors.ssh.agent_link import AgentLink

MOST_ASKED = 50_000
MOST_UNDER_WAY = 4
ASKED_S = 120.0
"""A host may have to look for very many files on a slow disk."""
BUILT_S = 900.0
"""And may have to copy them, where its file system takes no hard links."""
_ATTEMPTS = 3
_LONGEST_ROW = 128
_SEND_ANEW = ("transfer_damaged", "transfer_gap")


@dataclass(frozen=True, slots=True)
class SentSummary:
    """What a call of `send_files` did."""

    total_bytes: int
    """Of all files, each content counted once."""
    sent_bytes: int = 0
    """Of those, what the host lacked and has now."""
    line_bytes: int = 0
    """The same as it went over the line: compressed where that paid."""
    seconds: float = 0.0
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file of a folder on the host."""

    path: str
    """Below the folder, with forward slashes."""
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class BuiltTree:
    """A folder on the host.

    Attributes:
        reused: it was there already.
        copied: files that take room a second time, since the host's file system takes no hard links.
    """

    reused: bool
    copied: int


def send_files(
    link: AgentLink,
    files: Sequence[OutgoingFile],
    *,
    progress: Callable[[Sent], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> SentSummary:
    """Bring to the host what it lacks of these files. Unchanged files cost one request.

    After a cut, call it again with a new link: it goes on at the byte where the host's part ends.

    Args:
        link: to an agent that does nothing else meanwhile.
        files: may hold the same content several times.
        progress: told a few times a second, from the calling thread.
        cancelled: asked several times a second; what has arrived stays for the next time.

    Raises:
        UserError: `dataset_changed` naming the file.
        RemoteError: `host_unreachable`, `host_disk_full` and whatever else the host has against it.
    """
    began = time.monotonic()
    sent = line = 0
    for attempt in range(1, _ATTEMPTS + 1):
        distinct = {file.sha256: file for file in files}
        total = sum(file.size for file in distinct.values())
        rests = missing(link, files)
        lacking = sum(rest.file.size - rest.offset for rest in rests)
        sending = _Sending(link, Pace(total - lacking, total, progress), cancelled)
        sending.pace.look(at_once=True)
        try:
            finished = sending.send(rests)
        except RemoteError as error:
            if error.code not in _SEND_ANEW or attempt == _ATTEMPTS:
                raise
            continue
        finally:
            sent, line = sent + sending.sent, line + sending.line
        sending.pace.look(at_once=True)
        return SentSummary(total, sent, line, time.monotonic() - began, cancelled=not finished)
    raise AssertionError("the last attempt has returned or raised")


def bytes_missing(link: AgentLink, files: Sequence[OutgoingFile]) -> int:
    """Bytes that the host still lacks of these files, before any compression."""
    return sum(rest.file.size - rest.offset for rest in missing(link, files))


def missing(link: AgentLink, files: Sequence[OutgoingFile]) -> list[Rest]:
    """What the host still lacks, in the order of the files; each content once.

    Raises:
        RemoteError: `host_answer_invalid`, `host_unreachable`.
    """
    distinct = {file.sha256: file for file in files}
    rests: list[Rest] = []
    waiting = iter(distinct.values())
    while group := list(islice(waiting, MOST_ASKED)):
        asked = zlib.compress(json.dumps([[file.sha256, file.size] for file in group]).encode(), 1)
        answer = link.ask("missing", asked, timeout_s=ASKED_S, encoding="zlib")
        rests += _rests(link, answer.payload, {file.sha256: file for file in group})
    return rests


def build_tree(link: AgentLink, path: str, entries: Iterable[TreeEntry], *, own: bool = False) -> BuiltTree:
    """Make a folder on the host, of files that it has; its name appears when it is complete.

    Args:
        link: to the host's agent.
        path: of the folder, below Lensmith's folder there; names the content, as a manifest's version does.
        entries: its files.
        own: they may be changed there, so that they are copies of what is kept.

    Raises:
        RemoteError: `object_missing` when a file has not been sent, `path_refused`, `host_disk_full`.
    """
    listing = _listing(entries)
    answer = link.ask(
        "tree", zlib.compress(listing, 1), timeout_s=BUILT_S, path=path, own=own, encoding="zlib"
    )
    data = answer.data
    return BuiltTree(bool(data.get("reused")), _number(data.get("copied")))


def has_tree(link: AgentLink, path: str, entries: Iterable[TreeEntry]) -> bool:
    """Whether that folder is there with all its files, so that nothing needs to be sent at all: a short question."""
    listing = hashlib.sha256(_listing(entries)).hexdigest()
    return link.ask("has_tree", timeout_s=ASKED_S, path=path, listing=listing).data.get("there") is True


class _Cancelled(Exception):
    """The caller does not want it any more."""


class _Sending:
    """One way through the packs."""

    def __init__(self, link: AgentLink, pace: Pace, cancelled: Callable[[], bool]) -> None:
        self.pace = pace
        self.sent = 0
        self.line = 0
        self._link = link
        self._cancelled = cancelled
        self._under_way: UnderWay[Pack] = UnderWay(link, self._look)

    def send(self, rests: list[Rest]) -> bool:
        """Say whether everything was sent, and not cancelled. What is under way then still arrives."""
        try:
            for rest in rests:
                if rest.offset:
                    self._catch_up(rest)
            self._send(rests)
            return True
        except _Cancelled:
            return False
        except UserError as error:
            if error.code == "dataset_changed":  # its beginning may have been sent
                with suppress(_Cancelled):
                    self._settle(0)
                self._link.ask("discard", timeout_s=ASKED_S, sha256=error.details["sha256"])
            raise

    def _send(self, rests: list[Rest]) -> None:
        with closing(in_background(rests, self.pace.line, self._look)) as packs:
            for pack in packs:
                self._look()
                more: dict[str, object] = {"pieces": pack.pieces, "encoding": pack.encoding}
                if pack.crc32 is not None:
                    more["crc32"] = pack.crc32
                self._under_way.add(self._link.post("pack", pack.payload, **more), pack)
                pack.release()
                self._settle(MOST_UNDER_WAY)
        self._settle(0)

    def _look(self) -> None:
        self.pace.look()
        if self._cancelled():
            raise _Cancelled

    def _settle(self, allowed: int) -> None:
        for _, pack in self._under_way.settle(allowed):
            self.sent += pack.size
            self.line += pack.line_size
            self.pace.add(pack.size, pack.line_size)

    def _catch_up(self, rest: Rest) -> None:
        while True:
            answer = self._link.ask("catch_up", timeout_s=ASKED_S, sha256=rest.file.sha256)
            if _number(answer.data.get("hashed")) >= _number(answer.data.get("size")):
                return
            self._look()


def _rests(link: AgentLink, payload: bytes, asked: dict[str, OutgoingFile]) -> list[Rest]:
    """Read the host's answer; it can only name what was asked after, and no more bytes than there are."""
    there: dict[str, int] = {}
    if len(payload) > _LONGEST_ROW * (len(asked) + 1):
        raise answer_invalid(link)
    try:
        rows: object = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise answer_invalid(link) from error
    for row in cast("list[object]", rows) if isinstance(rows, list) else [rows]:
        match row:
            case [str(sha), int(offset)] if sha in asked and 0 <= offset <= asked[sha].size:
                there[sha] = offset
            case _:
                raise answer_invalid(link)
    return [Rest(file, there[sha]) for sha, file in asked.items() if sha in there]


def _listing(entries: Iterable[TreeEntry]) -> bytes:
    rows = sorted((entry.path, entry.sha256, entry.size) for entry in entries)
    return json.dumps(rows, separators=(",", ":")).encode()


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
