"""What a worker on a host produces comes home: as it appears, in a thread, and the rest when the worker has ended."""

from __future__ import annotations

import contextlib
import queue
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import RemoteError, UserError
from engine.executors.ssh.agent_link import AgentLink
from engine.executors.ssh.contact import Contact
from engine.executors.ssh.download import fetch_folder
from engine.executors.ssh.listing import sizes
from engine.executors.ssh.mirror import FOLLOWED, run_folder_on_host
from engine.executors.ssh.pace import Sent
from engine.protocol.checkpoint import META_NAME
from engine.protocol.events import (
    CheckpointRemoved,
    CheckpointSaved,
    Event,
    ResultWritten,
    Transfer,
    parse_event,
)
from engine.protocol.moving import INTENT
from engine.protocol.run_folder import RunFolder

PRODUCED = ("results", "exports", "artifacts", "profile")
CHECKPOINTS = "checkpoints"
AGAIN_AFTER_S = 2.0
_NAME = re.compile(r"[\w][\w.-]{0,99}\Z")


@dataclass(frozen=True, slots=True)
class _Errand:
    """One folder to be brought home."""

    run: RunFolder
    folder: str
    """Relative to the run's folder: `checkpoints/best`."""


class Homecoming:
    """Brings home the products of runs on one host.

    Args:
        contact: to the host.
        tell: hears of transfers, in the thread that calls `report` and `collect`.
    """

    def __init__(self, contact: Contact, tell: Callable[[Event], None]) -> None:
        self._contact = contact
        self._tell = tell
        self._policy = contact.host.bring_home
        self._errands: queue.Queue[_Errand | None] = queue.Queue()
        self._waiting: set[_Errand] = set()
        self._said: queue.Queue[Transfer] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def hear(self, run: RunFolder, lines: bytes) -> None:
        """Take note of what new events name."""
        for event in map(parse_event, lines.splitlines()):
            if isinstance(event, CheckpointSaved) and _is_plain(event.name):
                self._send_for(_Errand(run, f"{CHECKPOINTS}/{event.name}"))
            elif isinstance(event, ResultWritten) and _is_plain(event.folder):
                self._send_for(_Errand(run, f"results/{event.folder}"))
            elif isinstance(event, CheckpointRemoved) and _is_plain(event.name):
                shutil.rmtree(run.checkpoints / event.name, ignore_errors=True)

    def report(self) -> None:
        """Tell what the thread has to say."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._tell(self._said.get_nowait())

    def collect(self, run: RunFolder, attempt: int) -> None:
        """Bring home all that the policy asks for, and what tells how the attempt ended.

        Raises:
            RemoteError: the host cannot be reached. UserError, OSError: this disk is full.
        """
        self._end_thread()
        self.report()
        link = self._contact.own_link()
        try:
            there = sizes(link, run_folder_on_host(run))
            for name in _files_of_attempt(there, attempt):
                self._fetch_file(link, run, name)
            if _is_discarded(run, attempt):
                return
            for folder in _products(there):
                _bring(link, _Errand(run, folder), self._tell)
            for name in _checkpoints(there):
                errand = _Errand(run, f"{CHECKPOINTS}/{name}")
                if self._policy == "on_demand" and not _moves(run):
                    self._fetch_file(link, run, f"{errand.folder}/{META_NAME}")
                else:
                    _bring(link, errand, self._tell)
        finally:
            link.close()

    def is_all_here(self, run: RunFolder) -> bool:
        """Whether every file the run has produced there is here too, by name and size.

        Raises:
            RemoteError: the host cannot be asked.
        """
        there = sizes(self._contact.link(), run_folder_on_host(run))
        produced = [
            pair
            for pair in there.items()
            if pair[0].startswith(tuple(f"{part}/" for part in (*PRODUCED, CHECKPOINTS)))
        ]
        return all(_size(run.path / name) == size for name, size in produced)

    def close(self) -> None:
        self._end_thread()

    def _send_for(self, errand: _Errand) -> None:
        if self._policy != "as_they_appear" or errand in self._waiting or self._closed.is_set():
            return
        self._waiting.add(errand)
        self._errands.put(errand)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run_errands, name="homecoming", daemon=True)
            self._thread.start()

    def _run_errands(self) -> None:
        link: AgentLink | None = None
        while (errand := self._errands.get()) is not None and not self._closed.is_set():
            self._waiting.discard(errand)  # saved again meanwhile, it is fetched again
            try:
                link = link if link is not None and link.is_open else self._contact.second_link()
                _bring(link, errand, self._said.put)
            except (UserError, OSError):
                # Out of reach, replaced meanwhile, or no room here: `collect` brings it, or says why not.
                time.sleep(0 if self._closed.is_set() else AGAIN_AFTER_S)
        if link is not None:
            link.close()

    def _end_thread(self) -> None:
        self._closed.set()
        self._errands.put(None)
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _fetch_file(self, link: AgentLink, run: RunFolder, name: str) -> None:
        """Bring one small file."""
        answer = link.ask("read", path=f"{run_folder_on_host(run)}/{name}")
        if answer.data.get("there") is True:
            target = run.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(answer.payload)


def fetch_checkpoint(contact: Contact, run: RunFolder, name: str, tell: Callable[[Event], None]) -> None:
    """Bring one checkpoint home that was left on the host.

    Raises:
        RemoteError: the host cannot be reached, or has it no more.
    """
    link = contact.own_link()
    try:
        there = sizes(link, f"{run_folder_on_host(run)}/{CHECKPOINTS}/{name}")
        if not there:
            raise RemoteError(
                "checkpoint_unknown",
                f"{contact.host.name} has no checkpoint {name!r} of run {run.run}.",
                "See those there are with `lensmith runs checkpoints RUN`.",
            )
        _bring(link, _Errand(run, f"{CHECKPOINTS}/{name}"), tell)
    finally:
        link.close()


def _bring(link: AgentLink, errand: _Errand, tell: Callable[[Transfer], None]) -> None:
    what = "checkpoint" if errand.folder.startswith(f"{CHECKPOINTS}/") else "results"

    def progress(sent: Sent) -> None:
        tell(sent.as_event(link.host.name, "home", what))

    remote = f"{run_folder_on_host(errand.run)}/{errand.folder}"
    target = errand.run.path / errand.folder
    if not fetch_folder(link, remote, target, progress=progress).files:
        with contextlib.suppress(OSError):
            target.rmdir()  # pruned there before it came home


def _files_of_attempt(there: dict[str, int], attempt: int) -> Iterable[str]:
    prefix = f"attempts/{attempt:04d}/"
    wanted = [name for name in there if name.startswith(prefix) and name.count("/") == 2]
    own = ("attempt.json", "pid.json", "supervision.jsonl", *FOLLOWED)
    yield from (name for name in wanted if not name[len(prefix) :].startswith((".", *own)))
    yield from (name for name in ("resolved.json",) if name in there)


def _products(there: dict[str, int]) -> list[str]:
    """Folders of results one by one, so that each appears whole."""
    found: set[str] = set()
    for name in there:
        top, _, rest = name.partition("/")
        if top in PRODUCED and rest:
            found.add(f"{top}/{rest.split('/')[0]}" if "/" in rest else top)
    return sorted(found)


def _checkpoints(there: dict[str, int]) -> list[str]:
    names = [name.split("/") for name in there if name.startswith(f"{CHECKPOINTS}/")]
    return sorted(
        {part[1] for part in names if len(part) > 2 and part[2] == META_NAME and _is_plain(part[1])}
    )


def _is_plain(name: str) -> bool:
    return _NAME.match(name) is not None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _is_discarded(run: RunFolder, attempt: int) -> bool:
    record = run.attempt(attempt).exit_record()
    return record is not None and record.state == "cancelled"


def _moves(run: RunFolder) -> bool:
    return (run.path / INTENT).exists()
