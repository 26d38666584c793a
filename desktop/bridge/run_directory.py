"""All runs as the store knows them, kept true by what the socket tells and, in case a runner was killed, by a timer."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.bridge.background import Background
from desktop.bridge.live_feed import LiveFeed
from engine.errors import UserError
from engine.protocol.events import BestImproved, Event, Progress, RunEnded, StateChanged
from engine.protocol.home import Home
from engine.store.database import Store
from engine.store.queue import QueueRow
from engine.store.runs import RunRow

POLL_VARIABLE = "LENSMITH_STORE_POLL"
"""`0` turns the timer off, to see that the socket alone keeps the window true."""
_POLL_MS = 2_000
_SOON_MS = 150
_LATER_MS = 1_200
"""A second look after a change: the runner writes into the store a moment after it told."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the store said at one moment."""

    rows: list[RunRow] = field(default_factory=list[RunRow])
    queue: list[QueueRow] = field(default_factory=list[QueueRow])
    leases: dict[str, str] = field(default_factory=dict[str, str])
    is_held: bool = False
    """The queue starts nothing new."""


class RunDirectory(QObject):
    """The list of runs, the queue and the devices."""

    changed = Signal()
    """Some row, the queue or a lease is another."""
    run_changed = Signal(str)
    """This run's row is another."""
    ended = Signal(str, str)
    """A run that was seen at work has come to an end: its id, its state."""
    failed = Signal(object)
    """A UserError: the store cannot be read."""

    def __init__(self, home: Home, background: Background, feed: LiveFeed) -> None:
        super().__init__()
        self._home = home
        self._background = background
        self._now = Snapshot()
        self._by_run: dict[str, RunRow] = {}
        self._is_reading = False
        self._is_asked_again = False
        self._is_closed = False
        self.is_loaded = False
        self._trouble = ""
        self._soon = _timer(self, _SOON_MS)
        self._later = _timer(self, _LATER_MS)
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self.refresh)
        if os.environ.get(POLL_VARIABLE) != "0":
            self._poll.start()
        feed.received.connect(self._hear)
        feed.connected.connect(self._meet)

    def rows(self) -> list[RunRow]:
        """All runs that are not in the trash, newest first."""
        return self._now.rows

    def row(self, run: str) -> RunRow | None:
        return self._by_run.get(run)

    def queue(self) -> list[QueueRow]:
        """Who waits, next first."""
        return self._now.queue

    def leases(self) -> dict[str, str]:
        """Device by run."""
        return self._now.leases

    @property
    def is_queue_held(self) -> bool:
        return self._now.is_held

    def refresh(self) -> None:
        """Read the store in the background; asked again meanwhile, it reads once more after."""
        if self._is_closed:
            return
        if self._is_reading:
            self._is_asked_again = True
            return
        self._is_reading = True
        self._background.run(_read, self._home, then=self._take, failed=self._complain, owner=self)

    def refresh_soon(self) -> None:
        """Read the store in a moment, and once more a little later."""
        self._soon.start()
        self._later.start()

    def close(self) -> None:
        """Look no more: the window closes. What a task that ends after this asks for is not looked up."""
        self._is_closed = True
        for timer in (self._soon, self._later, self._poll):
            timer.stop()

    def _meet(self, run: str) -> None:
        if run not in self._by_run:
            self.refresh_soon()

    def _hear(self, run: str, attempt: int, _source: str, event: Event) -> None:
        row = self._by_run.get(run)
        if row is None:
            if not self._soon.isActive():
                self.refresh_soon()
            return
        match event:
            case Progress():
                self._update(
                    replace(
                        row,
                        epoch=event.epoch,
                        epochs=event.epochs,
                        step=event.step,
                        steps_total=event.steps_total,
                        eta_s=event.eta_s,
                        images_per_s=event.images_per_s,
                    )
                )
            case BestImproved():
                best = replace(row, best_metric=event.metric, best_value=event.value, best_epoch=event.epoch)
                self._update(best)
            case StateChanged() | RunEnded():
                if attempt >= row.attempt:
                    self._update(replace(row, state=event.state, attempt=attempt))
                self.refresh_soon()
            case _:
                return

    def _update(self, row: RunRow) -> None:
        before = self._by_run.get(row.run)
        if before == row:
            return
        self._by_run[row.run] = row
        rows = [row if other.run == row.run else other for other in self._now.rows]
        self._now = replace(self._now, rows=rows)
        self.run_changed.emit(row.run)
        if before is not None:
            self._tell_end(before, row)

    def _take(self, snapshot: Snapshot) -> None:
        self._is_reading = False
        is_first = not self.is_loaded
        self.is_loaded = True
        self._trouble = ""
        before, self._now = self._now, snapshot
        known, self._by_run = self._by_run, {row.run: row for row in snapshot.rows}
        changed = [run for run, row in self._by_run.items() if known.get(run) != row]
        changed += [run for run in known if run not in self._by_run]
        for run in changed:
            self.run_changed.emit(run)
            now, then = self._by_run.get(run), known.get(run)
            if now is not None and then is not None:
                self._tell_end(then, now)
        if is_first or before != snapshot or changed:  # an empty store is news too, once
            self.changed.emit()
        if self._is_asked_again:
            self._is_asked_again = False
            self.refresh()

    def _tell_end(self, before: RunRow, now: RunRow) -> None:
        ends = ("completed", "stopped", "failed", "cancelled", "lost", "paused")
        if before.state != now.state and now.state in ends and before.state not in ends:
            self.ended.emit(now.run, now.state)

    def _complain(self, error: Exception) -> None:
        self._is_reading = False
        told = error if isinstance(error, UserError) else UserError("bug", f"{type(error).__name__}: {error}")
        if str(told) != self._trouble:  # once, not every two seconds
            self._trouble = str(told)
            self.failed.emit(told)


def _timer(owner: RunDirectory, milliseconds: int) -> QTimer:
    made = QTimer(owner)
    made.setSingleShot(True)
    made.setInterval(milliseconds)
    made.timeout.connect(owner.refresh)
    return made


def _read(home: Home) -> Snapshot:
    if not home.store_path.exists():
        return Snapshot()
    with Store.open(home.store_path) as store:
        return Snapshot(store.runs(), store.queue(), store.leases(), store.is_queue_paused())
