"""Who hears a run's events: the store first, then experiment tracking and the desktop's live view."""

from __future__ import annotations

from collections.abc import Sequence

from engine.protocol.events import Event, Source
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.runner.supervision import add_supervision
from engine.runner.tap import Tap
from engine.runner.tracking import Tracker, open_tracker
from engine.store.database import Store


class Listeners:
    """Takes every event of a run once; a second reading of the same file is passed over."""

    def __init__(self, home: Home, folder: RunFolder) -> None:
        self._home = home
        self._folder = folder
        self._store = Store.open(home.store_path)
        self._tap = Tap(home, folder.run)
        self._tracker: Tracker | None = open_tracker(home, folder)

    @property
    def store(self) -> Store:
        return self._store

    def take(self, attempt: int, source: Source, events: Sequence[Event]) -> None:
        """Ingest, then pass on what the store did not know yet."""
        known = self._store.last_seq(self._folder.run, attempt, source)
        self._store.ingest(self._folder.run, attempt, source, events)
        for event in events:
            if self._tracker is not None:
                self._tracker.feed(attempt, source, event)
            if event.seq > known:
                self._tap.send(attempt, source, event)

    def say(self, attempt: int, *events: Event) -> None:
        """Write the runner's own events, then take them in like any other."""
        if events:
            self.take(attempt, "supervision", add_supervision(self._folder.attempt(attempt), *events))

    def tell_trouble(self, attempt: int) -> None:
        """Write what the tracker has had to complain of since the last call."""
        if self._tracker is not None:
            self.say(attempt, *self._tracker.new_notices())

    def close(self) -> None:
        """Let the tracker finish what it has; its trouble becomes a notice."""
        try:
            if self._tracker is not None:
                self._tracker.close()
                self.tell_trouble(self._folder.latest_attempt().number)
        finally:
            self._tap.close()
            self._store.close()
