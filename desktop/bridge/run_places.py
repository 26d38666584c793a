"""Which machine each run is on, read from its folder and the queue; and whether that machine is in reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.bridge.background import Background
from desktop.bridge.live_feed import LiveFeed
from desktop.bridge.place_history import attempt_place, last_words
from desktop.bridge.run_directory import RunDirectory
from engine.errors import UserError
from engine.protocol.events import Contact, Event
from engine.protocol.home import Home
from engine.protocol.hosts import LOCAL, place_name
from engine.protocol.job import ACTIVE_STATES
from engine.protocol.run_folder import RunFolder
from engine.store.runs import RunRow

_Key = tuple[int, str]
"""Attempt, and the device that it waits for."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A run that is to be looked up."""

    run: str
    attempt: int
    key: _Key
    is_active: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """What its folder says."""

    run: str
    key: _Key
    place: str
    contact: Contact | None


class RunPlaces(QObject):
    """A run is where its newest attempt is; one whose folder is gone counts as here."""

    changed = Signal(str)
    """The run is on another machine, or its machine was lost from sight or is seen again."""

    def __init__(self, home: Home, background: Background, runs: RunDirectory, feed: LiveFeed) -> None:
        super().__init__()
        self._home = home
        self._background = background
        self._runs = runs
        self._keys: dict[str, _Key] = {}
        self._is_closed = False
        self._places: dict[str, str] = {}
        self._contacts: dict[str, Contact] = {}
        self._asked: set[str] = set()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._look_at_asked)
        runs.changed.connect(self._look)
        runs.run_changed.connect(self._look_at)
        feed.received.connect(self._hear)

    def place(self, run: str) -> str:
        """Give `local`, or `ssh:NAME`."""
        return self._places.get(run, LOCAL)

    def places(self) -> dict[str, str]:
        """Give the machine of every run that is not here, or was looked up."""
        return dict(self._places)

    def out_of_reach(self) -> dict[str, Contact]:
        """Give the last contact of every run whose machine is out of reach."""
        return {run: contact for run, contact in self._contacts.items() if not contact.reachable}

    def lost_contact(self, run: str) -> Contact | None:
        """Give the last contact with the machine of a run at work, if it is out of reach; None when it is not."""
        contact = self._contacts.get(run)
        return contact if contact is not None and not contact.reachable else None

    def _look(self) -> None:
        self._look_up(self._runs.rows())

    def _look_at(self, run: str) -> None:
        """Of thousands that change at once, as at the start, one task is made."""
        self._asked.add(run)
        self._soon.start()

    def _look_at_asked(self) -> None:
        rows = [self._runs.row(run) for run in self._asked]
        self._asked.clear()
        self._look_up([row for row in rows if row is not None])

    def close(self) -> None:
        """Look no more: the window closes."""
        self._soon.stop()
        self._is_closed = True

    def _look_up(self, rows: Sequence[RunRow]) -> None:
        waiting = {item.run: item.resource or "" for item in self._runs.queue()}
        wanted: list[_Wanted] = []
        for row in rows:
            key = (row.attempt, waiting.get(row.run, ""))
            if self._keys.get(row.run) != key:
                self._keys[row.run] = key
                wanted.append(_Wanted(row.run, row.attempt, key, row.state in (*ACTIVE_STATES, "lost")))
        if wanted and not self._is_closed:
            self._background.run(_read, self._home, wanted, then=self._take, owner=self)

    def _take(self, found: list[_Found]) -> None:
        for one in found:
            if self._keys.get(one.run) != one.key:
                continue  # it has gone on meanwhile
            before = (self.place(one.run), self.lost_contact(one.run))
            self._places[one.run] = one.place
            known = self._contacts.get(one.run)
            if one.contact is not None and (known is None or known.time <= one.contact.time):
                self._contacts[one.run] = one.contact
            elif one.contact is None and known is not None and not place_name(one.place):
                del self._contacts[one.run]
            if before != (self.place(one.run), self.lost_contact(one.run)):
                self.changed.emit(one.run)

    def _hear(self, run: str, _attempt: int, _source: str, event: Event) -> None:
        if isinstance(event, Contact):
            self._contacts[run] = event
            self.changed.emit(run)


def _read(home: Home, wanted: Sequence[_Wanted]) -> list[_Found]:
    found: list[_Found] = []
    for one in wanted:
        attempt = RunFolder(home.runs / one.run).attempt(one.attempt)
        try:
            place = attempt_place(attempt)
        except UserError:
            place = LOCAL
        contact = last_words(attempt)[0] if one.is_active and place_name(place) else None
        found.append(_Found(one.run, one.key, place, contact))
    return found
