"""The worker's voice: events go into a queue in well under 10 µs, and a thread appends them to events.jsonl."""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from pathlib import Path

from engine.errors import UserError
from engine.protocol.disk import write_error
from engine.protocol.events import Event, MetricsLogged, Progress, ResourcesSampled, event_line
from engine.protocol.run_folder import AttemptFolder

_WRITE_EVERY_S = 0.05
_CHEAP = (MetricsLogged, Progress, ResourcesSampled)
"""What is let go first when the disk is full, so that the last words have room."""


class Reporter:
    """Writes the events of one attempt, in the order in which they were emitted. The file's only writer.

    A write that fails (a full disk) is raised by the next `check`, `flush` or, if never asked, kept in `failure`;
    lines that could not be written are tried again, whole, at every later turn.

    Raises:
        UserError: as `check`, when the file cannot even be opened.
    """

    def __init__(self, attempt: AttemptFolder) -> None:
        self._path = attempt.events_path
        try:
            attempt.path.mkdir(parents=True, exist_ok=True)
            self._file = _open_after_last_line(self._path)
            self._seq = _next_seq(self._path)
        except OSError as error:
            raise write_error(error, self._path) from error
        self._events: deque[Event] = deque()
        self._unwritten: list[Event] = []
        self._failure: UserError | None = None
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._write_until_closed, name="reporter", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The file that is written."""
        return self._path

    @property
    def failure(self) -> UserError | None:
        """Why events could not be written, or None."""
        return self._failure

    def emit(self, event: Event) -> None:
        """Hand an event over. Never waits, never raises."""
        self._events.append(event)

    def check(self) -> None:
        """Raise what kept events from being written.

        Raises:
            UserError: `disk_full`, `folder_read_only` or `write_failed`.
        """
        if self._failure is not None:
            raise self._failure

    def flush(self) -> None:
        """Write everything emitted so far, then `check`."""
        self._write_waiting()
        self.check()

    def close(self) -> None:
        """Write the rest and end the thread. Never raises: look at `failure`."""
        if self._closed:
            return
        self._closed = True
        self._wake.set()
        self._thread.join()
        self._write_waiting()
        os.close(self._file)

    def _write_until_closed(self) -> None:
        while not self._closed:
            self._wake.wait(_WRITE_EVERY_S)
            self._write_waiting()

    def _write_waiting(self) -> None:
        with self._turn:
            if not self._events and not self._unwritten:
                return
            waiting = self._unwritten
            while self._events:
                waiting.append(self._events.popleft())
            if self._failure is not None:
                waiting = [event for event in waiting if not isinstance(event, _CHEAP)]
            self._unwritten = waiting
            try:
                self._append(waiting)
            except OSError as error:
                self._failure = write_error(error, self._path)

    def _append(self, events: list[Event]) -> None:
        content = b"".join(event_line(event, self._seq + offset) for offset, event in enumerate(events))
        if not content:
            return
        start = os.lseek(self._file, 0, os.SEEK_END)
        written = 0
        try:
            while written < len(content):
                written += os.write(self._file, content[written:])
        except OSError:
            # Half a line would be glued to the next one; whole ones may have been read already, so they stay.
            whole = content.rfind(b"\n", 0, written) + 1
            os.ftruncate(self._file, start + whole)
            self._took(events, content.count(b"\n", 0, whole))
            raise
        self._took(events, len(events))

    def _took(self, events: list[Event], written: int) -> None:
        self._seq += written
        self._unwritten = events[written:]


def _open_after_last_line(path: Path) -> int:
    """Open for appending; a last line that was cut off is removed."""
    binary = getattr(os, "O_BINARY", 0)
    file = os.open(path, os.O_RDWR | os.O_CREAT | binary, 0o644)
    if path.is_file():
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.ftruncate(file, whole)
    return file


def _next_seq(path: Path) -> int:
    """0 for a new file, else one more than the last line's number."""
    lines = path.read_bytes().splitlines() if path.is_file() else []
    for line in reversed(lines):
        try:
            return int(json.loads(line)["seq"]) + 1
        except (ValueError, KeyError, TypeError):
            continue
    return 0
