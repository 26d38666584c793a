"""Follow a worker's events from wherever they are written, line by line, into everything that listens."""

from __future__ import annotations

from engine.errors import RemoteError
from engine.executors.executor import Executor
from engine.protocol.events import MAX_LINE_BYTES, CommandDone, Event, RunEnded, parse_event
from engine.protocol.job import HERE
from engine.protocol.run_folder import RunFolder
from engine.runner.listeners import Listeners

CHUNK_LINES = 2000


class Follower:
    """Reads one attempt's events.jsonl through the executor; incomplete last lines wait for their end."""

    def __init__(self, executor: Executor, folder: RunFolder, attempt: int, listeners: Listeners) -> None:
        self._executor = executor
        self._folder = folder
        self._attempt = attempt
        self._listeners = listeners
        self._offset = 0
        """Where the first line begins that has not been taken in whole."""
        self.ended: RunEnded | None = None
        """The worker's last word, once it has been read."""
        self._holds_back = executor.name not in HERE
        self._held: list[Event] = []
        self.done_commands: set[int] = set()

    def read_new(self) -> int:
        """Take in what is new and say how many events that was; 0 too when the place cannot be asked."""
        try:
            data = self._executor.read(self._folder, self._attempt, "events.jsonl", self._offset)
        except RemoteError:
            return 0
        # Half a line is read again with its rest: a writer that finds the disk full takes it back.
        whole = data.rfind(b"\n") + 1
        if not whole and len(data) > MAX_LINE_BYTES:
            whole = len(data)  # no event is so long; what follows it up to the end of the line is none either
        if not whole:
            return 0
        self._offset += whole
        events = [event for event in map(parse_event, data[:whole].split(b"\n")) if event is not None]
        for event in events:
            self._note(event)
        if self._holds_back and (self._held or any(isinstance(event, RunEnded) for event in events)):
            self._held += events
        else:
            self._take(events)
        return len(events)

    def release(self) -> None:
        """Pass on the last word of a worker elsewhere: all it has made is here, so that the run may go on anywhere."""
        self._take(self._held)
        self._held = []
        self._holds_back = False

    def _take(self, events: list[Event]) -> None:
        for start in range(0, len(events), CHUNK_LINES):
            self._listeners.take(self._attempt, "worker", events[start : start + CHUNK_LINES])

    def _note(self, event: Event) -> None:
        if isinstance(event, RunEnded):
            self.ended = event
        elif isinstance(event, CommandDone):
            self.done_commands.add(event.number)
