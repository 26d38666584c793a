"""Folders brought from a host: only what differs, verified, taken up after a cut; a checkpoint appears whole."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import RemoteError, UserError
from engine.executors.ssh.arrival import SUFFIX, Arrival, is_here
from engine.executors.ssh.offered import Limits, Offer, offers_of
from engine.executors.ssh.pace import Pace, Sent
from engine.executors.ssh.under_way import UnderWay, answer_invalid
from engine.protocol.checkpoint import META_NAME
from engine.protocol.disk import disk_full, write_error
from engine.protocol.operating_system import free_disk_bytes, replace_file, sync_folder, wait_for_lock

if TYPE_CHECKING:
    from engine.executors.ssh.agent_link import AgentLink, Answer

STRETCH = 1 << 20
"""Bytes asked for at once."""
MOST_UNDER_WAY = 12
_ATTEMPTS = 3
_BUSY_S = 3600.0


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """What of a folder is fetched.

    Attributes:
        wants: by name below the folder.
        limits: more is not taken.
        cancelled: asked several times a second; what has arrived stays for the next time.
    """

    wants: Callable[[str], bool] = lambda _: True
    limits: Limits = field(default_factory=Limits)
    cancelled: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a call of `fetch_folder` did."""

    files: int = 0
    """That the folder has on the host, of those wanted."""
    fetched_files: int = 0
    fetched_bytes: int = 0
    seconds: float = 0.0
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class _Stretch:
    """One request: so many bytes of an arrival."""

    arrival: Arrival
    offset: int
    length: int
    is_last: bool


class _ChangedMeanwhile(Exception):
    """A file on the host is another than it was when it was listed."""


def fetch_folder(
    link: AgentLink,
    remote_path: str,
    local_path: Path,
    options: FetchOptions | None = None,
    progress: Callable[[Sent], None] = lambda _: None,
) -> Fetched:
    """Bring a folder's files here; those that are the same already are left alone, others of this side too.

    A folder with a meta.json is a checkpoint: it is put together beside its place and takes its name whole.

    Args:
        link: to an agent that does nothing else meanwhile.
        remote_path: below Lensmith's folder on the host.
        local_path: the folder here; made when it is not there.
        options: what of it.
        progress: told a few times a second, from the calling thread.

    Raises:
        UserError: `disk_full` and its like for this disk.
        RemoteError: `host_unreachable`, `host_answer_unsafe`, `host_answer_invalid`, `host_files_change`.
    """
    options = options or FetchOptions()
    began = time.monotonic()
    lock = wait_for_lock(local_path.with_name(f".{local_path.name}.fetch-lock"), _BUSY_S)
    if lock is None:
        raise UserError(
            "fetch_busy",
            f"Another process has been fetching {local_path} for more than an hour.",
            "Wait until it is done, or end it, then try again.",
        )
    try:
        fetch = _Fetch(link, remote_path, options, progress)
        for _ in range(_ATTEMPTS):
            try:
                files = fetch.bring(local_path)
            except _ChangedMeanwhile:
                continue
            seconds = time.monotonic() - began
            return Fetched(files, fetch.files, fetch.bytes, seconds, fetch.is_cancelled)
    except OSError as error:
        raise write_error(error, local_path) from error
    finally:
        lock.release()
    raise RemoteError(
        "host_files_change",
        f"The files of {remote_path} on {link.host.name} change while they are read.",
        "Wait until the run there has written them, then try again.",
    )


class _Fetch:
    """One folder on its way."""

    def __init__(
        self, link: AgentLink, remote_path: str, options: FetchOptions, progress: Callable[[Sent], None]
    ) -> None:
        self.files = 0
        self.bytes = 0
        self.is_cancelled = False
        self._link = link
        self._remote = remote_path
        self._options = options
        self._progress = progress

    def bring(self, local: Path) -> int:
        """Bring what differs; give how many files the folder has."""
        offers = self._list(hashes=False)
        if not all(is_here(local / offer.name, offer) for offer in offers):
            offers = self._list(hashes=True)
        lacking = [offer for offer in offers if not is_here(local / offer.name, offer)]
        if lacking and any(offer.name == META_NAME for offer in offers):
            self._bring_whole(offers, local)
        else:
            self._bring_files(offers, lacking, local)
        return len(offers)

    def _list(self, *, hashes: bool) -> list[Offer]:
        options = self._options
        return offers_of(self._link, self._remote, wants=options.wants, limits=options.limits, hashes=hashes)

    def _bring_whole(self, offers: list[Offer], local: Path) -> None:
        """Put a checkpoint together under the name of a draft, as a worker here would, so that its kill is mended."""
        draft = local.with_name(f".draft-{local.name}")
        _clear(draft, {offer.name for offer in offers})
        lacking: list[Offer] = []
        for offer in sorted(offers, key=lambda offer: offer.name == META_NAME):
            if is_here(draft / offer.name, offer):
                continue
            if is_here(local / offer.name, offer) and offer.name != META_NAME:
                _link_or_copy(local / offer.name, _place(self._link, draft, offer.name))
            else:
                lacking.append(offer)
        self._bring_files(offers, lacking, draft)
        if not self.is_cancelled:
            _publish(draft, local)

    def _bring_files(self, offers: list[Offer], lacking: list[Offer], folder: Path) -> None:
        total = sum(offer.size for offer in offers)
        left = sum(offer.size for offer in lacking)
        folder.mkdir(parents=True, exist_ok=True)
        if left > free_disk_bytes(folder):
            raise disk_full(folder)
        pace = Pace(total - left, total, self._progress)
        pace.look(at_once=True)
        with ExitStack() as opened:
            under_way: UnderWay[_Stretch] = UnderWay(self._link, pace.look)
            for stretch in self._stretches(lacking, folder, opened, pace):
                if self._options.cancelled():
                    self.is_cancelled = True
                    break
                path = f"{self._remote}/{stretch.arrival.offer.name}"
                future = self._link.post("read", path=path, offset=stretch.offset, limit=stretch.length)
                under_way.add(future, stretch)
                self._take(under_way, MOST_UNDER_WAY, pace)
            self._take(under_way, 0, pace)
        pace.look(at_once=True)
        if lacking and not self.is_cancelled:
            _clear_arrivals(folder, lacking)

    def _stretches(
        self, lacking: list[Offer], folder: Path, opened: ExitStack, pace: Pace
    ) -> Iterator[_Stretch]:
        for offer in lacking:
            arrival = opened.enter_context(Arrival(offer, _place(self._link, folder, offer.name)))
            pace.count_as_here(arrival.start)
            at = arrival.start
            while True:  # also an empty file is asked for once
                length = min(STRETCH, offer.size - at)
                yield _Stretch(arrival, at, length, at + length == offer.size)
                at += length
                if at == offer.size:
                    break

    def _take(self, under_way: UnderWay[_Stretch], allowed: int, pace: Pace) -> None:
        for answer, stretch in under_way.settle(allowed):
            self._write(answer, stretch)
            pace.add(stretch.length)

    def _write(self, answer: Answer, stretch: _Stretch) -> None:
        if len(answer.payload) > stretch.length:
            raise answer_invalid(self._link)
        if answer.data.get("there") is not True or len(answer.payload) != stretch.length:
            raise _ChangedMeanwhile
        stretch.arrival.add(answer.payload)
        self.bytes += stretch.length
        if stretch.is_last:
            if not stretch.arrival.finish():
                raise _ChangedMeanwhile
            self.files += 1


def _place(link: AgentLink, folder: Path, name: str) -> Path:
    """Make the folders above a file, none of which may be a link: it could lead anywhere."""
    place = folder
    place.mkdir(parents=True, exist_ok=True)
    for part in name.split("/")[:-1]:
        place = place / part
        if place.is_symlink():
            raise UserError(
                "folder_is_link",
                f"{place} is a link, so nothing of {link.host.name} is written through it.",
                "Remove the link or put a folder in its place, then try again.",
            )
        place.mkdir(exist_ok=True)
    return place / name.rpartition("/")[2]


def _clear(draft: Path, names: set[str]) -> None:
    """Remove from an earlier draft what the checkpoint has no more. Files still arriving are looked at by content."""
    for path in sorted(draft.rglob("*")) if draft.is_dir() and not draft.is_symlink() else []:
        is_file = path.is_symlink() or path.is_file()
        if is_file and path.suffix != SUFFIX and path.relative_to(draft).as_posix() not in names:
            path.unlink()


def _clear_arrivals(folder: Path, offers: list[Offer]) -> None:
    """Remove what is left of files that were replaced on the host while they were on their way."""
    for place in {(folder / offer.name).parent for offer in offers}:
        for left in place.glob(f".*{SUFFIX}"):
            left.unlink(missing_ok=True)


def _link_or_copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _publish(draft: Path, target: Path) -> None:
    """Give a draft its name; see `engine.checkpoints.recovery`, which mends what a kill leaves in between."""
    old = target.with_name(f".old-{target.name}")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        replace_file(target, old)
    replace_file(draft, target)
    sync_folder(target.parent)
    shutil.rmtree(old, ignore_errors=True)
