"""Watch a run from the command line: its events as they come, until no process works on it any more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from engine.protocol.events import Event, parse_event
from engine.protocol.home import Home
from engine.protocol.job import END_STATES
from engine.protocol.run_folder import RunFolder
from engine.protocol.times import QUEUE_TICK_S
from engine.runner.queue import has_runner, tick
from engine.store.database import Store

POLL_S = 0.1


class EventTail:
    """New complete lines of one events file since the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def new_events(self) -> list[Event]:
        """Read on from the last complete line."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        end = data.rfind(b"\n") + 1
        self._offset += end
        events = (parse_event(line) for line in data[:end].splitlines())
        return [event for event in events if event is not None]


def follow(home: Home, run: str, tails: dict[Path, EventTail] | None = None) -> Iterator[Event]:
    """Yield the events of the newest attempt and of all later ones until the run has ended and its runner is gone.

    Args:
        home: the user's folder.
        run: its id.
        tails: how far each file has been read; kept by a caller that follows the same run again.
    """
    folder = RunFolder(home.runs / run)
    tails = {} if tails is None else tails
    first = folder.latest_attempt().number
    last_tick = time.monotonic()
    while True:
        ended = has_ended(home, run, folder)
        for attempt in (found for found in folder.attempts() if found.number >= first):
            for path in (attempt.supervision_path, attempt.events_path):
                yield from tails.setdefault(path, EventTail(path)).new_events()
        if ended:
            return
        if time.monotonic() - last_tick > QUEUE_TICK_S:
            tick(home)
            last_tick = time.monotonic()
        time.sleep(POLL_S)


def has_ended(home: Home, run: str, folder: RunFolder) -> bool:
    """Say whether the run is in an end state and nobody is about to start it again."""
    with Store.open(home.store_path) as store:
        if store.run(run).state not in END_STATES:
            return False
    return not has_runner(folder)
